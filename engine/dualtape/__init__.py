"""dualtape: automatic differentiation with jets inside a tape, on OpenCL devices.

``import dualtape as dt`` and differentiate: :func:`grad`, :func:`jvp`, :func:`partials`.
"""

from dualtape import dtypes as dtype
from dualtape.autodiff.forward import jvp as jvp
from dualtape.autodiff.operators import laplacian as laplacian
from dualtape.autodiff.operators import linear_operator as linear_operator
from dualtape.autodiff.operators import partials as partials
from dualtape.autodiff.reverse import get_grad as get_grad
from dualtape.autodiff.reverse import grad as grad
from dualtape.autodiff.reverse import value_and_grad as value_and_grad
from dualtape.autodiff.reverse import vjp as vjp
from dualtape.tensor import Tensor as Tensor
