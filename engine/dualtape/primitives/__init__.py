"""The catalogue: every operation with all its rules in one place.

Importing this package declares them all; :data:`CATALOGUE` maps names to primitives.
"""

from dualtape.core.primitive import CATALOGUE as CATALOGUE
from dualtape.primitives import arithmetic as arithmetic
from dualtape.primitives import arrival as arrival
from dualtape.primitives import bessel as bessel
from dualtape.primitives import beta as beta
from dualtape.primitives import broadcasting as broadcasting
from dualtape.primitives import comparison as comparison
from dualtape.primitives import complex_functions as complex_functions
from dualtape.primitives import complex_parts as complex_parts
from dualtape.primitives import contraction as contraction
from dualtape.primitives import determinants as determinants
from dualtape.primitives import elementary as elementary
from dualtape.primitives import entropy as entropy
from dualtape.primitives import error_functions as error_functions
from dualtape.primitives import exponential as exponential
from dualtape.primitives import factorization as factorization
from dualtape.primitives import fourier as fourier
from dualtape.primitives import gathering as gathering
from dualtape.primitives import hypergeometric as hypergeometric
from dualtape.primitives import incomplete as incomplete
from dualtape.primitives import least_squares as least_squares
from dualtape.primitives import linear_systems as linear_systems
from dualtape.primitives import movement as movement
from dualtape.primitives import ordering as ordering
from dualtape.primitives import philox as philox
from dualtape.primitives import power as power
from dualtape.primitives import quantiles as quantiles
from dualtape.primitives import reduction as reduction
from dualtape.primitives import rounding as rounding
from dualtape.primitives import segments as segments
from dualtape.primitives import selection as selection
from dualtape.primitives import special as special
from dualtape.primitives import trigonometric as trigonometric
