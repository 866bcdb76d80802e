"""Functions that bring a derivative of their own."""

from dualtape.autodiff.rules.custom import custom_derivative as custom_derivative
from dualtape.autodiff.rules.custom_levels import Keeping as Keeping
from dualtape.autodiff.rules.custom_levels import apply_rule as apply_rule
from dualtape.autodiff.rules.custom_rules import LinearMap as LinearMap
from dualtape.autodiff.rules.custom_rules import Rule as Rule
from dualtape.autodiff.rules.custom_rules import Tangents as Tangents
from dualtape.autodiff.rules.custom_rules import Values as Values
