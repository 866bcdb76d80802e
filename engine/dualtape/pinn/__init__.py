"""Physics-informed networks: a problem is a domain, equations and conditions; ``solve`` trains a network for it.

An equation is a plain function of the unknowns and the points. It names the derivatives that it needs, and
exactly those are computed.
"""

from dualtape.pinn.cole_hopf import burgers_exact as burgers_exact
from dualtape.pinn.conditions import Condition as Condition
from dualtape.pinn.conditions import boundary as boundary
from dualtape.pinn.conditions import dirichlet as dirichlet
from dualtape.pinn.conditions import initial as initial
from dualtape.pinn.conditions import neumann as neumann
from dualtape.pinn.conditions import periodic as periodic
from dualtape.pinn.conditions import robin as robin
from dualtape.pinn.domains import Ball as Ball
from dualtape.pinn.domains import Cylinder as Cylinder
from dualtape.pinn.domains import Disk as Disk
from dualtape.pinn.domains import Domain as Domain
from dualtape.pinn.domains import Ellipse as Ellipse
from dualtape.pinn.domains import Faceted as Faceted
from dualtape.pinn.domains import Interval as Interval
from dualtape.pinn.domains import MissingPackageError as MissingPackageError
from dualtape.pinn.domains import PointCloud as PointCloud
from dualtape.pinn.domains import Polygon as Polygon
from dualtape.pinn.domains import Polyline as Polyline
from dualtape.pinn.domains import Rectangle as Rectangle
from dualtape.pinn.domains import Shell as Shell
from dualtape.pinn.domains import Time as Time
from dualtape.pinn.domains import Triangle as Triangle
from dualtape.pinn.domains import from_mesh as from_mesh
from dualtape.pinn.domains import from_shapely as from_shapely
from dualtape.pinn.domains import from_surface as from_surface
from dualtape.pinn.errors import DivergedError as DivergedError
from dualtape.pinn.fields import Field as Field
from dualtape.pinn.fields import Points as Points
from dualtape.pinn.history import History as History
from dualtape.pinn.inside import at as at
from dualtape.pinn.inside import inside as inside
from dualtape.pinn.inside import integral as integral
from dualtape.pinn.interfaces import interface as interface
from dualtape.pinn.library import burgers as burgers
from dualtape.pinn.library import heat as heat
from dualtape.pinn.library import poisson as poisson
from dualtape.pinn.library import wave as wave
from dualtape.pinn.loading import load as load
from dualtape.pinn.networks import SIREN as SIREN
from dualtape.pinn.networks import FourierMLP as FourierMLP
from dualtape.pinn.networks import GatedMLP as GatedMLP
from dualtape.pinn.networks import MultiScaleMLP as MultiScaleMLP
from dualtape.pinn.networks import Networks as Networks
from dualtape.pinn.networks import ResidualMLP as ResidualMLP
from dualtape.pinn.observations import observations as observations
from dualtape.pinn.problem import Problem as Problem
from dualtape.pinn.quantities import Quantity as Quantity
from dualtape.pinn.quantities import Vector as Vector
from dualtape.pinn.sampling import sample_cube as sample_cube
from dualtape.pinn.solution import Solution as Solution
from dualtape.pinn.solver import solve as solve
