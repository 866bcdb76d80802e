"""Changes that change no meaning in the functions that run on the host: of matrices, incomplete ones, transforms."""

from __future__ import annotations

from .claims import Claim

_AN_ARRAY = "it is an array already"
_SAME_TYPE = "promotion has given all operands one type"
_ONE_SHAPE = "both have one shape"
_SQUARE = "the matrices are square"
_NO_ORDER = "the two are exchanged with each other, in whichever order"
_SYMMETRIC = "it is symmetric in both"
_EITHER = "around here both formulas are the same function, and as accurate"
_OF_NOTHING = "there are no elements"
_UNUSED = "one more is made than is asked for"
_NO_SLOPE = "a comparison has no derivative"
_TRUTH = "only its truth is asked for"
_AT_ZERO = "the series is right at 0, too"
_NAN_TOO = "at 0 the integral is NaN, too"
_BOTH = "both ways give it, within rounding"
_NOBODYS = "nobody else has the array that is overwritten"
_ALIKE = "an image is compared with one that was made alike"
_ALL_FINITE = "nothing is replaced where all is finite"
_BY_COPY = "the numbers are the same in another order of memory"
_ITSELF = "of a real value it is the value itself"
_BESIDE = "nothing is beside a whole basis"
_CUT_OFF = "what is beyond the last word is cut off"
_SERIES = "(a < 8) & (x > 0) & (x < a + 1)"

CLAIMS_ON_HOST = (
    Claim("join.infer", "complex_dtype(x.dtype)", "complex_dtype(y.dtype)", _SAME_TYPE),
    Claim("_joined", "complex_dtype_of(x.dtype)", "complex_dtype_of(y.dtype)", _SAME_TYPE),
    Claim(
        "complex_dtype_of",
        "np.dtype(np.complex128 if dtype == np.float64 else np.complex64)",
        "np.complex128 if dtype == np.float64 else np.complex64",
        "NumPy takes the class of a type for the type",
    ),
    Claim("conjugate", "bind(conj, (x,), {}) if x.dtype.is_complex else x", "bind(conj, (x,), {})", _ITSELF),
    Claim("real_part", "real(x) if x.dtype.is_complex else x", "real(x)", _ITSELF),
    # Of decompositions
    Claim("_symmetric_array", "swapaxes(-1, -2)", "swapaxes(-2, -1)", _NO_ORDER),
    Claim("_svd", "swapaxes(-1, -2)", "swapaxes(-2, -1)", _NO_ORDER),
    Claim("_qr", "lead=x.ndim - 2", "lead=-2", "both factors have as many axes as the matrices"),
    Claim("_signs", "return np.ones(", "return -np.ones(", _OF_NOTHING),
    Claim("_signs", "shape[:-2]", "shape[:-3]", _OF_NOTHING),
    Claim("_inverse_where_apart", "return difference", "return -difference", _OF_NOTHING),
    Claim(
        "_inverse_where_apart",
        "float(np.finfo(size.dtype.numpy).eps)",
        "np.finfo(size.dtype.numpy).eps",
        "a number of the type of what it multiplies",
    ),
    Claim("_inverse_where_apart", "stop_gradient(size)", "size", _NO_SLOPE),
    Claim("_eigh_tangent", "shape[-1]", "shape[-2]", _SQUARE),
    Claim("_turned", "stop_gradient(real(vectors))", "real(vectors)", _NO_SLOPE),
    Claim("_infer_eigh", "shape[-1]", "shape[-2]", _SQUARE),
    Claim("_svd_tangent", "rows > k", "rows >= k", _BESIDE),
    Claim("_svd_tangent", "columns > k", "columns >= k", _BESIDE),
    Claim("_expm", "np.asarray(expm(x))", "expm(x)", _AN_ARRAY),
    Claim("_expm_tangent", "x.shape[-1]", "x.shape[-2]", _SQUARE),
    # Of systems
    Claim("_one_triangle", "return b\n", "return -b\n", _OF_NOTHING),
    Claim("_infer_solve", "a.shape[-1]:", "a.shape[-2]:", _SQUARE),
    Claim("_inner", "len(y.shape)", "len(x.shape)", _ONE_SHAPE),
    Claim("_inner", "shape=y.shape", "shape=x.shape", _ONE_SHAPE),
    Claim("_inner", "(rank - 2, rank - 1)", "(rank - 1, rank - 2)", "the axes of a sum have no order"),
    Claim("_cofactors", "x.shape[-1]", "x.shape[-2]", _SQUARE),
    Claim(
        "_cofactors",
        "np.asarray(u.conj() * (others * turns[..., None])[..., None, :] @ v.conj())",
        "u.conj() * (others * turns[..., None])[..., None, :] @ v.conj()",
        _AN_ARRAY,
    ),
    Claim("_cofactors_tangent", "_inner(output, tangents[0])", "_inner(tangents[0], output)", _SYMMETRIC),
    # Of one large matrix, which LAPACK is given, and small ones, which NumPy is
    Claim("_symmetric_array", "(other.conj() if x.dtype.kind == 'c' else other)", "other.conj()", _ITSELF),
    Claim("_cholesky", "x.ndim > 2 or len(x) <= SMALL", "x.ndim > 2", _BOTH),
    Claim("_cholesky", "x.ndim > 2", "x.ndim >= 2", _BOTH),
    Claim("_cholesky", "len(x) <= SMALL", "len(x) < SMALL", _BOTH),
    Claim("_cholesky", "len(x) <= SMALL", "len(x) > SMALL", _BOTH),
    Claim("_cholesky", "overwrite_a=True", "overwrite_a=False", _NOBODYS),
    Claim("_cholesky", "np.asarray(found.T)", "found.T", _AN_ARRAY),
    Claim("_signs", "down > up", "down >= up", "of two that are equal the loop decides"),
    Claim("_signs", "argmax()] < 0", "argmax()] <= 0", "the largest element of a vector of length 1 is not 0"),
    Claim("_diagonal_of_product", "len(x.shape)", "len(y.shape)", _ONE_SHAPE),
    Claim("_eigenvalues_tangent", "shape[-1]", "shape[-2]", _SQUARE),
    Claim(
        "_eigenvalues_tangent",
        "symmetric(tangents[0])",
        "tangents[0]",
        "what is antisymmetric in a change moves no eigenvalue",
    ),
    Claim("_singular_values_tangent", "min(rows, columns)", "min(columns, rows)", _SYMMETRIC),
    Claim("_image", "return np.asarray(", "return -np.asarray(", _ALIKE),
    Claim("_image", "(1, a.T", "(2, a.T", _ALIKE),
    Claim("_image", "trans=1", "trans=2", _ALIKE),
    Claim(
        "_image",
        "np.asarray(getattr(blas, f'{letter_of(a)}gemv')(1, a.T, v, trans=1))",
        "getattr(blas, f'{letter_of(a)}gemv')(1, a.T, v, trans=1)",
        _AN_ARRAY,
    ),
    Claim("factored", "n = x.shape[-1]", "n = x.shape[-2]", _SQUARE),
    Claim("factored", "copy=False", "copy=True", "a copy holds the same numbers"),
    Claim("solved", "copy=False", "copy=True", "a copy holds the same numbers"),
    Claim("solved", "a.ndim == 2", "b.ndim == 2", _BOTH),
    Claim("_by_numpy", "all((-2, -1)", "all((-1, -2)", "the axes of a sum have no order"),
    Claim("_by_numpy", "swapaxes(-1, -2)", "swapaxes(-2, -1)", _NO_ORDER),
    Claim("_by_numpy", "a.shape[-1]", "a.shape[-2]", _SQUARE),
    Claim("_by_numpy", "a.dtype", "b.dtype", _SAME_TYPE),
    Claim(
        "_by_numpy",
        "a if finite.all() else np.where(finite, a, np.eye(a.shape[-1], dtype=a.dtype))",
        "np.where(finite, a, np.eye(a.shape[-1], dtype=a.dtype))",
        _ALL_FINITE,
    ),
    Claim(
        "_by_numpy",
        "found if known is a else np.where(finite, found, np.nan).astype(b.dtype)",
        "np.where(finite, found, np.nan).astype(b.dtype)",
        _ALL_FINITE,
    ),
    Claim(
        "_by_factors",
        "not np.isfinite(image).all() and (not np.isfinite(a).all())",
        "not np.isfinite(a).all()",
        "what is not finite has no finite image",
    ),
    Claim("_by_factors", "return np.full_like(b, np.nan)", "return -np.full_like(b, np.nan)", "NaN has no sign"),
    Claim(
        "_by_factors",
        "np.array_equal(packed[n + 1], image)",
        "np.array_equal(image, packed[n + 1])",
        _SYMMETRIC,
    ),
    Claim("_by_factors", "lapack_routine('getrs', a)", "lapack_routine('getrs', b)", _SAME_TYPE),
    Claim("_by_factors", "np.asarray(found)", "found", _AN_ARRAY),
    Claim("inverted", "x.ndim > 2", "x.ndim >= 2", _BOTH),
    Claim("inverted", "len(x) <= SMALL", "len(x) < SMALL", _BOTH),
    Claim("inverted", "overwrite_lu=True", "overwrite_lu=False", _NOBODYS),
    Claim("inverted", "np.asarray(found.T)", "found.T", _AN_ARRAY),
    Claim("substituted", "b.size and a.shape[-1] ** 2 <= count", "b.size", _BOTH),
    Claim("substituted", "a.shape[-1] ** 2 <= count", "a.shape[-1] ** 2 < count", _BOTH),
    Claim("substituted", "a.shape[-1] ** 2 <= count", "a.shape[-1] ** 2 > count", _BOTH),
    Claim("substituted", "a.shape[-1]", "b.shape[-1]", _BOTH),
    Claim("substituted", "a.shape[-1] **", "a.shape[1] **", _BOTH),
    Claim("substituted", "a.shape[-1] **", "a.shape[-2] **", _SQUARE),
    Claim("substituted", "** 2", "** 3", _BOTH),
    Claim("substituted", "copy=False", "copy=True", "a copy holds the same numbers"),
    Claim(
        "_row_by_row",
        "np.ascontiguousarray(spread[0].transpose((2, 1, 0) if transposed else (1, 2, 0)))",
        "spread[0].transpose((2, 1, 0) if transposed else (1, 2, 0))",
        _BY_COPY,
    ),
    Claim(
        "_row_by_row",
        "np.ascontiguousarray(found.transpose(2, 0, 1))",
        "found.transpose(2, 0, 1)",
        _BY_COPY,
    ),
    Claim("lu_of_transposed.infer", "x.shape[-1]", "x.shape[-2]", _SQUARE),
    Claim("_by_numpy", "known is a", "known is b", _ALL_FINITE),
    Claim("substituted", "a.shape[:-2]", "b.shape[:-2]", _BOTH),
    Claim("_by_factors", "n = len(a)", "n = len(b)", "a system has as many rows on its right side"),
    Claim("_row_by_row", "reshape(-1,", "reshape(-2,", "NumPy takes any negative number for the size that is left"),
    Claim("_one_triangle", "lapack_routine('trtrs', a)", "lapack_routine('trtrs', b)", _SAME_TYPE),
    Claim("_infer_solve", "(a, b, *factors)", "(a, *factors, b)", "shapes broadcast in any order"),
    # Of least squares
    Claim("_least_squares", "a.ndim > 2", "a.ndim >= 2", _BOTH),
    Claim("_least_squares", "b.ndim > 2", "b.ndim >= 2", _BOTH),
    # Of matrices
    Claim("triangle", "x.shape[-2:]", "x.shape[-3:]", "one mask for all matrices, or one for each"),
    Claim("diagonal", "n = x.shape[-1]", "n = x.shape[-2]", _SQUARE),
    Claim("of_finite", "all((-2, -1))", "all((-1, -2))", "the axes of a sum have no order"),
    Claim("_narrowed", "copy=False", "copy=True", "a copy holds the same numbers"),
    # Of transforms
    Claim("_irfft", "if x.nbytes < _CACHED", "if not x.nbytes < _CACHED", _BOTH),
    Claim("_irfft", "x.nbytes < _CACHED", "x.nbytes <= _CACHED", _BOTH),
    Claim("_irfft", "x.nbytes < _CACHED", "x.nbytes >= _CACHED", _BOTH),
    Claim("_irfft", "((0, 1), (1, -1))", "((1, -1), (0, 1))", "even and odd places have nothing to do with each other"),
    Claim(
        "_irfft",
        "np.asarray(backward(x, n, axis=axis, norm=norm))",
        "backward(x, n, axis=axis, norm=norm)",
        _AN_ARRAY,
    ),
    Claim(
        "_irfft",
        "np.asarray(mirrored(weighted, n, axis=axis, norm=norm))",
        "mirrored(weighted, n, axis=axis, norm=norm)",
        _AN_ARRAY,
    ),
    Claim(
        "_irfft",
        "(0, *([x.shape[axis] - 1] if n % 2 == 0 else []))",
        "(*([x.shape[axis] - 1] if n % 2 == 0 else []), 0)",
        "both are put back, in whichever order",
    ),
    Claim("_irfft", "[x.shape[axis] - 1]", "[-1]", "the last one, counted from the end"),
    # Of random words
    Claim("philox.lowering", "by_type(x,", "by_type(-x,", "words are integers, and that is for floats"),
    Claim("_philox", "(low, high)))", "(high, low)))", "all are asked, in whichever order"),
    Claim("_philox", "[:4]", "[:5]", "no remainder chooses the fifth"),
    Claim(
        "_is_run",
        "return 1 < line.size == place.shape[-1] and bool((np.diff(line) == 1).all())",
        "return -(1 < line.size == place.shape[-1] and bool((np.diff(line) == 1).all()))",
        _TRUTH,
    ),
    Claim("_is_run", "bool((np.diff(line) == 1).all())", "(np.diff(line) == 1).all()", _TRUTH),
    Claim("_run", "count - 1 >> 2", "count + 1 >> 2", _CUT_OFF),
    Claim("_run", "count - 1 >> 2", "count >> 2", _CUT_OFF),
    Claim("_run", ">> 2) + 1", ">> 2) + 2", _CUT_OFF),
    Claim("_run", "(*shape[:-1], 1)", "(1, *shape[:-1])", "all other axes of a run have one element"),
    Claim("_run", "(*shape[:-1], 1)", "(*shape[:-1], 2)", "the last axis is left out"),
    Claim("_run", "min(at + _AT_ONCE, end)", "min(end, at + _AT_ONCE)", _SYMMETRIC),
    Claim("_run", "(*lead, -1)", "(*lead, -2)", "NumPy works out the size that is negative"),
    # Of incomplete functions
    Claim("_integrated", "range(0,", "range(1,", "the first node weighs less than rounding"),
    Claim("_gamma_series", "np.ones_like(x)", "np.ones_like(a)", _ONE_SHAPE),
    Claim("_gamma_series", "48", "49", "one more term, smaller than the last place"),
    Claim(
        "_gamma_series",
        "np.asarray(total * x ** a * np.exp(-x) / special.gamma(a + 1))",
        "total * x ** a * np.exp(-x) / special.gamma(a + 1)",
        _AN_ARRAY,
    ),
    *(
        Claim(where, _SERIES, _SERIES.replace(before, after), because)
        for where in ("_gammainc", "_gammaincc")
        for before, after, because in (
            ("a < 8", "a <= 8", _EITHER),
            ("a < 8", "a < 9", _EITHER),
            ("x > 0", "x >= 0", _AT_ZERO),
            ("x < a + 1", "x <= a + 1", _EITHER),
            ("x < a + 1", "x < a + 2", _EITHER),
        )
    ),
    Claim("_gammaincc", "a >= 0.5", "a > 0.5", _EITHER),
    Claim("_gammaincc", "(a < 8)", "(x < 8)", "the lower one of a larger shape is smaller, by either formula"),
    Claim("_gammainc_by_shape", "range(1, n + 1)", "range(1, n + 2)", _UNUSED),
    Claim("_gammainc_by_shape", "(x < np.inf) & (a > 0)", "(x < np.inf) & (a >= 0)", _NAN_TOO),
    Claim("_betainc", "special.betaln(a, b)", "special.betaln(b, a)", _SYMMETRIC),
    Claim("_betainc", "n + m + 1", "n + m + 2", _UNUSED),
    Claim(
        "beta_density",
        "digamma(at) if order == 1 else polygamma(at, n=order - 1)",
        "polygamma(at, n=order - 1)",
        "digamma is the polygamma function of order 0",
    ),
    Claim("beta_density", "betaln(a, b)", "betaln(b, a)", _SYMMETRIC),
    Claim("beta_density", "density if n == m == 0 else ", "", "its other factor is 1 then"),
)
