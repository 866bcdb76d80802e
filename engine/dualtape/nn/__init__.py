"""Networks: cells, layers, losses and training steps, under MindSpore's names.

What a module lists in its ``__all__`` is public here.
"""

from dualtape.cell import *
from dualtape.nn.activation import *
from dualtape.nn.container import *
from dualtape.nn.dense import *
from dualtape.nn.loss import *
from dualtape.nn.training import *
from dualtape.optim.adam import *
from dualtape.optim.adaptive import *
from dualtape.optim.momentum import *
from dualtape.optim.optimizer import *
from dualtape.optim.schedule import *
