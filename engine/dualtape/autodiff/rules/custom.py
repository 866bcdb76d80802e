"""`custom_derivative`: a user's function that brings its own derivative."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

from dualtape import pytree
from dualtape.autodiff.rules.custom_rules import CustomRule, JvpRule, PartialsRule, VjpRule
from dualtape.autodiff.rules.numeric_check import compare_with_differences
from dualtape.autodiff.transforms import require_callable
from dualtape.core.interpreter import apply, value_of
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.tensor import Tensor

PartialFunctions = Callable[..., Any] | Sequence[Callable[..., Any]]


def custom_derivative(
    fn: Callable[..., Any],
    *,
    partials: PartialFunctions | None = None,
    jvp: Callable[..., Any] | None = None,
    vjp: Callable[..., Any] | None = None,
) -> CustomDerivative:
    """``fn`` with the derivative that is given instead of that of its operations.

    Give exactly one of the three. From ``partials`` and from ``jvp`` every mode follows: forward and Taylor of any
    order by the chain rule, reverse by transposition. A ``vjp`` gives reverse mode only.

    Parameters
    ----------
    fn
        A function of Tensors, or nested containers of them, and static arguments. It may leave the engine, as in
        ``Tensor(scipy_function(x.asnumpy()))``, but then cannot be jitted. What is differentiated must be an argument.
    partials
        For an elementwise ``fn``: ``partial(*inputs, output)`` for each input, as one function or a sequence.
    jvp
        ``jvp(inputs, tangents)`` gives the tangent of the output; linear in ``tangents``, which has the structure of
        the tuple ``inputs``, zeros for an input that does not move, and ``None`` for one that has no derivative.
    vjp
        ``vjp(*inputs, output, cotangent)`` gives a tuple with the cotangent of each input, or ``None`` for zero; the
        order of MindSpore's ``bprop``.

    Returns
    -------
    CustomDerivative
        Called as ``fn`` is. Its ``check(*inputs)`` compares the derivative with differences of ``fn``.

    Notes
    -----
    Higher derivatives are those of the rule, which must therefore be written in differentiable operations.
    A rule may call the function itself, as that of a linear function does. Where reverse mode transposes the map from
    tangents to tangents, what the rule applies to a tangent runs as its operations.

    Examples
    --------
    A logarithm of a sum whose derivative does not overflow:

    >>> import dualtape as dt
    >>> log1pexp = dt.custom_derivative(
    ...     lambda x: dt.ops.log(1 + dt.ops.exp(x)), partials=lambda x, y: 1 - 1 / (1 + dt.ops.exp(x))
    ... )
    >>> print(dt.grad(log1pexp)(dt.Tensor(100.0)))
    1.0
    >>> log1pexp.check(dt.Tensor([0.5, -2.0]))
    """
    require_callable("custom_derivative", fn)
    given = {"partials": partials, "jvp": jvp, "vjp": vjp}
    named = [name for name, rule in given.items() if rule is not None]
    if len(named) != 1:
        raise ArgumentError(
            "`custom_derivative` takes exactly one of `partials`, `jvp` and `vjp`, got "
            + (" and ".join(named) or "none")
        )
    rules = list(partials) if isinstance(partials, Sequence) else [given[named[0]]]
    if not rules or not all(callable(rule) for rule in rules):
        raise ArgumentTypeError(
            f"`{named[0]}` of `custom_derivative` must be a function"
            + (", or a sequence of one for each input" if partials is not None else "")
        )
    return CustomDerivative(fn, named[0], rules)


class CustomDerivative:
    """A function with a derivative of its own; made by :func:`custom_derivative`."""

    def __init__(self, fn: Callable[..., Any], kind: str, rules: list[Any]) -> None:
        self._fn = fn
        self._kind = kind
        self._rules = rules
        update_wrapper(self, fn, updated=())

    def __call__(self, *args: Any) -> Any:
        rule, leaves = self._read(args)
        outputs = apply(rule, leaves)
        return pytree.unflatten(rule.form, outputs)

    def check(self, *args: Any, rtol: float = 1e-5, seed: int = 0) -> None:
        """Compare the derivative at ``args`` with differences of the function, in float64 on the host.

        Along a random direction, drawn from ``seed``. Raises an AssertionError that shows the first element that
        differs by more than ``rtol`` of the largest one; for a ``vjp``, the two numbers that should be equal.
        """
        rule, leaves = self._read(args)
        compare_with_differences(rule, leaves, rtol, seed)

    def _read(self, args: tuple[Any, ...]) -> tuple[CustomRule, list[Any]]:
        leaves, structure = pytree.flatten(args)
        leaves = [value_of(x) for x in leaves]
        if self._kind != "partials":
            return (JvpRule if self._kind == "jvp" else VjpRule)(self._fn, structure, self._rules[0]), leaves
        if len(self._rules) != len(args) or not all(isinstance(x, (Tensor, int, float)) for x in args):
            raise ArgumentError(
                f"{len(self._rules)} `partials` were given to `custom_derivative`, but the function got {len(args)} "
                "arguments; expected one for each, all Tensors or numbers"
            )
        return PartialsRule(self._fn, structure, self._rules), leaves
