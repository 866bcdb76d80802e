"""Tools to test derivatives: finite differences, a check of every mode, ulps, and hypothesis strategies.

The strategies are in :mod:`dualtape.testing.strategies`, which needs the optional package hypothesis. The pytest plugin
is installed with the package, as `pytest_dualtape`.
"""

from dualtape.testing.checks import check_derivatives as check_derivatives
from dualtape.testing.chosen import ChosenDerivative as ChosenDerivative
from dualtape.testing.chosen import chosen_derivatives as chosen_derivatives
from dualtape.testing.code import as_code as as_code
from dualtape.testing.numeric import Estimate as Estimate
from dualtape.testing.numeric import finite_differences as finite_differences
from dualtape.testing.operands import PrimitiveCall as PrimitiveCall
from dualtape.testing.ulp import assert_close_in_ulp as assert_close_in_ulp
