"""Physics-informed networks: a problem is a domain, equations and conditions; ``solve`` trains a network for it.

An equation is a plain function of the unknowns and the points. It names the derivatives that it needs, and
exactly those are computed.
"""

from dualtape.pinn.cole_hopf import burgers_exact as burgers_exact
from dualtape.pinn.collocation import RAD as RAD
from dualtape.pinn.collocation import RARD as RARD
from dualtape.pinn.collocation import Fixed as Fixed
from dualtape.pinn.conditions import Condition as Condition
from dualtape.pinn.conditions import boundary as boundary
from dualtape.pinn.conditions import dirichlet as dirichlet
from dualtape.pinn.conditions import initial as initial
from dualtape.pinn.conditions import neumann as neumann
from dualtape.pinn.conditions import observations as observations
from dualtape.pinn.conditions import periodic as periodic
from dualtape.pinn.conditions import robin as robin
from dualtape.pinn.domain import Domain as Domain
from dualtape.pinn.errors import DivergedError as DivergedError
from dualtape.pinn.fields import Field as Field
from dualtape.pinn.fields import Points as Points
from dualtape.pinn.geometry import Interval as Interval
from dualtape.pinn.geometry import Rectangle as Rectangle
from dualtape.pinn.history import History as History
from dualtape.pinn.library import burgers as burgers
from dualtape.pinn.library import heat as heat
from dualtape.pinn.library import poisson as poisson
from dualtape.pinn.library import wave as wave
from dualtape.pinn.problem import Problem as Problem
from dualtape.pinn.sampling import sample_cube as sample_cube
from dualtape.pinn.solution import Solution as Solution
from dualtape.pinn.solver import solve as solve
from dualtape.pinn.stages import LBFGS as LBFGS
from dualtape.pinn.stages import SSBFGS as SSBFGS
from dualtape.pinn.stages import Adam as Adam
from dualtape.pinn.stages import GaussNewton as GaussNewton
from dualtape.pinn.stages import LevenbergMarquardt as LevenbergMarquardt
from dualtape.pinn.stages import SSBroyden as SSBroyden
from dualtape.pinn.stages import TrainingStage as TrainingStage
from dualtape.pinn.stages import default_schedule as default_schedule
from dualtape.pinn.weighting import Causal as Causal
from dualtape.pinn.weighting import GradientNorm as GradientNorm
from dualtape.pinn.weighting import SelfAdaptive as SelfAdaptive
from dualtape.pinn.weighting import TangentKernel as TangentKernel
from dualtape.pinn.weighting import Weighting as Weighting
