"""Functions of floats that the array API standard has for integers, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dualtape.dtypes import bool_
from dualtape.functions import creation, elementwise
from dualtape.functions.conversion import as_tensor, cast_to

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = ["ceil", "floor", "isfinite", "isinf", "isnan", "round", "sign", "trunc"]


def _of_integers(
    name: str, of_floats: Callable[[Tensor], Tensor], of_whole: Callable[[Tensor], Tensor], text: str
) -> Callable[[Tensor], Tensor]:
    def function(x: Tensor) -> Tensor:
        given = as_tensor(x, name, "x")
        return of_whole(given) if given.dtype.is_integer else of_floats(given)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    return function


def _itself(x: Tensor) -> Tensor:
    return x


def _none(x: Tensor) -> Tensor:
    return creation.zeros_like(x, dtype=bool_)


def _all(x: Tensor) -> Tensor:
    return creation.ones_like(x, dtype=bool_)


def _sign(x: Tensor) -> Tensor:
    return cast_to(elementwise.greater(x, 0), x.dtype) - cast_to(elementwise.less(x, 0), x.dtype)


ceil = _of_integers("ceil", elementwise.ceil, _itself, "The next integer above; integers pass.")
floor = _of_integers("floor", elementwise.floor, _itself, "The next integer below; integers pass.")
round = _of_integers("round", elementwise.round, _itself, "The nearest integer, halves to even; integers pass.")
trunc = _of_integers("trunc", elementwise.trunc, _itself, "The integer part; integers pass.")
sign = _of_integers("sign", elementwise.sign, _sign, "-1, 0 or 1.")
isfinite = _of_integers("isfinite", elementwise.isfinite, _all, "Whether a number is finite, as integers are.")
isinf = _of_integers("isinf", elementwise.isinf, _none, "Whether a number is infinite, as no integer is.")
isnan = _of_integers("isnan", elementwise.isnan, _none, "Whether a number is NaN, as no integer is.")
