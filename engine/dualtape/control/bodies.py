"""Bodies of conditions and loops as programs: traced once, with what they take from outside as inputs.

A function inside a jitted function may use values of any open transformation: traced values, parameters, variables of
a tape, jets. Each that it does use becomes an input of its program (closure conversion), so that the program means the
same on whatever values it is evaluated.

A body is differentiated after it was written down, by evaluating its program on other values. Operations keep their
derivatives in the catalogue; a function that brings its own becomes one equation that keeps the rule. Pulled back, a
program gives the cotangents of its inputs for those of its outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any, NamedTuple

from dualtape.autodiff.levels import DerivativeRule, LinearMap, Tangents, Tape, pulled_through
from dualtape.compiler.passes import BEFORE_DERIVATIVES, optimise
from dualtape.compiler.program import CALL, Node, Operand, Program, Trace, evaluate
from dualtape.control.structured import value_spec
from dualtape.core.composite import Composite, Cotangents, Values, replaced
from dualtape.core.interpreter import entered
from dualtape.core.spec import Spec
from dualtape.devices.device import Device
from dualtape.errors import ArgumentError, TracingError
from dualtape.functions.creation import zeros_like
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor
from dualtape.views import call_collecting, call_frozen, current_observer, current_writers, substituted_values

Mask = Sequence[bool]


class TracedRule(DerivativeRule):
    """A rule whose function is a program.

    Parameters
    ----------
    rule
        The rule that is kept.
    body
        Its function, from ``captured`` values from outside and then the tensors among its inputs.
    template
        Its inputs, with None for each tensor.
    setting
        The level of the step that it stands in, if that sets parameters: from outside of it, it has no derivative.
    """

    def __init__(
        self, rule: DerivativeRule, body: Program, captured: int, template: Values, setting: BodyTrace | None
    ) -> None:
        self._rule, self._setting = rule, setting
        self._body = body
        self._captured = captured
        self._places = [i for i, x in enumerate(template) if isinstance(x, Tensor)]
        self._template = replaced(template, self._places, [None] * len(self._places))
        self.name = rule.name
        self.function = rule.function
        self.is_equation = rule.is_equation

    def run(self, inputs: Values) -> list[Any]:
        return evaluate(self._body, inputs)

    def linear(self, inputs: Values, outputs: Values) -> LinearMap:
        self._require_steady()
        push = self._rule.linear(self._filled(inputs), outputs)

        def with_captured(tangents: Tangents) -> list[Tensor | None]:
            self._require_fixed([t is not None for t in tangents])
            return push(self._spread(tangents))

        return with_captured

    def residual(self, inputs: Values, output: Tensor) -> Tensor:
        self._require_steady()
        return self._rule.residual(self._filled(inputs), output)

    def correction(self, inputs: Values, output: Tensor) -> Callable[[Tensor], Tensor]:
        return self._rule.correction(self._filled(inputs), output)

    def transpose(self, inputs: Values, outputs: Values, cotangents: Cotangents, wanted: Sequence[bool]) -> Cotangents:
        self._require_steady()
        self._require_fixed(wanted)
        among = [bool(w) for w in self._spread(wanted)]
        found = self._rule.transpose(self._filled(inputs), outputs, cotangents, among)
        return [*[None] * self._captured, *(found[i] for i in self._places)]

    def _filled(self, inputs: Values) -> list[Any]:
        return replaced(self._template, self._places, inputs[self._captured :])

    def _spread(self, values: Sequence[Any]) -> list[Any]:
        return replaced([None] * len(self._template), self._places, values[self._captured :])

    def _require_steady(self) -> None:
        if self._setting is not None and not self._setting.alive:
            raise TracingError(
                f"a derivative of a loop inside `jit` that sets Parameters, with {self.name} in its body: that has a "
                "derivative of its own, which may read these Parameters, and would not find their values of that step; "
                "carry the values through the loop instead, and call `set_data` after it"
            )

    def _require_fixed(self, moving: Sequence[bool]) -> None:
        if any(moving[: self._captured]):
            raise self.captures()


class Closed(NamedTuple):
    """A function as a program whose last inputs stand for ``captured``: the values from outside that it uses."""

    program: Program
    captured: tuple[Tensor, ...]


class BodyTrace(Trace):
    """The level on which a body is traced.

    ``sets`` says that it is that of a loop that sets parameters, ``seeks`` that it is traced to find out which, and
    then again.
    """

    title = "the body of a condition or a loop"

    def __init__(self, device: Device, sets: bool = False, seeks: bool = False) -> None:
        super().__init__(device)
        self.sets, self.seeks = sets, seeks
        self._captured: dict[int, tuple[Tensor, Node]] = {}

    def operand(self, value: Any) -> Operand:
        if not isinstance(value, Tensor) or self.owns(value) or not value.level.depth:
            return super().operand(value)
        known = self._captured.get(id(value))
        if known is None:
            self.lower(value)
            known = self._captured[id(value)] = (value, Node(value_spec(value)))
        return known[1]

    def apply(self, composite: Composite, inputs: Values) -> list[Any]:
        """A body is differentiated later: a function that brings its own derivative is one equation that keeps it."""
        if not isinstance(composite, DerivativeRule):
            return super().apply(composite, inputs)
        places = [i for i, x in enumerate(inputs) if isinstance(x, Tensor)]
        tensors = [inputs[i] for i in places]
        run = lambda *values: composite.run(replaced(inputs, places, values))
        (body,), captured = sharing(close(run, [value_spec(x) for x in tensors], self.device))
        params = {"body": body, "rule": TracedRule(composite, body, len(captured), inputs, _setting_step())}
        return list(self.write(CALL, [*captured, *tensors], params, lambda body, rule: rule))

    def closed(self, arguments: Sequence[Node], outputs: Sequence[Any]) -> Closed:
        """What was traced; the values from outside are the last inputs."""
        nodes = tuple(self.operand(x) for x in outputs)
        captured = tuple(value for value, _ in self._captured.values())
        inputs = (*arguments, *(node for _, node in self._captured.values()))
        program = Program(inputs, tuple(self._equations), nodes)
        return Closed(optimise(program, BEFORE_DERIVATIVES), captured)


def close(
    function: Callable[..., Sequence[Any]], specs: Sequence[Spec], device: Device, optional: bool = False
) -> Closed:
    """Trace ``function``, from values of the given specs to a flat list of tensors; ``optional`` if it may not run."""
    return _close(lambda body, values: function(*values), specs, device, optional)


def close_unset(function: Callable[..., Sequence[Any]], specs: Sequence[Spec], device: Device) -> Closed:
    """As :func:`close`, outside of `jit`, for a body that is traced only to see what it would give: it sets nothing."""
    return _close(lambda body, values: call_frozen(body, function, *values), specs, device, False)


def _setting_step() -> BodyTrace | None:
    """The innermost step that is being traced, of a loop that sets parameters."""
    found = (x for x in reversed(current_writers()) if isinstance(x, BodyTrace) and x.sets)
    return next(found, None)


def _close(
    function: Callable[[BodyTrace, list[Any]], Sequence[Any]],
    specs: Sequence[Spec],
    device: Device,
    optional: bool,
    sets: bool = False,
    seeks: bool = False,
) -> Closed:
    with entered(BodyTrace(device, sets, seeks)) as body:
        if optional:
            current_observer().optional.append(body)
        arguments = [Node(spec) for spec in specs]
        return body.closed(arguments, function(body, [body.traced(node) for node in arguments]))


class HeldParameters(NamedTuple):
    """Parameters whose values a loop carries, behind so many other values among the inputs of its body."""

    parameters: Sequence[Parameter] = ()
    behind: int = 0

    @property
    def specs(self) -> list[Spec]:
        return [Spec(parameter.shape, parameter.dtype) for parameter in self.parameters]

    def joined(self, others: Sequence[Any], own: Sequence[Any]) -> list[Any]:
        """A list of both, ``own`` in their place."""
        return [*others[: self.behind], *own, *others[self.behind :]]

    def parted(self, values: Sequence[Any]) -> tuple[list[Any], dict[Parameter, Any]]:
        """The other values of such a list, and these by parameter."""
        end = self.behind + len(self.parameters)
        own = dict(zip(self.parameters, values[self.behind : end], strict=True))
        return [*values[: self.behind], *values[end:]], own


NONE_HELD = HeldParameters()


def close_body(
    title: str,
    function: Callable[..., Sequence[Any]],
    specs: Sequence[Spec],
    device: Device,
    optional: bool = False,
    held: HeldParameters = NONE_HELD,
) -> Closed:
    """As :func:`close`, for what may run many times, or never if it is ``optional``: it changes no parameter."""

    def run(body: BodyTrace, values: list[Any]) -> Sequence[Any]:
        others, given = held.parted(values)
        outputs, changes = call_collecting(body, given, function, *others)
        if any(x is not given.get(parameter) for parameter, x in changes.items()):
            raise _sets(title)
        return outputs

    return _unsubstituted(title, lambda: _close(run, held.joined(specs, held.specs), device, optional))


def close_step(
    title: str,
    function: Callable[..., Sequence[Any]],
    specs: Sequence[Spec],
    device: Device,
    behind: int,
    optional: bool = False,
) -> tuple[Closed, HeldParameters]:
    """As :func:`close`, for a step of a loop; and the parameters that it sets.

    Their values stand behind so many others among its inputs, and among its outputs.
    """
    changed: dict[Parameter, Tensor] = {}

    def closed(held: HeldParameters) -> Closed:
        def run(body: BodyTrace, values: list[Any]) -> Sequence[Any]:
            others, given = held.parted(values)
            outputs, changes = call_collecting(body, given, function, *others)
            changed.update(changes)
            return held.joined(outputs, [changes[parameter] for parameter in held.parameters])

        sets = bool(held.parameters)
        return _unsubstituted(
            title, lambda: _close(run, held.joined(specs, held.specs), device, optional, sets, seeks=not sets)
        )

    first = closed(NONE_HELD)
    if not changed:
        return first, NONE_HELD
    held = HeldParameters(tuple(changed), behind)
    if any(isinstance(x, BodyTrace) and x.seeks for x in current_writers()):
        # A loop around it sets them, too, so that it is traced again: loops in loops once more for each, not twice.
        return _carried_through(first, held, len(specs)), held
    return closed(held), held


def _carried_through(closed: Closed, held: HeldParameters, count: int) -> Closed:
    """A body of so many inputs, before what it captures, that hands on the parameters' values as they are."""
    inputs, own = closed.program.inputs, [Node(spec) for spec in held.specs]
    outputs = held.joined(closed.program.outputs, own)
    program = Program((*held.joined(inputs[:count], own), *inputs[count:]), closed.program.equations, tuple(outputs))
    return Closed(program, closed.captured)


def _unsubstituted(title: str, trace: Callable[[], Closed]) -> Closed:
    """What a trace gives, if it has changed nothing that a derivative put in the place of a parameter."""
    before = substituted_values()
    closed = trace()
    after = substituted_values()
    if len(after) != len(before) or any(x is not y for x, y in zip(after, before, strict=True)):
        raise _sets(title)
    return closed


def _sets(title: str) -> ArgumentError:
    return ArgumentError(
        f"the body of `{title}` gives a Parameter a new value inside `jit`, which only a loop may do that is not "
        "differentiated with respect to it; return the value, and call `set_data` with it after the loop or condition"
    )


def sharing(*closed: Closed) -> tuple[list[Program], list[Tensor]]:
    """The programs with one list of captured values for all, which come first among their inputs."""
    together = {id(value): value for one in closed for value in one.captured}
    programs = []
    for program, captured in closed:
        explicit = len(program.inputs) - len(captured)
        own = dict(zip(map(id, captured), program.inputs[explicit:], strict=True))
        consts = (own.get(key) or Node(value_spec(value)) for key, value in together.items())
        programs.append(Program((*consts, *program.inputs[:explicit]), program.equations, program.outputs))
    return programs, list(together.values())


def close_here(function: Callable[..., Sequence[Any]], specs: Sequence[Spec]) -> Closed:
    """A function as a program of the jitted function that is being traced."""
    return close(function, specs, current_observer().device)


def pulled(program: Program, inputs: Values, watched: Mask, seeds: dict[int, Any]) -> list[Any]:
    """Cotangents of the watched inputs of a program, given those of some outputs."""
    cotangents = [seeds.get(k) for k in range(len(program.outputs))]
    found = pulled_through(lambda values: evaluate(program, values), inputs, watched, cotangents)
    pairs = compress(zip(inputs, found, strict=True), watched)
    return [zeros_like(x) if ct is None else ct for x, ct in pairs]


def moving(program: Program, watched: Mask) -> list[bool]:
    """Which outputs of a program depend on the watched inputs."""
    found: list[bool] = []

    def run(*inputs: Any) -> list[Any]:
        with entered(Tape()) as tape:
            outputs = evaluate(program, [tape.watch(x) if w else x for x, w in zip(inputs, watched, strict=True)])
        found[:] = map(tape.owns, outputs)
        return []

    close_here(run, [node.spec for node in program.inputs])
    return found
