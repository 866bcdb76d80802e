"""Levels above the ground: what each does with an operation, and the values that live on it."""

from dualtape.autodiff.levels.algebra import DUAL as DUAL
from dualtape.autodiff.levels.algebra import Index as Index
from dualtape.autodiff.levels.algebra import MultiIndex as MultiIndex
from dualtape.autodiff.levels.algebra import MultiIndices as MultiIndices
from dualtape.autodiff.levels.batch import Batched as Batched
from dualtape.autodiff.levels.batch import BatchLevel as BatchLevel
from dualtape.autodiff.levels.chain import apply_partial as apply_partial
from dualtape.autodiff.levels.collapsed_jet import CollapsedJetLevel as CollapsedJetLevel
from dualtape.autodiff.levels.jet import Coefficient as Coefficient
from dualtape.autodiff.levels.jet import JetLevel as JetLevel
from dualtape.autodiff.levels.laplacian import LaplacianLevel as LaplacianLevel
from dualtape.autodiff.levels.laplacian import LaplacianValue as LaplacianValue
from dualtape.autodiff.levels.laplacian import sum_of_second_derivatives as sum_of_second_derivatives
from dualtape.autodiff.levels.parts import PartsLevel as PartsLevel
from dualtape.autodiff.levels.parts import Present as Present
from dualtape.autodiff.levels.recorder import Recorder as Recorder
from dualtape.autodiff.levels.recorder import Recording as Recording
from dualtape.autodiff.levels.rule import DerivativeRule as DerivativeRule
from dualtape.autodiff.levels.rule import LinearMap as LinearMap
from dualtape.autodiff.levels.rule import Tangents as Tangents
from dualtape.autodiff.levels.sparsity import Pattern as Pattern
from dualtape.autodiff.levels.sparsity import pattern_of as pattern_of
from dualtape.autodiff.levels.tape import Tape as Tape
from dualtape.autodiff.levels.tape import Variable as Variable
from dualtape.autodiff.levels.value import LevelValue as LevelValue
from dualtape.autodiff.levels.value import new_value as new_value
