"""Derivatives of fields: which are asked for, which streams are cheapest, and the sweep that gives them."""

from dualtape.autodiff.fields.operators import bilaplacian as bilaplacian
from dualtape.autodiff.fields.operators import explain_derivatives as explain_derivatives
from dualtape.autodiff.fields.operators import laplacian as laplacian
from dualtape.autodiff.fields.operators import linear_operator as linear_operator
from dualtape.autodiff.fields.operators import partials as partials
from dualtape.autodiff.fields.vector_calculus import curl as curl
from dualtape.autodiff.fields.vector_calculus import divergence as divergence
