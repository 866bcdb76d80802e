"""What the functions are called in NumPy, SciPy, JAX and PyTorch, for the table in `docs/functions.md`.

NumPy and SciPy are asked; the names of JAX and PyTorch, which are not installed here, are written down.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import scipy.fft
import scipy.linalg
import scipy.special

from dualtape.numpy_calls import _RENAMED

_JAX = {
    "jnp": """
        abs absolute acos acosh add all amax amin angle any arange argmax argmin argsort asin asinh atan atan2
        atanh bincount bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor
        broadcast_to cbrt ceil clip concat conj convolve copysign correlate cos cosh cross cumprod cumsum diag
        diagonal diff divide dot einsum equal exp exp2 expand_dims expm1 eye flip floor floor_divide fmod
        frexp from_dlpack full full_like gcd gradient greater greater_equal histogram hypot inner interp
        imag isfinite isinf isnan kron lcm ldexp less less_equal linspace log log10 log1p log2 logaddexp
        logical_and logical_not logical_or logical_xor matmul max maximum mean median meshgrid min minimum
        mod moveaxis multiply nan_to_num nancumsum nanmax nanmean nanmin nanprod nanstd nansum nanvar
        negative nextafter nonzero not_equal ones ones_like outer pad percentile polyval pow prod quantile
        real reciprocal repeat reshape roll round searchsorted sign signbit sin sinc sinh sort split sqrt square
        squeeze stack std subtract sum swapaxes take take_along_axis tan tanh tensordot tile trace transpose
        trapezoid tril triu trunc unique vander var where zeros zeros_like cat=concatenate div=divide
        mul=multiply neg=negative sub=subtract permute=permute_dims flatten=ravel clamp=clip
        unsqueeze=expand_dims reduce_sum=sum reduce_mean=mean repeat_interleave=repeat cast=astype
    """,
    "jnp.fft": """
        fft fft2 fftfreq fftn fftshift hfft ifft ifft2 ifftn ifftshift ihfft irfft irfft2 irfftn rfft rfft2 rfftfreq
        rfftn
    """,
    "jnp.linalg": """
        cholesky cond det eigh eigvalsh inv lstsq matrix_norm matrix_power matrix_rank multi_dot norm pinv
        qr slogdet solve svd svdvals vector_norm
    """,
    "jax.scipy.fft": "dct dctn idct idctn",
    "jax.scipy.linalg": "expm lu solve_triangular triangular_solve=solve_triangular cholesky_solve=cho_solve",
    "jax.scipy.special": """
        beta betainc betaln digamma entr erf erfc erfinv exp1 expi expit gamma gammainc gammaincc gammaln
        hyp2f1 i0 i0e i1 i1e kl_div lgamma=gammaln log_ndtr logit logsumexp ndtr ndtri polygamma psi=digamma
        rel_entr xlog1py xlogy zeta
    """,
    "jax.lax": """
        associative_scan cummax cummin dynamic_slice dynamic_update_slice logcumsumexp=cumlogsumexp rsqrt
        complex stop_gradient topk=top_k
    """,
    "jax.nn": """
        elu gelu hardtanh=hard_tanh leaky_relu log_softmax one_hot relu relu6 selu sigmoid silu softmax
        softplus
    """,
    "jax.ops": """
        segment_max segment_min segment_prod segment_sum unsorted_segment_max=segment_max
        unsorted_segment_min=segment_min unsorted_segment_prod=segment_prod unsorted_segment_sum=segment_sum
    """,
}
_TORCH = {
    "torch": """
        abs absolute acos acosh add all amax amin angle any arange argmax argmin argsort asin asinh atan atan2
        atanh bincount bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor
        broadcast_to cat ceil cholesky_solve clamp clip concat copysign cos cosh cross cummax cummin cumprod
        cumsum cumulative_trapezoid diag diagonal diff digamma div divide dot einsum equal=eq erf erfc exp
        exp2 expand_dims=unsqueeze expm1 eye flatten flip floor floor_divide fmod frexp from_dlpack full
        full_like gather gcd gradient greater greater_equal histogram hypot index_add inner isfinite isinf
        imag isnan kron lcm ldexp less less_equal lgamma linspace log log10 log1p log2 log_softmax logaddexp
        logcumsumexp logical_and logical_not logical_or logical_xor logsumexp masked_select matmul max
        maximum mean median meshgrid min minimum mod=remainder moveaxis mul multiply nan_to_num nanmean
        nansum neg negative nextafter nonzero norm not_equal ones ones_like outer permute polygamma pow prod
        polar quantile real reciprocal reduce_mean=mean reduce_sum=sum relu repeat=tile repeat_interleave reshape roll
        round rsqrt searchsorted selu sigmoid sign signbit sin sinc sinh softmax sort split sqrt square
        squeeze stack std sub subtract sum swapaxes take take_along_axis=take_along_dim tan tanh tensordot
        tile topk trace trapezoid transpose=permute tril triu trunc unique unsqueeze vander var where xlogy
        zeros zeros_like complex conj is_complex view_as_complex view_as_real
    """,
    "torch.fft": """
        fft fft2 fftfreq fftn fftshift hfft ifft ifft2 ifftn ifftshift ihfft irfft irfft2 irfftn rfft rfft2 rfftfreq
        rfftn
    """,
    "torch.linalg": """
        cholesky cond det eigh eigvalsh expm=matrix_exp inv lstsq lu matrix_norm matrix_power matrix_rank
        multi_dot pinv qr slogdet solve solve_triangular svd svdvals triangular_solve=solve_triangular
        vector_norm
    """,
    "torch.special": """
        airy=airy_ai digamma entr erfcx erfinv expit gammainc gammaincc gammaln i0 i0e i1 i1e j0=bessel_j0
        j1=bessel_j1 k0=modified_bessel_k0 k0e=scaled_modified_bessel_k0 k1=modified_bessel_k1
        k1e=scaled_modified_bessel_k1 log_ndtr logit ndtr ndtri psi xlog1py y0=bessel_y0 y1=bessel_y1 zeta
    """,
    "torch.nn.functional": """
        cross_entropy elu gelu hardtanh huber_loss l1_loss leaky_relu mse_loss one_hot pad relu6 silu
        smooth_l1_loss softplus
    """,
}


def in_numpy(name: str) -> str:
    """NumPy's or SciPy's name of it."""
    own = name.rpartition(".")[2]
    theirs = {ours: there for there, ours in _RENAMED.items()}.get(own, own)
    places: tuple[tuple[bool, ModuleType, str], ...] = (
        (name.startswith("linalg."), np.linalg, "np.linalg"),
        (name.startswith("special."), scipy.special, "scipy.special"),
        (name.startswith("fft."), np.fft, "np.fft"),
        (name.startswith("fft."), scipy.fft, "scipy.fft"),
        (name not in ("complex", "is_complex"), np, "np"),
        (name.startswith("linalg."), scipy.linalg, "scipy.linalg"),
        (True, scipy.special, "scipy.special"),
    )
    for wanted, module, title in places:
        for candidate in (own, theirs):
            if wanted and callable(getattr(module, candidate, None)):
                return f"`{title}.{candidate}`"
    return ""


def in_jax(name: str) -> str:
    """JAX's name of it."""
    return _named(name, _JAX)


def in_pytorch(name: str) -> str:
    """PyTorch's name of it."""
    return _named(name, _TORCH)


def _named(name: str, modules: dict[str, str]) -> str:
    own = name.rpartition(".")[2]
    # Of those of one name the one in the room of that kind, if there is one.
    kind = name.partition(".")[0] if "." in name else ""
    for title in sorted(modules, key=lambda title: kind not in title if kind else False):
        for word in modules[title].split():
            ours, _, theirs = word.partition("=")
            if ours == own:
                return f"`{title}.{theirs or ours}`"
    return ""
