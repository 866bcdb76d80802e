"""Random numbers: by keys, as functions of them, and by the stream that `set_seed` starts."""

from dualtape.random.continuous import beta as beta
from dualtape.random.continuous import exponential as exponential
from dualtape.random.continuous import gamma as gamma
from dualtape.random.continuous import normal as normal
from dualtape.random.continuous import truncated_normal as truncated_normal
from dualtape.random.continuous import uniform as uniform
from dualtape.random.discrete import bernoulli as bernoulli
from dualtape.random.discrete import categorical as categorical
from dualtape.random.discrete import choice as choice
from dualtape.random.discrete import permutation as permutation
from dualtape.random.discrete import randint as randint
from dualtape.random.keys import bits as bits
from dualtape.random.keys import fold_in as fold_in
from dualtape.random.keys import key as key
from dualtape.random.keys import split as split
from dualtape.random.stream import generator as generator
from dualtape.random.stream import get_seed as get_seed
from dualtape.random.stream import set_seed as set_seed
