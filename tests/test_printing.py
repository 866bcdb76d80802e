"""Every expected text here was printed by MindSpore 2.10 for the array beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dualtape.printing import parameter_repr, tensor_repr

# fmt: off
TENSORS: list[tuple[np.ndarray[Any, Any], str, str]] = [
    (np.array(20.0, np.float32), "Float32", "Tensor(shape=[], dtype=Float32, value= 20)"),
    (np.array(-2.0, np.float32), "Float32", "Tensor(shape=[], dtype=Float32, value= -2)"),
    (np.array(1 / 3, np.float32), "Float32", "Tensor(shape=[], dtype=Float32, value= 0.333333)"),
    (np.array(1 / 3, np.float64), "Float64", "Tensor(shape=[], dtype=Float64, value= 0.333333)"),
    (np.array(1 / 3, np.float16), "Float16", "Tensor(shape=[], dtype=Float16, value= 0.333252)"),
    (np.array(1234567.0, np.float32), "Float32",
     "Tensor(shape=[], dtype=Float32, value= 1.23457e+06)"),
    (np.array(123456.0, np.float32), "Float32", "Tensor(shape=[], dtype=Float32, value= 123456)"),
    (np.array(999999.5, np.float32), "Float32", "Tensor(shape=[], dtype=Float32, value= 1e+06)"),
    (np.array(1e6, np.float32), "Float32", "Tensor(shape=[], dtype=Float32, value= 1e+06)"),
    (np.array(0.0001, np.float32), "Float32", "Tensor(shape=[], dtype=Float32, value= 0.0001)"),
    (np.array(0.00001, np.float32), "Float32", "Tensor(shape=[], dtype=Float32, value= 1e-05)"),
    (np.array(65504.0, np.float16), "Float16", "Tensor(shape=[], dtype=Float16, value= 65504)"),
    (np.array(1e-300), "Float64", "Tensor(shape=[], dtype=Float64, value= 1e-300)"),
    (np.array(-0.0, np.float32), "Float32", "Tensor(shape=[], dtype=Float32, value= -0)"),
    (np.array(np.nan, np.float32), "Float32", "Tensor(shape=[], dtype=Float32, value= nan)"),
    (np.array(-np.nan, np.float32), "Float32", "Tensor(shape=[], dtype=Float32, value= -nan)"),
    (np.array(-np.nan, np.float16), "Float16", "Tensor(shape=[], dtype=Float16, value= -nan)"),
    (np.array(np.inf), "Float64", "Tensor(shape=[], dtype=Float64, value= inf)"),
    (np.array(-np.inf, np.float16), "Float16", "Tensor(shape=[], dtype=Float16, value= -inf)"),
    (np.array(True), "Bool", "Tensor(shape=[], dtype=Bool, value= True)"),
    (np.array(False), "Bool", "Tensor(shape=[], dtype=Bool, value= False)"),
    (np.array(-5), "Int64", "Tensor(shape=[], dtype=Int64, value= -5)"),
    (np.array(250, np.uint8), "UInt8", "Tensor(shape=[], dtype=UInt8, value= 250)"),
    (np.array(-128, np.int8), "Int8", "Tensor(shape=[], dtype=Int8, value= -128)"),
    (np.array(2**64 - 1, np.uint64), "UInt64",
     "Tensor(shape=[], dtype=UInt64, value= 18446744073709551615)"),
    (np.array(1 + 2j, np.complex64), "Complex64",
     "Tensor(shape=[], dtype=Complex64, value= 1+2j)"),
    (np.array(-0.0 - 0.0j), "Complex128", "Tensor(shape=[], dtype=Complex128, value= -0+0j)"),
    (np.array([21.536], np.float32), "Float32",
     "Tensor(shape=[1], dtype=Float32, value= [ 2.15359993e+01])"),
    (np.array([-2.0, 0.1, 1e10], np.float32), "Float32",
     "Tensor(shape=[3], dtype=Float32, value= [-2.00000000e+00,  1.00000001e-01, "
     " 1.00000000e+10])"),
    (np.array([1e-300, -1e300, 5e-324]), "Float64",
     "Tensor(shape=[3], dtype=Float64, value= [1.00000000e-300, -1.00000000e+300, "
     "4.94065646e-324])"),
    (np.array([1e-45, 3.4e38], np.float32), "Float32",
     "Tensor(shape=[2], dtype=Float32, value= [ 1.40129846e-45,  3.39999995e+38])"),
    (np.array([1.0, -0.1, 65504, 6e-8], np.float16), "Float16",
     "Tensor(shape=[4], dtype=Float16, value= [ 1.0000e+00, -9.9976e-02,  6.5504e+04, "
     " 5.9605e-08])"),
    (np.array([np.nan, -np.nan, np.inf, -np.inf, -0.0], np.float32), "Float32",
     "Tensor(shape=[5], dtype=Float32, value= [            nan,            -nan, "
     "            inf,            -inf, -0.00000000e+00])"),
    (np.array([np.nan, -np.nan, np.inf, -np.inf, -0.0], np.float64), "Float64",
     "Tensor(shape=[5], dtype=Float64, value= [            nan,            -nan, "
     "            inf,            -inf, -0.00000000e+00])"),
    (np.array([np.nan, -np.nan, np.inf, -np.inf, -0.0], np.float16), "Float16",
     "Tensor(shape=[5], dtype=Float16, value= [        nan,        -nan,         inf, "
     "       -inf, -0.0000e+00])"),
    (np.array([True, False]), "Bool", "Tensor(shape=[2], dtype=Bool, value= [ True, False])"),
    (np.array([True]), "Bool", "Tensor(shape=[1], dtype=Bool, value= [ True])"),
    (np.array([1, 2, 3]), "Int64", "Tensor(shape=[3], dtype=Int64, value= [1, 2, 3])"),
    (np.array([-5, 100, 3], np.int8), "Int8",
     "Tensor(shape=[3], dtype=Int8, value= [ -5, 100,   3])"),
    (np.array([7, 255], np.uint8), "UInt8", "Tensor(shape=[2], dtype=UInt8, value= [  7, 255])"),
    (np.array([1, 22], np.uint16), "UInt16", "Tensor(shape=[2], dtype=UInt16, value= [ 1, 22])"),
    (np.array([2**31 - 1, -(2**31)], np.int32), "Int32",
     "Tensor(shape=[2], dtype=Int32, value= [ 2147483647, -2147483648])"),
    (np.array([2**63 - 1, -(2**63)], np.int64), "Int64",
     "Tensor(shape=[2], dtype=Int64, value= [ 9223372036854775807, -9223372036854775808])"),
    (np.array([1 + 2j, 3.5 - 1j, 1e10j], np.complex64), "Complex64",
     "Tensor(shape=[3], dtype=Complex64, value= [1+2j, 3.5-1j, 0+1e+10j])"),
    (np.array([1 / 3 + 0j, np.nan - 1j * np.inf]), "Complex128",
     "Tensor(shape=[2], dtype=Complex128, value= [0.333333+0j, nan-infj])"),
    (np.arange(11, dtype=np.float32), "Float32",
     "Tensor(shape=[11], dtype=Float32, value= [ 0.00000000e+00,  1.00000000e+00, "
     " 2.00000000e+00,  3.00000000e+00,  4.00000000e+00,  5.00000000e+00,  6.00000000e+00, "
     " 7.00000000e+00,  8.00000000e+00,  9.00000000e+00,  1.00000000e+01])"),
    (np.arange(12, dtype=np.float32), "Float32",
     "Tensor(shape=[12], dtype=Float32, value= [ 0.00000000e+00,  1.00000000e+00, "
     " 2.00000000e+00,  3.00000000e+00,  4.00000000e+00,  5.00000000e+00,  6.00000000e+00, "
     " 7.00000000e+00,  8.00000000e+00,  9.00000000e+00,  1.00000000e+01,  1.10000000e+01\n"
     " ])"),
    (np.arange(13, dtype=np.float32), "Float32",
     "Tensor(shape=[13], dtype=Float32, value= [ 0.00000000e+00,  1.00000000e+00, "
     " 2.00000000e+00,  3.00000000e+00,  4.00000000e+00,  5.00000000e+00,  6.00000000e+00, "
     " 7.00000000e+00,  8.00000000e+00,  9.00000000e+00,  1.00000000e+01,  1.10000000e+01, \n"
     "  1.20000000e+01])"),
    (np.arange(24, dtype=np.float16), "Float16",
     "Tensor(shape=[24], dtype=Float16, value= [ 0.0000e+00,  1.0000e+00,  2.0000e+00, "
     " 3.0000e+00,  4.0000e+00,  5.0000e+00,  6.0000e+00,  7.0000e+00,  8.0000e+00, "
     " 9.0000e+00,  1.0000e+01,  1.1000e+01, \n"
     "  1.2000e+01,  1.3000e+01,  1.4000e+01,  1.5000e+01,  1.6000e+01,  1.7000e+01, "
     " 1.8000e+01,  1.9000e+01,  2.0000e+01,  2.1000e+01,  2.2000e+01,  2.3000e+01\n"
     " ])"),
    (np.arange(12) > 5, "Bool",
     "Tensor(shape=[12], dtype=Bool, value= [False, False, False, False, False, False,  True, "
     " True,  True,  True,  True,  True\n"
     " ])"),
    (np.arange(13) > 5, "Bool",
     "Tensor(shape=[13], dtype=Bool, value= [False, False, False, False, False, False,  True, "
     " True,  True,  True,  True,  True, \n"
     "  True])"),
    (np.arange(23), "Int64",
     "Tensor(shape=[23], dtype=Int64, value= [ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, "
     "12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22])"),
    (np.arange(24), "Int64",
     "Tensor(shape=[24], dtype=Int64, value= [ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, "
     "12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23\n"
     " ])"),
    (np.arange(25), "Int64",
     "Tensor(shape=[25], dtype=Int64, value= [ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, "
     "12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, \n"
     " 24])"),
    (np.arange(48, dtype=np.int8), "Int8",
     "Tensor(shape=[48], dtype=Int8, value= [ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, "
     "12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, \n"
     " 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, "
     "46, 47\n"
     " ])"),
    (np.arange(24) * 1j, "Complex128",
     "Tensor(shape=[24], dtype=Complex128, value= [0+0j, 0+1j, 0+2j, 0+3j, 0+4j, 0+5j, 0+6j, "
     "0+7j, 0+8j, 0+9j, 0+10j, 0+11j, 0+12j, 0+13j, 0+14j, 0+15j, 0+16j, 0+17j, 0+18j, 0+19j, "
     "0+20j, 0+21j, 0+22j, 0+23j\n"
     " ])"),
    (np.arange(25) * 1j, "Complex128",
     "Tensor(shape=[25], dtype=Complex128, value= [0+0j, 0+1j, 0+2j, 0+3j, 0+4j, 0+5j, 0+6j, "
     "0+7j, 0+8j, 0+9j, 0+10j, 0+11j, 0+12j, 0+13j, 0+14j, 0+15j, 0+16j, 0+17j, 0+18j, 0+19j, "
     "0+20j, 0+21j, 0+22j, 0+23j, \n"
     " 0+24j])"),
    (np.arange(1001), "Int64",
     "Tensor(shape=[1001], dtype=Int64, value= [   0,    1,    2 ...  998,  999, 1000])"),
    (np.arange(1008, dtype=np.uint8), "UInt8",
     "Tensor(shape=[1008], dtype=UInt8, value= [  0,   1,   2 ... 237, 238, 239])"),
    (np.arange(1010, dtype=np.float32), "Float32",
     "Tensor(shape=[1010], dtype=Float32, value= [ 0.00000000e+00,  1.00000000e+00, "
     " 2.00000000e+00 ...  1.00700000e+03,  1.00800000e+03,  1.00900000e+03])"),
    (np.arange(1200) % 2 == 0, "Bool",
     "Tensor(shape=[1200], dtype=Bool, value= [ True, False,  True ... False,  True, False])"),
    (np.arange(1200, dtype=np.float16), "Float16",
     "Tensor(shape=[1200], dtype=Float16, value= [ 0.0000e+00,  1.0000e+00, "
     " 2.0000e+00 ...  1.1970e+03,  1.1980e+03,  1.1990e+03])"),
    (np.array([], np.float32), "Float32", "Tensor(shape=[0], dtype=Float32, value= )"),
    (np.zeros((0,), np.int64), "Int64", "Tensor(shape=[0], dtype=Int64, value= )"),
    (np.zeros((0, 4), np.int32), "Int32",
     "Tensor(shape=[0, 4], dtype=Int32, value=\n"
     ")"),
    (np.zeros((2, 0, 3), bool), "Bool",
     "Tensor(shape=[2, 0, 3], dtype=Bool, value=\n"
     ")"),
    (np.array([[4.0, 6.0, 8.0]], np.float32), "Float32",
     "Tensor(shape=[1, 3], dtype=Float32, value=\n"
     "[[ 4.00000000e+00,  6.00000000e+00,  8.00000000e+00]])"),
    (np.array([[1.0, -2.0], [np.nan, 0.5]], np.float64), "Float64",
     "Tensor(shape=[2, 2], dtype=Float64, value=\n"
     "[[ 1.00000000e+00, -2.00000000e+00],\n"
     " [            nan,  5.00000000e-01]])"),
    (np.array([[1.0, -2.0], [np.inf, 0.5]], np.float16), "Float16",
     "Tensor(shape=[2, 2], dtype=Float16, value=\n"
     "[[ 1.0000e+00, -2.0000e+00],\n"
     " [        inf,  5.0000e-01]])"),
    (np.array([[-5, 100, 3], [1, 2, 3]], np.int16), "Int16",
     "Tensor(shape=[2, 3], dtype=Int16, value=\n"
     "[[ -5, 100,   3],\n"
     " [  1,   2,   3]])"),
    (np.array([[True, False]] * 3), "Bool",
     "Tensor(shape=[3, 2], dtype=Bool, value=\n"
     "[[ True, False],\n"
     " [ True, False],\n"
     " [ True, False]])"),
    (np.array([[1 + 2j, 3.5 - 1j]]), "Complex128",
     "Tensor(shape=[1, 2], dtype=Complex128, value=\n"
     "[[1+2j, 3.5-1j]])"),
    (np.array([[[[1.0]]]]), "Float64",
     "Tensor(shape=[1, 1, 1, 1], dtype=Float64, value=\n"
     "[[[[ 1.00000000e+00]]]])"),
    (np.arange(6.0).reshape(1, 6), "Float64",
     "Tensor(shape=[1, 6], dtype=Float64, value=\n"
     "[[ 0.00000000e+00,  1.00000000e+00,  2.00000000e+00,  3.00000000e+00,  4.00000000e+00, "
     " 5.00000000e+00]])"),
    (np.arange(7.0).reshape(1, 7), "Float64",
     "Tensor(shape=[1, 7], dtype=Float64, value=\n"
     "[[ 0.00000000e+00,  1.00000000e+00,  2.00000000e+00 ...  4.00000000e+00,  5.00000000e+00, "
     " 6.00000000e+00]])"),
    (np.arange(6).reshape(6, 1), "Int64",
     "Tensor(shape=[6, 1], dtype=Int64, value=\n"
     "[[0],\n"
     " [1],\n"
     " [2],\n"
     " [3],\n"
     " [4],\n"
     " [5]])"),
    (np.arange(7).reshape(7, 1), "Int64",
     "Tensor(shape=[7, 1], dtype=Int64, value=\n"
     "[[0],\n"
     " [1],\n"
     " [2],\n"
     " ...\n"
     " [4],\n"
     " [5],\n"
     " [6]])"),
    (np.array([[1, 2, 3, 1000000, 5, 6, 7]]), "Int64",
     "Tensor(shape=[1, 7], dtype=Int64, value=\n"
     "[[1, 2, 3 ... 5, 6, 7]])"),
    (np.arange(24).reshape(1, 24), "Int64",
     "Tensor(shape=[1, 24], dtype=Int64, value=\n"
     "[[ 0,  1,  2 ... 21, 22, 23]])"),
    (np.arange(8).reshape(2, 2, 2), "Int64",
     "Tensor(shape=[2, 2, 2], dtype=Int64, value=\n"
     "[[[0, 1],\n"
     "  [2, 3]],\n"
     " [[4, 5],\n"
     "  [6, 7]]])"),
    (np.arange(126).reshape(7, 2, 9), "Int64",
     "Tensor(shape=[7, 2, 9], dtype=Int64, value=\n"
     "[[[  0,   1,   2 ...   6,   7,   8],\n"
     "  [  9,  10,  11 ...  15,  16,  17]],\n"
     " [[ 18,  19,  20 ...  24,  25,  26],\n"
     "  [ 27,  28,  29 ...  33,  34,  35]],\n"
     " [[ 36,  37,  38 ...  42,  43,  44],\n"
     "  [ 45,  46,  47 ...  51,  52,  53]],\n"
     " ...\n"
     " [[ 72,  73,  74 ...  78,  79,  80],\n"
     "  [ 81,  82,  83 ...  87,  88,  89]],\n"
     " [[ 90,  91,  92 ...  96,  97,  98],\n"
     "  [ 99, 100, 101 ... 105, 106, 107]],\n"
     " [[108, 109, 110 ... 114, 115, 116],\n"
     "  [117, 118, 119 ... 123, 124, 125]]])"),
    (np.arange(63, dtype=np.uint8).reshape(3, 7, 3), "UInt8",
     "Tensor(shape=[3, 7, 3], dtype=UInt8, value=\n"
     "[[[ 0,  1,  2],\n"
     "  [ 3,  4,  5],\n"
     "  [ 6,  7,  8],\n"
     "  ...\n"
     "  [12, 13, 14],\n"
     "  [15, 16, 17],\n"
     "  [18, 19, 20]],\n"
     " [[21, 22, 23],\n"
     "  [24, 25, 26],\n"
     "  [27, 28, 29],\n"
     "  ...\n"
     "  [33, 34, 35],\n"
     "  [36, 37, 38],\n"
     "  [39, 40, 41]],\n"
     " [[42, 43, 44],\n"
     "  [45, 46, 47],\n"
     "  [48, 49, 50],\n"
     "  ...\n"
     "  [54, 55, 56],\n"
     "  [57, 58, 59],\n"
     "  [60, 61, 62]]])"),
    (np.arange(14, dtype=np.float16).reshape(7, 1, 2), "Float16",
     "Tensor(shape=[7, 1, 2], dtype=Float16, value=\n"
     "[[[ 0.0000e+00,  1.0000e+00]],\n"
     " [[ 2.0000e+00,  3.0000e+00]],\n"
     " [[ 4.0000e+00,  5.0000e+00]],\n"
     " ...\n"
     " [[ 8.0000e+00,  9.0000e+00]],\n"
     " [[ 1.0000e+01,  1.1000e+01]],\n"
     " [[ 1.2000e+01,  1.3000e+01]]])"),
    (np.arange(16).reshape(8, 1, 1, 2), "Int64",
     "Tensor(shape=[8, 1, 1, 2], dtype=Int64, value=\n"
     "[[[[ 0,  1]]],\n"
     " [[[ 2,  3]]],\n"
     " [[[ 4,  5]]],\n"
     " ...\n"
     " [[[10, 11]]],\n"
     " [[[12, 13]]],\n"
     " [[[14, 15]]]])"),
    (np.arange(64).reshape(8, 8) % 3 == 0, "Bool",
     "Tensor(shape=[8, 8], dtype=Bool, value=\n"
     "[[ True, False, False ... False,  True, False],\n"
     " [False,  True, False ... False, False,  True],\n"
     " [False, False,  True ...  True, False, False],\n"
     " ...\n"
     " [False, False,  True ...  True, False, False],\n"
     " [ True, False, False ... False,  True, False],\n"
     " [False,  True, False ... False, False,  True]])"),
    (np.arange(1001).reshape(1, 1001), "Int64",
     "Tensor(shape=[1, 1001], dtype=Int64, value=\n"
     "[[   0,    1,    2 ...  998,  999, 1000]])"),
    (np.arange(6).reshape(2, 3).T, "Int64",
     "Tensor(shape=[3, 2], dtype=Int64, value=\n"
     "[[0, 3],\n"
     " [1, 4],\n"
     " [2, 5]])"),
    (np.arange(10)[::-3], "Int64", "Tensor(shape=[4], dtype=Int64, value= [9, 6, 3, 0])"),
]

PARAMETERS: list[tuple[tuple[str, tuple[int, ...], str, bool], str]] = [
    (("w", (1, 2), "Float32", True),
     "Parameter (name=w, shape=(1, 2), dtype=Float32, requires_grad=True)"),
    (("fc.weight", (3,), "Float16", False),
     "Parameter (name=fc.weight, shape=(3,), dtype=Float16, requires_grad=False)"),
    (("s", (), "Float32", True),
     "Parameter (name=s, shape=(), dtype=Float32, requires_grad=True)"),
    (("n", (), "Int32", True),
     "Parameter (name=n, shape=(), dtype=Int32, requires_grad=True)"),
]
# fmt: on


@pytest.mark.parametrize(("array", "dtype_name", "expected"), TENSORS)
def test_tensor_repr(array: np.ndarray[Any, Any], dtype_name: str, expected: str) -> None:
    assert tensor_repr(array, dtype_name) == expected


@pytest.mark.parametrize(("attributes", "expected"), PARAMETERS)
def test_parameter_repr(attributes: tuple[str, tuple[int, ...], str, bool], expected: str) -> None:
    assert parameter_repr(*attributes) == expected


def test_print_options_do_not_matter() -> None:
    array = np.array([1 / 3], np.float32)
    with np.printoptions(precision=2, suppress=True):
        assert tensor_repr(array, "Float32") == ("Tensor(shape=[1], dtype=Float32, value= [ 3.33333343e-01])")


def test_only_visible_elements_are_formatted() -> None:
    zeros = np.broadcast_to(np.float32(0), (10**6, 10**6))  # a terabyte, were it stored
    assert tensor_repr(zeros, "Float32").count("0.00000000e+00") == 36
