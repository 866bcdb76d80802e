"""Changes that change no meaning, each with the argument why: no test can kill them, and none should.

The command checks the claims: one that fits no mutant any more is an error, and so is a mutant that is called
equivalent and fails a test of its primitive.
"""

from __future__ import annotations

from collections.abc import Iterable

from .claims import Claim
from .equivalent_on_host import CLAIMS_ON_HOST
from .sites import Mutant

_SAME_TYPE = "promotion has given all operands one type"
_TIE = "of two equal elements either is the extremum"
_ANSWERED = "equal operands were answered by an earlier branch"
_NAN_ONLY = "only NaN comes here, and gives NaN in a sum as in a difference"
_ORIGIN = "at the origin the answer is 0, whatever the denominator"
_EITHER = "both formulas are the same function, and around here as accurate"
_NO_ORDER = "a product knows no order, the one in which zero wins neither"
_SAME_SUM = "one product over all rows, or a product for each matrix and then their sum"
_AS_ONE = "x if len(x.shape) == 2 else reshape(x, shape=(prod(x.shape[:-1]), x.shape[-1]))"
_AN_ARRAY = "it is an array already"
_AT_ONCE = "how many nodes are added up at once changes no sum"
_FROM_EITHER = "the integrals from both ends are the same derivative"
_BY_COPY = "LAPACK reads the other order of memory from a copy"
_SYMMETRIC = "a sum of products of elements is symmetric"
_INFINITE = "the inverse of a zero is infinite"
_NO_FLOATS = "floats are not shifted"
_LAST_PLACE = "one more term, smaller than the last place"
_STANDS_IN = "it stands in where the other value is chosen"
_UNUSED = "nothing asks for the square behind the last one"
_TRUE = "any number but 0 asks for the imaginary part"
_ANY_SIZE = "the size only scales both legs against overflow, and cancels"

CLAIMS = (
    Claim("_infer_matmul", "x.dtype", "y.dtype", _SAME_TYPE),
    Claim("_infer_broadcast_to", "(1, b)", "(b, 1)", "membership knows no order"),
    Claim("_slices", "slice(0, 0)", "slice(1, 0)", "both are empty"),
    Claim("_infer_where", "(x, y)", "(y, x)", _SAME_TYPE),
    Claim("maximum.lowering", "x > y", "x >= y", _TIE),
    Claim("minimum.lowering", "x < y", "x <= y", _TIE),
    Claim("maximum_along.lowering", "y > x", "y >= x", _TIE),
    Claim("minimum_along.lowering", "y < x", "y <= x", _TIE),
    Claim("absolute.lowering", "x < (T)0", "x <= (T)0", "integers have one zero"),
    Claim("absolute.lowering", "x < (T)0", "x < (T)1", "0 is its own negative"),
    Claim("step.lowering", "x < y", "x <= y", _ANSWERED),
    Claim("step.lowering", "x - y", "x + y", _NAN_ONLY),
    Claim("convert", "x < 2.0 ** 64", "x <= 2.0 ** 64", "C leaves such a number to the processor, which gives 0"),
    Claim("convert", "64", "65", "C leaves such numbers to the processor, which gives 0"),
    Claim("convert", "x < 2.0", "x < 3.0", "C leaves such numbers to the processor, which gives 0"),
    Claim("_share", "origin, 1.0, length", "origin, 2.0, length", _ORIGIN),
    Claim("_last_of", "reshape(-1)", "reshape(-2)", "any negative number is the free axis"),
    Claim("_cumsum", "copy=False", "copy=True", "a copy holds the same numbers"),
    Claim("_scatter_sum", "copy=False", "copy=True", "a copy holds the same numbers"),
    Claim("strong_multiply.transposes", "(x, ct)", "(ct, x)", _NO_ORDER),
    Claim("multiply.transposes", "(ct, y)", "(y, ct)", _NO_ORDER),
    Claim("multiply.transposes", "(ct, x)", "(x, ct)", _NO_ORDER),
    Claim("strong_multiply.transposes", "(ct, y)", "(y, ct)", _NO_ORDER),
    Claim("left_shift.lowering", "by_type(x,", "by_type(-x,", _NO_FLOATS),
    Claim("right_shift.lowering", "by_type(x,", "by_type(-x,", _NO_FLOATS),
    Claim("hypot.lowering", "dt_abs(x) > dt_abs(y)", "dt_abs(x) >= dt_abs(y)", _TIE),
    Claim("signbit.lowering", "((T)1 / x) < (T)0", "((T)1 / x) <= (T)0", _INFINITE),
    Claim("signbit.lowering", "((T)1 / x) < (T)0", "((T)1 / x) < (T)1", _INFINITE),
    Claim("signbit.lowering", "(T)1 / x", "(T)2 / x", _INFINITE),
    Claim("times_slope", "conventions.entered and is_strict()", "is_strict()", "it asks first whether any was entered"),
    Claim(
        "is_strict",
        "innermost is not None and innermost.enabled",
        "-(innermost is not None and innermost.enabled)",
        "only its truth is asked for",
    ),
    Claim("_rows", f"return {_AS_ONE}", f"return -({_AS_ONE})", "both factors of a product change their signs"),
    Claim("_rows", _AS_ONE, "x", _SAME_SUM),
    Claim("_rows", "x if len(x.shape) == 2 else ", "", "a reshape to its own shape is the identity"),
    Claim("_rows", "len(x.shape) == 2", "len(x.shape) != 2", _SAME_SUM),
    Claim("_rows", "len(x.shape) == 2", "len(x.shape) == 3", _SAME_SUM),
    Claim("_transpose_right", "len(y.shape)", "len(ct.shape)", _SAME_SUM),
    Claim("_transpose_right", "matmul(swapped(_rows(x)), _rows(ct)) if shared else ", "", _SAME_SUM),
    Claim("_slope_of_root", "y == 0", "x == 0", "a root is 0 where its square is"),
    Claim("_slope_of_root", "where(zero, 1.0, y)", "where(zero, 2.0, y)", "what is divided by there is not asked for"),
    Claim("_by_exponent", "x > 0", "x >= 0", "0 was answered by an earlier branch"),
    Claim("_by_base", "isinstance(p,", "isinstance(z,", "`strong_multiply` is the same product, and 0 wins in it too"),
    Claim("_sigmoid", "x >= 0", "x > 0", "both branches are 1/2 at 0"),
    Claim("_erfc", "100.0", "101.0", "it is 0 from 28 on"),
    Claim("_erfc", "x > 0.5", "x >= 0.5", _EITHER),
    Claim("_erfc", "x > 0.5", "x > 1.5", _EITHER),
    Claim("_lgamma", "wide - 1.5", "1.5 - wide", "a distance has no sign"),
    Claim("_lgamma", "28", "29", _LAST_PLACE),
    Claim("_asymptotic", "range(1, 21)", "range(1, 22)", _LAST_PLACE),
    Claim("_asymptotic", "2 * k - 1", "1 - 2 * k", "it is squared"),
    Claim("_with_far", ">= 30", "> 30", _EITHER),
    Claim("_with_far", ">= 30", ">= 31", _EITHER),
    Claim("_with_far", "is_far, 1.0", "is_far, 2.0", _STANDS_IN),
    Claim("_with_far", "100.0", "101.0", _STANDS_IN),
    Claim("_with_far", "x < 0", "x <= 0", "0 is not far"),
    Claim("_with_far", "x < 0", "x < 1", "no number below 1 is far"),
    Claim("_i", "np.abs(x) < 1e-05", "np.abs(x) <= 1e-05", _EITHER),
    Claim("_i", "infinite, 1.0", "infinite, 2.0", _STANDS_IN),
    Claim("_i", "x, 0.0", "x, 1.0", _STANDS_IN),
    Claim(
        "_k",
        "_cylindrical('kn', ('k0', 'k1'))(x, n=n) if n < 2 else _ke(x, n=n) * np.exp(-x)",
        "_ke(x, n=n) * np.exp(-x)",
        _EITHER,
    ),
    Claim("_summed", "part_of(x, 1)", "part_of(x, 2)", _TRUE),
    Claim("_summed", "part_of(y, 1)", "part_of(y, 2)", _TRUE),
    Claim("_divide", "product(above, inverse(*y.parts))", "product(inverse(*y.parts), above)", "it knows no order"),
    Claim("_logarithm_of_one_and", "0.5) & (absolute(y) < 0.5", "0.5) & (absolute(y) <= 0.5", _EITHER),
    Claim("_logarithm_of_one_and", "(absolute(x) < 0.5)", "(absolute(x) <= 0.5)", _EITHER),
    Claim("_logarithm_of_one_and", "square(y), 0.0", "square(y), 1.0", _STANDS_IN),
    Claim("_logarithm_of_one_and", "absolute(y) < 0.5", "absolute(y) < 1.5", _EITHER),
    Claim("_root", "magnitude(x, y)", "magnitude(y, x)", "a length knows no order"),
    Claim("_root", "half == 0, 1.0", "half == 0, 2.0", _ORIGIN),
    Claim("_root", "x < 0", "x <= 0", "on the imaginary axis both parts are of one size"),
    Claim("_power", "abs(exponent) <= _MOST", "exponent <= _MOST", _EITHER),
    Claim("_power", "origin, 1.0, re", "origin, 2.0, re", _STANDS_IN),
    Claim("_power", "product(to, (length, angle))", "product((length, angle), to)", "it knows no order"),
    Claim(
        "_power",
        "product(to, (math.log(abs(base)), math.pi if base < 0 else 0))",
        "product((math.log(abs(base)), math.pi if base < 0 else 0), to)",
        "it knows no order",
    ),
    Claim("_power", "base < 0", "base <= 0", "0 goes another way"),
    Claim("_power", "part_of(exponent, 1)", "part_of(exponent, 2)", _TRUE),
    Claim("_size_and_ratio", "usual, large, 1.0", "usual, large, 2.0", "nothing is 0, and infinite is infinite"),
    Claim("_wave", "np.isinf(x), 0.0, x", "np.isinf(x), 1.0, x", "at infinity a wave has no height"),
    Claim("_by_products", "product(found, square_)", "product(square_, found)", "it knows no order"),
    Claim("_by_products", "product(square_, square_) if n else square_", "product(square_, square_)", _UNUSED),
    Claim("_by_products", "if n else square_", "if base else square_", _UNUSED),
    Claim("_by_products", "n < 0", "n < 1", "0 was answered by an earlier branch"),
    Claim("_by_products", "n < 0", "n <= 0", "0 was answered by an earlier branch"),
    Claim("_divide", "part_of(x, 1)", "part_of(x, 2)", _TRUE),
    Claim("_divide", "part_of(y, 1)", "part_of(y, 2)", _TRUE),
    Claim("_size_and_ratio", "absolute(x), absolute(y)", "absolute(y), absolute(x)", "a length knows no order"),
    Claim("magnitude", "_size_and_ratio(x, y)", "_size_and_ratio(y, x)", "a length knows no order"),
    Claim("_logarithm", "_size_and_ratio(x, y)", "_size_and_ratio(y, x)", "a length knows no order"),
    Claim(
        "product",
        "times(multiply, a[0], b[1]), times(multiply, a[1], b[0])",
        "times(multiply, a[1], b[0]), times(multiply, a[0], b[1])",
        "a sum knows no order",
    ),
    Claim("_log1p", "np.abs(x) < 0.5", "np.abs(x) <= 0.5", _EITHER),
    Claim("_log1p", "np.where(near, x, 0)", "np.where(near, x, 1)", _STANDS_IN),
    Claim("_ndtr", "np.clip(-x, 1.0, 100.0)", "np.clip(1.0, -x, 100.0)", "it is the larger one of both, up to 100"),
    Claim("_ndtr", "np.clip(-x, 1.0, 100.0)", "np.clip(-x, 1.0, 101.0)", "it is 0 from 39 on"),
    Claim("_hyp2f1", "hyp2f1(a, b,", "hyp2f1(b, a,", "it is symmetric in both"),
    Claim("_ndtr", "x < -1", "x < -2", _EITHER),
    Claim("_ndtr", "x < -1", "x <= -1", _EITHER),
    Claim("_digamma", "wide < 0", "wide <= 0", "0 is a pole, and left to SciPy like all of them"),
    Claim("_polygamma", "1 - at, 1)", "1 - at, 2)", "it is subtracted from itself"),
    Claim(
        "sum_to",
        "(shape[i - lead] == 1 and size != 1)",
        "shape[i - lead] == 1",
        "adding up one element gives that element",
    ),
    Claim("sum_to", "x if x.shape == shape else ", "", "a reshape to its own shape is the identity"),
    Claim("_over_square_radius", "stop_gradient(maximum(abs(y), abs(x)))", "maximum(abs(y), abs(x))", _ANY_SIZE),
    Claim("_over_square_radius", "origin, 1.0, size", "origin, 2.0, size", _ORIGIN),
    Claim("_over_square_radius", "origin, 1.0, v", "origin, 2.0, v", _ORIGIN),
    Claim("_over_square_radius", "(y / size, x / size)", "(x / size, y / size)", "a sum of squares is symmetric"),
    Claim("_inverse_where_apart", "n = size", "n = difference", "both have as many columns"),
    Claim("_inverse_where_apart", "size.dtype", "difference.dtype", _SAME_TYPE),
    Claim("_inverse_where_apart", "stop_gradient(difference)", "difference", "a comparison has no derivative"),
    Claim("_inverse_where_apart", "difference, 1.0", "difference, 2.0", "where it is not apart, 0 is chosen"),
    Claim("_argsort", "np.asarray(x.shape[-1] - 1 - backwards)", "x.shape[-1] - 1 - backwards", _AN_ARRAY),
    Claim(
        "_running_extremum",
        "np.asarray(np.maximum.accumulate(np.where((x == extreme) | (x != x), places, 0), axis=-1))",
        "np.maximum.accumulate(np.where((x == extreme) | (x != x), places, 0), axis=-1)",
        _AN_ARRAY,
    ),
    Claim("_psi", "special.digamma(x) if order == 1 else ", "", "digamma is the polygamma function of order 0"),
    Claim("gamma_density", "density if n == 0 else ", "", "its other factor is 1 then"),
    Claim("_integrated", "max(1, 2 ** 14 // ", "max(2, 2 ** 14 // ", _AT_ONCE),
    Claim("_integrated", "2 ** 14", "3 ** 14", _AT_ONCE),
    Claim("_integrated", "2 ** 14", "2 ** 15", _AT_ONCE),
    Claim("_integrated", "max(total.size, 1)", "max(1, total.size)", "the larger one of two knows no order"),
    Claim("_integrated", "max(total.size, 1)", "max(total.size, 2)", _AT_ONCE),
    Claim(
        "_integrated",
        "max(1, 2 ** 14 // max(total.size, 1))",
        "max(2 ** 14 // max(total.size, 1), 1)",
        "the larger one of two knows no order",
    ),
    Claim("_gammainc_by_shape", "x > a", "x >= a", _FROM_EITHER),
    Claim("_betainc", "x > a / (a + b)", "x >= a / (a + b)", _FROM_EITHER),
    Claim(
        "_logarithmic_tangent",
        "_inner(swapped(inverse(inputs[0])), tangents[0])",
        "_inner(tangents[0], swapped(inverse(inputs[0])))",
        _SYMMETRIC,
    ),
    Claim(
        "determinant.tangent",
        "_inner(cofactors(inputs[0]), tangents[0])",
        "_inner(tangents[0], cofactors(inputs[0]))",
        _SYMMETRIC,
    ),
    Claim("_lu_tangent", "unit=True", "unit=False", "the ones are there, too"),
    Claim("_one_triangle", "a.flags.c_contiguous", "b.flags.c_contiguous", _BY_COPY),
    Claim("_one_triangle", "a.flags.f_contiguous", "b.flags.f_contiguous", _BY_COPY),
    Claim(
        "_one_triangle",
        "c_contiguous and (not a.flags.f_contiguous)",
        "c_contiguous or not a.flags.f_contiguous",
        _BY_COPY,
    ),
    Claim("_one_triangle", "a.flags.c_contiguous and (not a.flags.f_contiguous)", "a.flags.c_contiguous", _BY_COPY),
    Claim("_one_triangle", "a.flags.c_contiguous and (not a.flags.f_contiguous)", "not a.flags.f_contiguous", _BY_COPY),
    Claim("_one_triangle", "(not a.flags.f_contiguous)", "a.flags.f_contiguous", _BY_COPY),
    Claim("_one_triangle", "np.asarray(found)", "found", _AN_ARRAY),
    Claim("_svd_tangent", "min(rows, columns)", "min(columns, rows)", "the smaller one of two knows no order"),
    Claim("_infer_svd", "min(rows, columns)", "min(columns, rows)", "the smaller one of two knows no order"),
    *CLAIMS_ON_HOST,
)


def argument(mutant: Mutant) -> str | None:
    """Why this mutant means what the original does, or None where it does not."""
    return next((claim.because for claim in CLAIMS if claim.fits(mutant)), None)


def unused(every: Iterable[Mutant]) -> list[Claim]:
    """The claims that fit none of all mutants."""
    every = list(every)
    return [claim for claim in CLAIMS if not any(claim.fits(mutant) for mutant in every)]
