"""Transformations of functions, each built on one level: gradients, products, jets, matrices of derivatives, `vmap`."""

from dualtape.autodiff.transforms.batching import vmap as vmap
from dualtape.autodiff.transforms.forward import jvp as jvp
from dualtape.autodiff.transforms.forward import linearize as linearize
from dualtape.autodiff.transforms.given_values import functional as functional
from dualtape.autodiff.transforms.grad_operation import GradOperation as GradOperation
from dualtape.autodiff.transforms.hessians import hessian as hessian
from dualtape.autodiff.transforms.hessians import hvp as hvp
from dualtape.autodiff.transforms.hessians import vhp as vhp
from dualtape.autodiff.transforms.jacobians import jacfwd as jacfwd
from dualtape.autodiff.transforms.jacobians import jacobian as jacobian
from dualtape.autodiff.transforms.jacobians import jacrev as jacrev
from dualtape.autodiff.transforms.orders import require_order as require_order
from dualtape.autodiff.transforms.rematerialisation import checkpoint as checkpoint
from dualtape.autodiff.transforms.request import Weights as Weights
from dualtape.autodiff.transforms.request import require_callable as require_callable
from dualtape.autodiff.transforms.residuals import gauss_newton_product as gauss_newton_product
from dualtape.autodiff.transforms.residuals import residual_jacobian as residual_jacobian
from dualtape.autodiff.transforms.reverse import get_grad as get_grad
from dualtape.autodiff.transforms.reverse import grad as grad
from dualtape.autodiff.transforms.reverse import value_and_grad as value_and_grad
from dualtape.autodiff.transforms.reverse import vjp as vjp
from dualtape.autodiff.transforms.taylor import derivative as derivative
from dualtape.autodiff.transforms.taylor import jet as jet
