"""`jit`: trace a function once for each kind of arguments, and run the optimised program from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dualtape import pytree
from dualtape.autodiff.transforms import require_callable
from dualtape.bits import exact_key
from dualtape.compiler.donation import donated, read_positions, run_giving_up
from dualtape.compiler.lowered import Lowered
from dualtape.compiler.variants import Compilations, has_loose_keys, leaf_key, variant_of
from dualtape.core.interpreter import nesting_depth, value_of
from dualtape.core.spec import Spec
from dualtape.devices.device import Device
from dualtape.devices.registry import current_device, find_device
from dualtape.errors import ArgumentError, ArgumentTypeError, DeviceError
from dualtape.functions.conversion import read_int
from dualtape.parameter import set_computed
from dualtape.primitives.convention import is_strict
from dualtape.recent import Recent
from dualtape.tensor import Tensor
from dualtape.views import is_observed

if TYPE_CHECKING:
    from dualtape.compiler.pipeline import Compiled

MOST_PROGRAMS = 64
"""How many programs of one function are kept at least, unless `jit` is told another number."""


class Prepared(NamedTuple):
    """What a function is for one kind of arguments.

    Attributes
    ----------
    compiled
        What runs.
    structure
        Of what the function gives.
    has_arrays
        Whether there are NumPy arrays in it. Callers may change these, so that each gets its own.
    """

    compiled: Compiled
    structure: Any
    has_arrays: bool


class Jitted:
    """A function that runs as an optimised program; made by :func:`jit`."""

    def __init__(
        self,
        fn: Callable[..., Any],
        device: Device | None = None,
        donate_argnums: tuple[int, ...] = (),
        max_programs: int = MOST_PROGRAMS,
        check_indices: bool = True,
    ) -> None:
        self._fn = fn
        self._device = device
        self._donated = donate_argnums
        self._checks = check_indices
        self._programs: Recent[Any, Prepared] = Recent(max_programs)
        self._compilations = Compilations(fn)
        self._has_loose_keys = False
        update_wrapper(self, fn, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, structure = flattened(args, kwargs)
        tensors = [x for x in leaves if isinstance(x, Tensor)]
        if is_inside(tensors):
            # Inside another transformation, whose values the function may use without being given them, it is an
            # ordinary function.
            return self._fn(*args, **kwargs)
        program, held = self._program(leaves, structure, tensors)
        compiled = program.compiled
        given_up = donated(self._donated, args, leaves) if self._donated else []
        storages = [x.data_ for x in (*tensors, *held)]
        if given_up:
            # Where operations run one by one, what is given up is free after its last reading.
            results = run_giving_up(given_up, getattr(compiled.run, "consume", compiled.run), storages, tensors)
        else:
            results = compiled.run(storages)
        count = len(results) - len(compiled.written)
        set_computed(compiled.written, results[count:])
        outputs = results[:count]
        if program.has_arrays:
            outputs = [x.copy() if isinstance(x, np.ndarray) else x for x in outputs]
        return pytree.unflatten(program.structure, outputs)

    def lower(self, *args: Any, **kwargs: Any) -> Lowered:
        """The programs for these arguments; they print as text.

        Examples
        --------
        >>> import dualtape as dt
        >>> print(dt.jit(lambda x: (x + x) * (x + x)).lower(dt.Tensor([1.0])).optimised)
        program(v0: float32[1]):
          v1: float32[1] = add(v0, v0)
          v2: float32[1] = multiply(v1, v1)
          return v2
        """
        leaves, structure = flattened(args, kwargs)
        return self._program(leaves, structure, [x for x in leaves if isinstance(x, Tensor)])[0].compiled.lowered

    def compile(self, *args: Any, **kwargs: Any) -> Lowered:
        """Make ready for arguments of this kind, and give the programs, as :meth:`lower` does.

        The program is traced and planned, its kernels are built, and it runs once: drivers finish a kernel when it
        first does. Nothing else happens: Parameters keep their values, what may be donated stays, results are dropped.

        Examples
        --------
        >>> import dualtape as dt
        >>> counter = dt.Parameter(dt.Tensor([0.0]))
        >>> def step(x):
        ...     counter.set_data(counter + x)
        ...     return counter * 2
        >>> jitted = dt.jit(step)
        >>> _ = jitted.compile(dt.ops.ones(1))
        >>> print(counter.value(), jitted(dt.ops.ones(1)))
        [0.] [2.]
        """
        leaves, structure = flattened(args, kwargs)
        tensors = [x for x in leaves if isinstance(x, Tensor)]
        program, held = self._program(leaves, structure, tensors)
        program.compiled.run([x.data_ for x in (*tensors, *held)])
        return program.compiled.lowered

    def _program(self, leaves: list[Any], structure: Any, tensors: list[Tensor]) -> tuple[Prepared, list[Tensor]]:
        """The program for these arguments, and the values of the parameters that it reads."""
        device = common_device(tensors)
        key: Any = (structure, device.name, is_strict(), *map(leaf_key, leaves))
        if self._has_loose_keys:
            key = (key, exact_key(pytree.paths_of(structure)))
        found = self._programs[key]
        if found is not None:
            held = [value_of(parameter) for parameter in found.compiled.read]
            # Parameters may have been moved, cast or given another shape since.
            if [(x.device_, x.data_.shape, x.data_.dtype) for x in held] == found.compiled.kinds:
                return found, held
        if not self._has_loose_keys and has_loose_keys(structure):
            self._has_loose_keys = True
            key = (key, exact_key(pytree.paths_of(structure)))
        self._compilations.add(variant_of(leaves, structure, device, is_strict()), self._programs.limit)
        found = self._programs[key] = self._compile(leaves, structure, tensors, device)
        return found, [value_of(parameter) for parameter in found.compiled.read]

    def _compile(self, leaves: list[Any], structure: Any, tensors: list[Tensor], device: Device) -> Prepared:
        # Imported when something is compiled: the generator of kernels would double the time to import the package.
        from dualtape.compiler.pipeline import compile_function

        output_structure: Any = None
        has_arrays = False

        def flat(*values: Tensor) -> list[Any]:
            nonlocal output_structure, has_arrays
            args, kwargs = filled(leaves, structure, values)
            outputs, output_structure = pytree.flatten(pytree.map(value_of, self._fn(*args, **kwargs)))
            has_arrays = any(isinstance(x, np.ndarray) for x in outputs)
            return outputs

        specs = [Spec(x.shape, x.dtype) for x in tensors]
        compiled = compile_function(flat, specs, device, self._device, self._checks)
        return Prepared(compiled, output_structure, has_arrays)


def jit(
    fn: Callable[..., Any],
    device: str | Device | None = None,
    donate_argnums: int | Sequence[int] = (),
    max_programs: int = MOST_PROGRAMS,
    check_indices: bool = True,
) -> Jitted:
    """Trace ``fn`` on the first call with given shapes, element types and structure, then run the program.

    Tensors in the arguments, in nested containers or not, are inputs; so are the Parameters that the function reads,
    whose later values later calls see. Everything else in the arguments is static: another value, of other bits or of
    another type, means another trace. Inside another transformation a jitted function is an ordinary one.

    A program that does much the same at many points, such as a training step of a physics-informed network, runs as
    one kernel over blocks of points: on the OpenCL device that its inputs are on or, for inputs on the host, on the
    first one that is a processor. Sums over the points are then taken in another order than by the operations
    one by one, in the same order at each call. ``device`` chooses the device of the kernel, and a kernel for small
    programs too; ``"host"`` means none. Results are on the device of the inputs in any case.

    ``donate_argnums`` names positions of arguments whose tensors the function may use up, such as the old state in
    ``state = step(state, batch)``: their memory is free for intermediate values and results as soon as it has been
    read, and using one of them after the call is an error. Inside another transformation nothing is used up.

    An index outside of its axis is the error that it is eagerly, though it may come after all has been launched. With
    ``check_indices=False`` nobody looks, and what is read there is anything.

    Each kind of arguments has a program of its own. The ``max_programs`` used last are kept, and never more than twice
    as many; the tenth compilation brings a warning that says what changed from one to the next.

    Examples
    --------
    >>> import dualtape as dt
    >>> slope = dt.jit(dt.grad(lambda x: (x ** 3).sum()))
    >>> print(slope(dt.Tensor([1.0, 2.0])))
    [ 3. 12.]
    """
    place = None if device is None else find_device(device)
    most = read_int("jit", "max_programs", max_programs)
    if most < 1:
        raise ArgumentError(f"`max_programs` of `jit` must be at least 1, got {most}")
    if not isinstance(check_indices, bool):
        raise ArgumentTypeError(f"`check_indices` of `jit` must be a bool, got {type(check_indices).__name__}")
    return Jitted(require_callable("jit", fn), place, read_positions(donate_argnums), most, check_indices)


def flattened(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], Any]:
    """The arguments of a call as leaves, arrays as tensors, and their structure."""
    leaves, structure = pytree.flatten((args, kwargs))
    return [_read_leaf(leaf) for leaf in leaves], structure


def _read_leaf(leaf: Any) -> Any:
    return Tensor(leaf) if isinstance(leaf, np.ndarray) else value_of(leaf)


def filled(leaves: list[Any], structure: Any, values: Iterable[Tensor]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments that were :func:`flattened`, with other values in the place of their tensors."""
    given = iter(values)
    found: tuple[tuple[Any, ...], dict[str, Any]] = pytree.unflatten(
        structure, [next(given) if isinstance(leaf, Tensor) else leaf for leaf in leaves]
    )
    return found


def is_inside(tensors: list[Tensor]) -> bool:
    """Whether a function of these tensors is called inside another transformation."""
    return is_observed() or nesting_depth() > 0 or any(x.level.depth for x in tensors)


def common_device(tensors: list[Tensor]) -> Device:
    """Where they all are; the current device if there are none."""
    found = {tensor.device.name: tensor.device for tensor in tensors}
    if len(found) > 1:
        raise DeviceError(f"a jitted function got tensors on {' and '.join(found)}; move them to one device")
    return next(iter(found.values()), None) or current_device()
