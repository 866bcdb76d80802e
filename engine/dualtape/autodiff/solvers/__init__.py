"""Solutions of equations, differentiated as what they are."""

from dualtape.autodiff.solvers.implicit import fixed_point as fixed_point
from dualtape.autodiff.solvers.implicit import root as root
