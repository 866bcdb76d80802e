"""Fourier, cosine and sine transforms under NumPy's and SciPy's names: ``dt.ops.fft``.

SciPy's pocketfft computes on the host: tensors of other devices are copied there and back, inside `jit` too. Transforms
are linear, and their transposes exact, so derivatives of every order are as fast as the transforms.
"""

from dualtape.functions.fourier import *
from dualtape.functions.trigonometric_transforms import *
