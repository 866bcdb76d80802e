"""Linear algebra under NumPy's names, on matrices or stacks of them: ``dt.ops.linalg``.

LAPACK computes on the host, behind NumPy and SciPy: tensors of other devices are copied there and back, inside `jit`
too. Derivatives of every order follow from the equations that the results fulfil.
"""

from dualtape.functions.decompositions import *
from dualtape.functions.linear_algebra import *
from dualtape.functions.linear_systems import *
from dualtape.functions.norms import *
from dualtape.functions.products import *

triangular_solve = solve_triangular
