"""Levels above the ground: what each does with an operation, and the values that live on it."""

from dualtape.autodiff.levels.algebra import DUAL as DUAL
from dualtape.autodiff.levels.algebra import Index as Index
from dualtape.autodiff.levels.algebra import MultiIndex as MultiIndex
from dualtape.autodiff.levels.algebra import MultiIndices as MultiIndices
from dualtape.autodiff.levels.batch import Batched as Batched
from dualtape.autodiff.levels.batch import BatchLevel as BatchLevel
from dualtape.autodiff.levels.chain import weigh as weigh
from dualtape.autodiff.levels.collapsed import CollapsedLevel as CollapsedLevel
from dualtape.autodiff.levels.collapsed import Curved as Curved
from dualtape.autodiff.levels.collapsed import sum_of_second_derivatives as sum_of_second_derivatives
from dualtape.autodiff.levels.collapsed_jet import CollapsedJetLevel as CollapsedJetLevel
from dualtape.autodiff.levels.jet import Coefficient as Coefficient
from dualtape.autodiff.levels.jet import Jet as Jet
from dualtape.autodiff.levels.jet import JetLevel as JetLevel
from dualtape.autodiff.levels.recorder import Notes as Notes
from dualtape.autodiff.levels.recorder import Recipe as Recipe
from dualtape.autodiff.levels.recorder import plain as plain
from dualtape.autodiff.levels.sparsity import Pattern as Pattern
from dualtape.autodiff.levels.sparsity import pattern_of as pattern_of
from dualtape.autodiff.levels.tape import Tape as Tape
from dualtape.autodiff.levels.tape import Variable as Variable
from dualtape.autodiff.levels.tape_functions import Cotangents as Cotangents
from dualtape.autodiff.levels.tape_functions import record_call as record_call
