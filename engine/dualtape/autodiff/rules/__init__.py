"""Functions that bring a derivative of their own."""

from dualtape.autodiff.rules.custom import custom_derivative as custom_derivative
