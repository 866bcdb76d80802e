"""OpenCL C sources, and a linker for the small functions of `math_*.cl`.

A compiler's time grows with what it reads, so `math_source` hands out only the functions asked for and
those they call. Every function is written once in terms of REAL, INT and a few more names; here those
become concrete types, once for each vector width, and OpenCL's `overloadable` lets `dt_exp(x)` mean the
right one.

In a `.cl` file of functions a definition starts at the margin with one of

    FUNCTION  HELPER          both precisions        FUNCTION: callers may ask for it
    FUNCTION32  HELPER32      float32 only           HELPER: serves other functions only
    FUNCTION64  HELPER64      float64 only
              RARE            a helper for numbers that are seldom met: never inlined, so that kernels compile sooner

and ends with the first `}` at the margin. The comment above it belongs to the reader, not the compiler.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["declarations", "math_functions", "math_source", "source"]

_DEFINITION = re.compile(r"^(FUNCTION|HELPER|RARE)(32|64)? (?:\w+) (dt_\w+)\(.*?^\}\n", re.MULTILINE | re.DOTALL)
_CALLED = re.compile(r"\b(\w+)\(")
_NAME = re.compile(r"\bdt_\w+")
_BUILTIN = re.compile(r"^((?:PURE|READ|SYNC|WRITE) \w+ (\w+)\(.*;\n)", re.MULTILINE)
_COMMENT = re.compile(r"\s*//[^\n]*")
_WIDTHS = (1, 2, 4, 8, 16)

# What a function body may use, for each precision. `PICK` chooses a literal, `R` makes one a REAL.
_PRECISION = {
    "float32": """\
#define PICK(single, twofold) ((REAL)(single##f))
#define MANTISSA_BITS 23
#define EXPONENT_BIAS 127
#define SIGN_BIT ((INT)(0x80000000))
#define SMALLEST_NORMAL R(0x1p-126)
#define ROUNDER R(0x1.8p+23)
""",
    "float64": """\
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define PICK(single, twofold) ((REAL)(twofold))
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#define SIGN_BIT ((INT)(0x8000000000000000))
#define SMALLEST_NORMAL R(0x1p-1022)
#define ROUNDER R(0x1.8p+52)
""",
}
_COMMON = """\
#define FUNCTION static inline __attribute__((overloadable, always_inline))
#define RARE static __attribute__((overloadable, noinline))
#define R(literal) PICK(literal, literal)
#define INF ((REAL)(INFINITY))
#define HALF_PI PICK(1.57079633, 1.5707963267948966)
#define HALF_PI_LOW PICK(-4.37113883e-8, 6.123233995736766e-17)
#define NOT_A_NUMBER ((REAL)(NAN))
"""
# Attributes as OpenCL's own header has them: what a function may do decides what the compiler may do with its calls.
_ATTRIBUTES = """\
#define PURE __attribute__((overloadable, const))
#define READ __attribute__((overloadable, pure))
#define SYNC __attribute__((overloadable, convergent))
#define WRITE __attribute__((overloadable))
"""
_KINDS = {"": ("",), "ANY": ("int", "uint", "long", "ulong", "float", "double"), "REAL": ("float", "double")}
_SCALAR_TYPES = {"float32": ("float", "int", "uint"), "float64": ("double", "long", "ulong")}


def _folder() -> Traversable:
    from importlib.resources import files  # slow to import, and not needed until a kernel is built

    return files(__name__)


@cache
def source(name: str) -> str:
    """The text of `name.cl`."""
    return (_folder() / f"{name}.cl").read_text(encoding="utf-8")


def declarations(text: str) -> str:
    """OpenCL C that declares those of its own functions which ``text`` calls.

    A compiler that keeps no table of them reads a header of 18,000 lines instead, for every program.
    """
    called = set(_CALLED.findall(text))
    double = "double" in text
    lines = [_ATTRIBUTES, "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n" * double]
    for declaration, name in _BUILTIN.findall(source("builtins")):
        if name in called:
            kinds = _KINDS["ANY" if "ANY" in declaration else "REAL" if "REAL" in declaration else ""]
            lines += [re.sub("ANY|REAL", kind, declaration) for kind in kinds if double or kind != "double"]
    return "".join([*lines, _undefine(_ATTRIBUTES)])


def math_functions() -> tuple[str, ...]:
    """The names that `math_source` knows, sorted."""
    return tuple(sorted(name for name, public in _index("float32")[1].items() if public))


def math_source(functions: Iterable[str], dtype: str, widths: Iterable[int] = (1,)) -> str:
    """OpenCL C that defines `functions` and what they call, for scalars (width 1) and vectors of `dtype`.

    The texts for two dtypes can be joined. The text leaves FP_CONTRACT on, as OpenCL has it by default:
    the polynomials rely on it for speed. Never build with -cl-fast-relaxed-math or a part of it.

    The error bounds stated in the files hold where the device rounds + - * / and sqrt correctly and keeps
    subnormal numbers, as every CPU device does; for float32 OpenCL lets a device do worse.
    """
    if dtype not in _PRECISION:
        raise ValueError(f"math_source: dtype must be 'float32' or 'float64', not {dtype!r}")
    chosen = sorted(set(widths))
    if not set(chosen) <= set(_WIDTHS):
        raise ValueError(f"math_source: widths must be among {_WIDTHS}, not {chosen}")
    bodies = "".join(_closure(functions, dtype))
    constants = _PRECISION[dtype] + _COMMON
    parts = ["#pragma OPENCL FP_CONTRACT ON\n", constants]
    for width in chosen:
        types = _types(dtype, width)
        parts += [types, bodies, _undefine(types)]
    parts.append(_undefine(constants))
    return "".join(parts)


@cache
def _index(dtype: str) -> tuple[dict[str, str], dict[str, bool]]:
    """Each function's text, in file order, and whether callers may ask for it."""
    texts: dict[str, str] = {}
    public: dict[str, bool] = {}
    for file in sorted(path.name for path in _folder().iterdir()):
        if not re.fullmatch(r"math_\w+\.cl", file):
            continue
        for match in _DEFINITION.finditer(source(file.removesuffix(".cl"))):
            kind, precision, name = match.groups()
            if precision in (None, dtype.removeprefix("float")):
                text = _COMMENT.sub("", match.group())
                texts[name] = f"{'RARE' if kind == 'RARE' else 'FUNCTION'} {text.split(' ', 1)[1]}"
                public[name] = kind == "FUNCTION"
    return texts, public


def _closure(functions: Iterable[str], dtype: str) -> list[str]:
    """The definitions of `functions` and of all they call, callees first."""
    texts, public = _index(dtype)
    ordered: dict[str, str] = {}

    def visit(name: str) -> None:
        if name not in ordered:
            for callee in sorted(set(_NAME.findall(texts[name])) - {name}):
                visit(callee)
            ordered[name] = texts[name]

    for name in sorted(set(functions)):
        if not public.get(name):
            raise ValueError(f"math_source: no function {name!r}; there are {', '.join(math_functions())}")
        visit(name)
    return list(ordered.values())


def _types(dtype: str, width: int) -> str:
    bits = int(dtype.removeprefix("float"))
    suffix = str(width) if width > 1 else ""
    real, integer, natural = (name + suffix for name in _SCALAR_TYPES[dtype])
    some = " | ".join(_short("(condition)", width, bits))
    roots = ", ".join(f"sqrt{part}" for part in _short("(x)", width, bits))
    return f"""\
#define REAL {real}
#define INT {integer}
#define UINT {natural}
#define WIDE ulong{suffix}
#define AS_REAL(x) as_{real}(x)
#define AS_INT(x) as_{integer}(x)
#define AS_UINT(x) as_{natural}(x)
#define TO_WIDE(x) {_converted("ulong", width, bits)}
#define TO_INT(x) {_converted(_SCALAR_TYPES[dtype][1], width, bits)}
#define ANY(condition) {f"any({some})" if width > 1 else "(condition)"}
#define SQRT(x) (REAL)({roots})
"""


def _converted(integer: str, width: int, bits: int) -> str:
    """`x` as a vector of `integer`, by 32 bytes."""
    if bits == 64:
        return f"as_{integer}{width if width > 1 else ''}(x)"
    parts = _short("(x)", width, 64)
    each = width // len(parts)
    call = f"convert_{integer}{each if each > 1 else ''}"
    return f"({integer}{width if width > 1 else ''})({', '.join(call + part for part in parts)})"


def _short(vector: str, width: int, bits: int) -> list[str]:
    """The parts of `vector` of at most 32 bytes.

    PoCL 3.0 cannot compile library functions of longer vectors: it crashes, or eats all memory.
    """
    if width * bits <= 256:
        return [f"({vector})"]
    return [part for half in (".lo", ".hi") for part in _short(vector + half, width // 2, bits)]


def _undefine(definitions: str) -> str:
    return "".join(f"#undef {name}\n" for name in re.findall(r"^#define (\w+)", definitions, re.MULTILINE))
