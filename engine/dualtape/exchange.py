"""Functions in files that other libraries run: ONNX, the Open Neural Network Exchange.

A function is traced as :func:`dualtape.jit` traces it, and each primitive becomes a node or two of ONNX's; Parameters
become numbers in the file. How many points there are stays open: the function is traced with a number that nothing else
is likely to be, and wherever that is a size, the size is that of the input.

Reference: ONNX, *Operator schemas*, https://onnx.ai/onnx/operators, opset 18.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.compiler.passes import optimise
from dualtape.compiler.program import Equation, KnownNode, Node, Operand, Program, trace_program
from dualtape.core.spec import Spec
from dualtape.devices.registry import current_device
from dualtape.dtypes import DType, float32
from dualtape.errors import ArgumentError, ArgumentTypeError, MissingExtraError
from dualtape.files import replacing
from dualtape.tensor import Tensor

OPSET, IR_VERSION = 18, 9
ANY_NUMBER = 7919  # a prime, which no layer is likely to have as its width

OPERATORS = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "negative": "Neg",
    "reciprocal": "Reciprocal", "sqrt": "Sqrt", "absolute": "Abs", "sign": "Sign", "exp": "Exp", "log": "Log",
    "sin": "Sin", "cos": "Cos", "tan": "Tan", "asin": "Asin", "acos": "Acos", "atan": "Atan", "sinh": "Sinh",
    "cosh": "Cosh", "tanh": "Tanh", "asinh": "Asinh", "acosh": "Acosh", "atanh": "Atanh", "sigmoid": "Sigmoid",
    "softplus": "Softplus", "relu": "Relu", "erf": "Erf", "maximum": "Max", "minimum": "Min", "power": "Pow",
    "matmul": "MatMul", "where": "Where", "floor": "Floor", "ceil": "Ceil", "less": "Less",
    "less_equal": "LessOrEqual", "greater": "Greater", "equal": "Equal", "greater_equal": "GreaterOrEqual",
    "logical_and": "And", "logical_or": "Or", "logical_not": "Not", "stop_gradient": "Identity",
}  # fmt: skip
"""ONNX's name of what both have with the same operands."""


def export_onnx(
    function: Callable[[Tensor], Any],
    path: str | os.PathLike[str],
    features: int,
    *,
    dtype: DType = float32,
    names: tuple[str, str] = ("points", "values"),
) -> None:
    """Write a function of points of shape (N, ``features``), such as a network, to a file in the ONNX format.

    Parameters
    ----------
    function
        From a Tensor with any number of rows to one Tensor, by operations that ONNX has.
    path
        Of the file, which changes in one instant or not at all.
    features
        How many columns the points have.
    dtype
        Their element type.
    names
        Of the input and the output in the file.

    Raises
    ------
    MissingExtraError
        onnx is not installed; ``pip install "dualtape[onnx]"``.
    ArgumentError
        The function uses an operation that ONNX does not have.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from onnx.reference import ReferenceEvaluator
    >>> import dualtape as dt
    >>> network = dt.nn.MLP(2, 1, seed=0)
    >>> points = np.ones((3, 2), np.float32)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "network.onnx")
    ...     dt.export_onnx(network, path, features=2)
    ...     (found,) = ReferenceEvaluator(path).run(None, {"points": points})
    >>> np.allclose(found, network(dt.Tensor(points)).asnumpy(), atol=1e-6)
    True
    """
    try:
        import onnx
    except ImportError as failure:
        raise MissingExtraError('`export_onnx` needs onnx: pip install "dualtape[onnx]"') from failure
    if not callable(function):
        raise ArgumentTypeError(f"`function` of `export_onnx` must be a function, got {type(function).__name__}")
    if isinstance(features, bool) or not isinstance(features, int) or features < 1:
        raise ArgumentError(f"`features` of `export_onnx` must be an int from 1 on, got {features!r}")

    def flat(points: Tensor) -> list[Any]:
        found = function(points)
        if not isinstance(found, Tensor):
            raise ArgumentTypeError(f"`export_onnx` takes a function that gives one Tensor, got {type(found).__name__}")
        return [found]

    program, parameters, written = trace_program(flat, [Spec((ANY_NUMBER, features), dtype)], current_device())
    if written:
        raise ArgumentError(f"the function sets the Parameter {written[0].name!r}, which a file cannot")
    graph = _Graph(onnx, optimise(program), names)
    graph.know(dict(zip(graph.program.inputs[1:], (parameter.asnumpy() for parameter in parameters), strict=True)))
    with replacing(path) as file:
        file.write(graph.model().SerializeToString())


class _Graph:
    """The nodes of a program, as they are written."""

    def __init__(self, onnx: Any, program: Program, names: tuple[str, str]) -> None:
        self._onnx = onnx
        self.program = program
        self._input, self._output = names
        self._names: dict[Node, str] = {program.inputs[0]: names[0]}
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def know(self, values: dict[Node, np.ndarray]) -> None:
        """Inputs that are numbers in the file."""
        for node, value in values.items():
            self._names[node] = self._constant(value)

    def model(self) -> Any:
        """The whole, checked."""
        helper = self._onnx.helper
        for equation in self.program.equations:
            self._names[equation.output] = self._written(equation)
        (result,) = self.program.outputs
        name = self._named(result, None)
        self._nodes.append(helper.make_node("Identity", [name], [self._output]))
        start = self.program.inputs[0]
        assert isinstance(result, Node)
        ends = [
            helper.make_tensor_value_info(
                name, self._kind(node.spec.dtype), ["N" if size == ANY_NUMBER else size for size in node.spec.shape]
            )
            for name, node in ((self._input, start), (self._output, result))
        ]
        graph = helper.make_graph(self._nodes, "dualtape", ends[:1], ends[1:], self._constants)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="dualtape")
        self._onnx.checker.check_model(model, full_check=True)
        return model

    def _written(self, equation: Equation) -> str:
        """Write the nodes of an equation; the name of its output."""
        primitive, params, shape = equation.primitive.name, equation.params, equation.output.spec.shape
        known = [x.spec.dtype for x in equation.operands if isinstance(x, Node)]
        like = next((dtype for dtype in known if dtype.is_float), known[0] if known else float32)
        operands = [self._named(x, like) for x in equation.operands]
        match primitive:
            case name if name in OPERATORS:
                return self._node(OPERATORS[name], *operands)
            case "square":
                return self._node("Mul", operands[0], operands[0])
            case "rsqrt":
                return self._node("Reciprocal", self._node("Sqrt", operands[0]))
            case "expm1":
                return self._node("Sub", self._node("Exp", operands[0]), self._constant(np.ones((), like.numpy)))
            case "log1p":
                return self._node("Log", self._node("Add", operands[0], self._constant(np.ones((), like.numpy))))
            case "strong_multiply":  # 0 times whatever is 0
                zero = self._constant(np.zeros((), like.numpy))
                is_zero = self._node("Equal", operands[0], zero)
                return self._node("Where", is_zero, zero, self._node("Mul", *operands))
            case "permute":
                return self._node("Transpose", *operands, perm=params["axes"])
            case "concatenate":
                return self._node("Concat", *operands, axis=params["axis"])
            case "sum" | "maximum_along" | "minimum_along":
                kind = {"sum": "ReduceSum", "maximum_along": "ReduceMax", "minimum_along": "ReduceMin"}[primitive]
                return self._node(kind, *operands, self._constant(np.array(params["axes"], np.int64)), keepdims=1)
            case "reshape":
                return self._node("Reshape", *operands, self._shape(shape))
            case "broadcast_to":
                return self._node("Expand", *operands, self._shape(shape))
            case "cut":
                return self._cut(equation, operands[0])
            case "cast":
                return self._node("Cast", *operands, to=self._kind(params["dtype"]))
        raise ArgumentError(
            f"`export_onnx` cannot write `{primitive}`, which the function uses: ONNX files hold the common operations "
            "of networks"
        )

    def _cut(self, equation: Equation, operand: str) -> str:
        params = equation.params
        sizes = equation.reads[0].spec.shape
        slices = zip(params["starts"], params["sizes"], params["steps"], sizes, strict=True)
        parts = [
            (axis, start, start + step * size, step)
            for axis, (start, size, step, whole) in enumerate(slices)
            if (start, size, step) != (0, whole, 1)
        ]
        if not parts:
            return operand
        axes, starts, ends, steps = (np.array(column, np.int64) for column in zip(*parts, strict=True))
        # Backwards past the first element: a negative end would count from the last one.
        ends = np.where((steps < 0) & (ends < 0), np.iinfo(np.int64).min, ends)
        if any(sizes[axis] == ANY_NUMBER for axis in axes):
            raise ArgumentError("`export_onnx`: the function takes some of the points apart, and their number is open")
        return self._node("Slice", operand, *map(self._constant, (starts, ends, axes, steps)))

    def _shape(self, shape: tuple[int, ...]) -> str:
        """A shape whose size N is that of the input."""
        if ANY_NUMBER not in shape:
            return self._constant(np.array(shape, np.int64))
        first = self._node("Slice", self._node("Shape", self._input), *map(self._constant, (_ints(0), _ints(1))))
        return self._node(
            "Concat", *[first if size == ANY_NUMBER else self._constant(_ints(size)) for size in shape], axis=0
        )

    def _named(self, operand: Operand, like: DType | None) -> str:
        if isinstance(operand, KnownNode):
            return self._constant(np.asarray(operand.value))
        if isinstance(operand, Node):
            return self._names[operand]
        return self._constant(np.array(operand, None if like is None else like.numpy))

    def _constant(self, value: np.ndarray) -> str:
        if ANY_NUMBER in value.shape:
            raise ArgumentError("`export_onnx`: the function holds an array with a row for each point")
        name = f"c{len(self._constants)}"
        self._constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"v{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def _kind(self, dtype: DType) -> int:
        kind: int = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype.numpy))
        return kind


def _ints(number: int) -> np.ndarray:
    return np.array([number], np.int64)
