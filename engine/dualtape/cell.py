"""Cell: a function with parameters and parts, which it finds and names by attribute."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Self

from dualtape.autodiff.rules import custom_derivative
from dualtape.core.interpreter import Value, value_of
from dualtape.devices.device import Device
from dualtape.devices.registry import find_device
from dualtape.dtypes import as_dtype
from dualtape.errors import ArgumentTypeError, CellError, DTypeError
from dualtape.functions.conversion import cast_to, read_flag
from dualtape.functions.shape import stop_gradient
from dualtape.parameter import Parameter, ParameterTuple, replace_all
from dualtape.views import call_substituted

__all__ = ["Cell", "Module"]

Surrounding = Callable[..., Any]
"""``surrounding(cell, run, *inputs)``: what is done instead of ``run(*inputs)``, which is the cell without it."""


class Cell:
    """The base of networks, layers and losses: define ``construct``, assign parameters and cells to attributes.

    Attributes are the registry: a Parameter, a ParameterTuple or a Cell that is an attribute belongs to the
    cell; those in plain lists, tuples and dicts do not. A parameter's name is its attribute path, as in
    ``fc.weight``; it is renamed when its cell becomes an attribute of another one.

    Parameters
    ----------
    auto_prefix
        Rename the parameters of cells that become attributes of this one.

    Examples
    --------
    >>> import dualtape as dt
    >>> class Line(dt.nn.Cell):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope = dt.Parameter(dt.Tensor(2.0))
    ...
    ...     def construct(self, x):
    ...         return self.slope * x
    >>> line = Line()
    >>> print(line(dt.Tensor([1.0, 3.0])), line.trainable_params())
    [2. 6.] [Parameter (name=slope, shape=(), dtype=Float32, requires_grad=True)]

    With ``bprop(*inputs, out, dout)`` a cell brings its own derivative in reverse mode: the cotangents of its inputs,
    from its output and the output's cotangent. Parameters that it reads get none through it.

    >>> class Saturating(dt.nn.Cell):
    ...     def construct(self, x):
    ...         return dt.ops.sign(x)
    ...
    ...     def bprop(self, x, out, dout):
    ...         return (dout * (1 - dt.ops.tanh(x) ** 2),)
    >>> print(dt.grad(Saturating())(dt.Tensor([0.0, 1.0])))
    [1.         0.41997433]
    """

    bprop: Any = None
    # What stands around `construct`, the innermost first; a cell that has any has a tuple of its own.
    _surroundings: tuple[Surrounding, ...] = ()

    def __init__(self, auto_prefix: bool = True) -> None:
        self._auto_prefix = read_flag(self, "auto_prefix", auto_prefix)
        self.training = False

    def construct(self, *args: Any, **kwargs: Any) -> Any:
        """What the cell computes; every subclass says it."""
        raise CellError("For 'Cell', the method 'construct' is not defined.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        run: Callable[..., Any] = self.construct if self.bprop is None else self._call_with_bprop
        for surrounding in self._surroundings:
            run = partial(surrounding, self, run)
        return run(*args, **kwargs)

    def _call_with_bprop(self, *args: Any, **kwargs: Any) -> Any:
        given = inspect.signature(self.construct).bind(*args, **kwargs)
        given.apply_defaults()
        if given.kwargs:
            raise ArgumentTypeError(
                f"`{type(self).__name__}` has a `bprop`, which takes positional inputs only; its `construct` must have "
                f"no keyword-only arguments, got {', '.join(given.kwargs)}"
            )
        return custom_derivative(self._detached_construct, vjp=self._pull_back)(*given.args)

    def _detached_construct(self, *inputs: Any) -> Any:
        # What a transformation put in the place of parameters has no derivative here: `bprop` gives that of the inputs.
        values = {parameter: value_of(parameter) for parameter in self.get_parameters()}
        constants = {parameter: stop_gradient(x) for parameter, x in values.items() if x.level.depth}
        return call_substituted(constants, self.construct, *inputs)

    def _pull_back(self, *inputs_out_dout: Any) -> tuple[Any, ...]:
        count = len(inputs_out_dout) - 2
        found = self.bprop(*inputs_out_dout)
        cotangents = found if isinstance(found, tuple) else (found,)
        return cotangents[:count]

    def surround(self, surrounding: Surrounding) -> Callable[[], None]:
        """Put ``surrounding(cell, run, *inputs)`` in the place of each call; ``run`` is what was called before.

        Returns
        -------
        callable
            Takes it away again.

        Examples
        --------
        >>> import dualtape as dt
        >>> relu = dt.nn.ReLU()
        >>> remove = relu.surround(lambda cell, run, x: 2 * run(x))
        >>> print(relu(dt.Tensor([-1.0, 1.0])))
        [0. 2.]
        >>> remove()
        >>> print(relu(dt.Tensor([-1.0, 1.0])))
        [0. 1.]
        """
        self._require_init("surround")
        entry = partial(surrounding)  # an object of its own: the same function may stand around a cell twice
        self._surroundings = (*self._surroundings, entry)

        def remove() -> None:
            self._surroundings = tuple(one for one in self._surroundings if one is not entry)

        return remove

    # Attributes

    def __setattr__(self, name: str, value: Any) -> None:
        present = self.__dict__.get(name)
        if isinstance(present, Parameter) and not isinstance(value, Parameter):
            self._set_parameter(name, present, value)
            return
        if isinstance(value, (Parameter, ParameterTuple)):
            self._require_init("insert_param_to_cell")
            if isinstance(value, Parameter) and value.has_default_name:
                value.name = name
        elif isinstance(value, Cell):
            self._require_init("insert_child_to_cell")
            if self._auto_prefix:
                value.update_parameters_name(f"{name}.")
        super().__setattr__(name, value)

    def _require_init(self, action: str) -> None:
        if "_auto_prefix" not in self.__dict__:
            raise CellError(f"For '{action}', please call Cell.__init__() firstly.")

    def _set_parameter(self, name: str, present: Parameter, value: Any) -> None:
        """Assign to an attribute that is a parameter: a Tensor is its new value, ``None`` removes it."""
        if isinstance(value, Value):
            present.set_data(value)
        elif value is None:
            super().__setattr__(name, None)
        else:
            raise ArgumentTypeError(
                f"Parameter '{name}' already exists in network, "
                f"can not assign this type: '{type(value)}' as a parameter."
            )

    def __getattr__(self, name: str) -> Any:
        raise CellError(f"The '{type(self).__name__}' object has no attribute '{name}'.")

    def __delattr__(self, name: str) -> None:
        if name not in self.__dict__:
            raise CellError(f"The '{type(self).__name__}' object has no attribute '{name}'.")
        super().__delattr__(name)

    # Parts

    def name_cells(self) -> dict[str, Cell]:
        """The direct parts, by attribute; a cell that has two names is listed under the first."""
        found: dict[str, Cell] = {}
        for name, value in vars(self).items():
            if isinstance(value, Cell) and not any(value is cell for cell in found.values()):
                found[name] = value
        return found

    def cells(self) -> Iterator[Cell]:
        """The direct parts."""
        return iter(self.name_cells().values())

    def cells_and_names(self, name_prefix: str = "") -> Iterator[tuple[str, Cell]]:
        """This cell and all below it, each once, with their attribute paths."""
        seen: set[int] = set()

        def walk(path: str, cell: Cell) -> Iterator[tuple[str, Cell]]:
            if id(cell) in seen:
                return
            seen.add(id(cell))
            yield path, cell
            for name, part in cell.name_cells().items():
                yield from walk(f"{path}.{name}" if path else name, part)

        return walk(name_prefix, self)

    # Parameters

    def _own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                yield name, value
            elif isinstance(value, ParameterTuple):
                yield from ((parameter.name, parameter) for parameter in value)

    def parameters_and_names(self, name_prefix: str = "", expand: bool = True) -> Iterator[tuple[str, Parameter]]:
        """Parameters with their attribute paths, each once: the cell's own, then those of its parts."""
        seen: set[int] = set()
        for path, cell in self.cells_and_names(name_prefix) if expand else [(name_prefix, self)]:
            for name, parameter in cell._own_parameters():
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield f"{path}.{name}" if path else name, parameter

    def get_parameters(self, expand: bool = True) -> Iterator[Parameter]:
        """Parameters, the cell's own first; without ``expand`` those only."""
        return (parameter for _, parameter in self.parameters_and_names(expand=expand))

    def trainable_params(self, recurse: bool = True) -> list[Parameter]:
        """Parameters that training changes: those with ``requires_grad``."""
        return [parameter for parameter in self.get_parameters(recurse) if parameter.requires_grad]

    def untrainable_params(self, recurse: bool = True) -> list[Parameter]:
        """Parameters without ``requires_grad``."""
        return [parameter for parameter in self.get_parameters(recurse) if not parameter.requires_grad]

    def parameters_dict(self, recurse: bool = True) -> dict[str, Parameter]:
        """Parameters by name."""
        return {parameter.name: parameter for parameter in self.get_parameters(recurse)}

    def update_parameters_name(self, prefix: str = "", recurse: bool = True) -> None:
        """Name every parameter by ``prefix`` and its attribute path."""
        for path, parameter in self.parameters_and_names(expand=recurse):
            parameter.name = prefix + path

    # State of the whole cell

    def set_train(self, mode: bool = True) -> Self:
        """Set ``training`` here and in all parts; returns the cell."""
        training = read_flag("set_train", "mode", mode)
        for _, cell in self.cells_and_names():
            cell.training = training
        return self

    def set_grad(self, requires_grad: bool = True) -> Self:
        """Accepted as in MindSpore, without effect: `grad` itself says what is differentiated; returns the cell."""
        return self

    def freeze(self, frozen: bool = True) -> Self:
        """Set ``requires_grad`` of all parameters to ``not frozen``; returns the cell."""
        trained = not read_flag("freeze", "frozen", frozen)
        for parameter in self.get_parameters():
            parameter.requires_grad = trained
        return self

    def move_to(self, device: str | Device) -> Self:
        """Move all parameters to a device; returns the cell."""
        parameters, target = list(self.get_parameters()), find_device(device)
        replace_all(parameters, [parameter.held.to(target) for parameter in parameters])
        return self

    def astype(self, dtype: Any) -> Self:
        """Convert all parameters that hold floats to another float type; returns the cell.

        Examples
        --------
        >>> import dualtape as dt
        >>> net = dt.nn.Dense(2, 1).astype(dt.float64)
        >>> print(net(dt.ops.ones((1, 2), dt.float64)).dtype)
        Float64
        """
        target = as_dtype(dtype)
        if not target.is_float:
            raise DTypeError(f"`dtype` of `Cell.astype` must be a float type, got {target}")
        parameters = [parameter for parameter in self.get_parameters() if parameter.dtype.is_float]
        replace_all(parameters, [cast_to(parameter.held, target) for parameter in parameters])
        return self

    # Text

    def extend_repr(self) -> str:
        """What stands between the parentheses of a cell without parts."""
        return ""

    def __repr__(self) -> str:
        name, inside = type(self).__name__, self.extend_repr()
        parts = [f"({key}): {cell!r}" for key, cell in self.name_cells().items()]
        if not parts:
            return f"{name}({inside})"
        lines = [line for part in ([inside] if inside else []) + parts for line in part.splitlines()]
        return "\n".join([f"{name}(", *(f"  {line}" for line in lines), ")"])


class Module(Cell):
    """LuoJiaNET's name of :class:`Cell`: subclasses define ``call`` instead of ``construct``.

    Examples
    --------
    >>> import dualtape as dt
    >>> class Double(dt.nn.Module):
    ...     def call(self, x):
    ...         return 2 * x
    >>> print(Double()(dt.Tensor([1.0])))
    [2.]
    """

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass says it."""
        raise CellError("For 'Module', the method 'call' is not defined.")

    def construct(self, *args: Any, **kwargs: Any) -> Any:
        return self.call(*args, **kwargs)
