"""Special functions under SciPy's names: ``dt.ops.special``."""

from dualtape.functions.special import *
