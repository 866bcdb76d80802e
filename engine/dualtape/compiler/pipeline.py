"""The compiler, stage by stage: from a function to what runs it.

==========================  ======================================================  =================================
stage                       what it gives                                           where it stands
==========================  ======================================================  =================================
trace_program               the function as equations                               program/tracing.py
optimise                    fewer equations that mean the same                      passes/simplification.py
without_checks              no checks of indices, if the caller wants none          passes/simplification.py
holds_complex               whether there are complex numbers                       passes/pairs.py
in_reals                    pairs of reals in the place of complex numbers          passes/pairs.py
start_device                nothing, but its compiler is on its way from then on    blocks/policy.py
compute_repeated_once       what is the same at all points, once                    passes/repetition.py
choose_division             stages of equations, and regions that map over points   blocks/find/point_sets.py
- find_members              what one of several networks in a program does          blocks/find/members.py
- map_equation              an equation as operations on one point                  blocks/find/mapping.py
- map_control               a loop or a condition as one at each point              blocks/find/mapping_control.py
choose_device               the device of the kernels, or why there is none         blocks/policy.py
compile_region              the kernel of a region, by these stages:                blocks/emit/kernel.py
- target_of                 how points are laid out on the device                   blocks/target.py
- with_plain_products       products in which zero need not win                     blocks/tile/plain_products.py
- block_kernel              source and sizes, by these stages:                      blocks/emit/kernel.py
- split_rows                short rows as values of their own                       blocks/tile/splitting.py
- schedule                  steps in their order, elementwise operations in groups  blocks/tile/scheduling.py
- choose_forms              how each sum over the points is kept                    blocks/tile/forms.py
- plan_memory               where each value lies in a tile's scratch memory        blocks/tile/memory.py
- lay_out_sums              where each sum lies among the accumulators              blocks/emit/accumulators.py
- write_body                a function for each step, and their calls               blocks/emit/body.py
- kernel_source             all of the source                                       blocks/emit/kernel.py
plan_blocks                 what a call runs, by these stages:                      blocks/planning.py
- place_program             what runs between regions as loops, and all arrays      blocks/placing.py
- loop_kernels              the kernels of loops on few elements                    loops/kernels.py
- spread_kernel             the kernel of loops on many, which all of a device runs loops/spread.py
- plan_on_host              what a call runs if that cannot be: the host between    blocks/run.py
plan_loops                  what a call runs if there are no points                 blocks/planning.py
on_pairs                    what takes pairs of complex arguments, and joins them   pairs.py
==========================  ======================================================  =================================

Each is a function of what is before it alone, and ``docs/compiler.md`` follows a program through all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dualtape.compiler.blocks import (
    Guarded,
    NotBlockable,
    NothingToFuse,
    choose_device,
    choose_division,
    compile_region,
    plan_blocks,
    plan_loops,
    start_device,
)
from dualtape.compiler.loops import NotLoops
from dualtape.compiler.lowered import Lowered
from dualtape.compiler.pairs import on_pairs
from dualtape.compiler.passes import compute_repeated_once, holds_complex, in_reals, optimise, without_checks
from dualtape.compiler.program import Program, trace_program
from dualtape.compiler.replay import UNKNOWN_TURNS, BodyRun, CompileBody, Runner, as_body, replayed
from dualtape.core.spec import Shape, Spec
from dualtape.devices.device import Device
from dualtape.devices.registry import HOST
from dualtape.errors import DeviceError
from dualtape.parameter import Parameter
from dualtape.primitives.contraction import matmul

FEWEST_PRODUCTS = 2
"""Products from which blocks of points may pay: what lies between two of them need not leave the cache."""


class Compiled(NamedTuple):
    """A function that is ready to run.

    Attributes
    ----------
    lowered
        What it was made of, for people.
    run
        From the storages of the arguments, then those of ``read``, to the results, then the values of ``written``.
    read, written
        The parameters whose values it takes and gives.
    kinds
        Device, shape and NumPy type of the values that it takes.
    """

    lowered: Lowered
    run: Runner
    read: list[Parameter]
    written: list[Parameter]
    kinds: list[tuple[Device, Shape, np.dtype]]


class _Bodies:
    """Compiles the programs that equations of a program hold; ``sources`` and ``notes`` are of those with kernels."""

    def __init__(self, chosen: Device | None) -> None:
        self._chosen = chosen
        self.sources: list[str] = []
        self.notes: list[str] = []

    def __call__(self, body: Program, device: Device, times: int) -> BodyRun:
        run, source, explanation = compile_program(body, device, self._chosen, times)
        if source:
            self.sources.append(source)
            self.notes.append(f"; what it repeats {explanation}")
        return as_body(run)

    def place(self, body: Program, device: Device) -> Device:
        if device is not HOST:
            return device
        try:
            near = choose_device(body, device, self._chosen, UNKNOWN_TURNS)
            choose_division(optimise(compute_repeated_once(body)))
        except (NotBlockable, DeviceError):
            return device
        return near


def compile_function(
    function: Callable[..., list[Any]], specs: list[Spec], home: Device, chosen: Device | None, checks: bool = True
) -> Compiled:
    """Compile for arguments of these specs on ``home``, and for kernels on the ``chosen`` device, if there is one.

    ``checks`` says whether indices are to be checked.
    """
    program, read, written = trace_program(function, specs, home)
    if not checks:
        program = without_checks(program)
    optimised = optimise(program)
    compile_it = _compile_complex if holds_complex(optimised) else compile_program
    run, source, explanation = compile_it(optimised, home, chosen)
    kinds = [(home, node.spec.shape, node.spec.dtype.numpy) for node in program.inputs[len(specs) :]]
    return Compiled(Lowered(program, optimised, source, explanation, home), run, read, written, kinds)


def _compile_complex(program: Program, home: Device, chosen: Device | None) -> tuple[Runner, str, str]:
    """What runs a program of complex numbers: on pairs of reals where that makes kernels, else by NumPy on the host."""
    halves = in_reals(program, home)
    run, source, explanation = compile_program(optimise(halves.program), home, chosen)
    if not source and home is HOST:
        return replayed(program, home, _Bodies(chosen)), "", explanation
    return on_pairs(halves, run, home), source, f"{explanation}, on pairs of reals"


def compile_program(program: Program, home: Device, chosen: Device | None, times: int = 1) -> tuple[Runner, str, str]:
    """What runs a program, in blocks of points or operation by operation; the source of its kernels; and why.

    A call of it is worth as much as if it ran the program ``times`` times.
    """
    bodies = _Bodies(chosen)
    run, source, explanation = _compiled(program, home, chosen, times, bodies)
    return run, "\n".join(filter(None, [source, *bodies.sources])), "".join([explanation, *bodies.notes])


def _compiled(
    program: Program, home: Device, chosen: Device | None, times: int, compile_body: CompileBody
) -> tuple[Runner, str, str]:
    try:
        start_device(program, home, chosen, times)
        products = sum(equation.primitive is matmul for equation in program.equations)
        if products < FEWEST_PRODUCTS and choose_device(program, home, chosen, times) is home:
            fused = _as_loops(program, home, chosen)
            if fused is not None:
                return fused
        thin = optimise(compute_repeated_once(program))
        try:
            division = choose_division(thin)
        except NotBlockable:
            choose_device(program, home, chosen, times)  # if there is none, that is the reason
            raise
        device = choose_device(program, home, chosen, times)
        for region in division.regions:
            device.require(region.dtype)
        kernels = {x: compile_region(x, device.architecture) for x in division.regions}
        plan = plan_blocks(thin, division, kernels, home, device, compile_body)
    except (NotBlockable, NothingToFuse, DeviceError) as reason:
        return _without_points(program, home, chosen, reason, compile_body)
    turned = sum(compiled.kernel.sums_of_rows for compiled in kernels.values())
    of_rows = f"; sums over points and directions with features on the lanes: {turned}" if turned else ""
    explanation = f"{division.explanation(device)}{of_rows}; {plan.between}"
    return Guarded(plan.run, program, home), "\n".join(plan.sources), explanation


def _without_points(
    program: Program, home: Device, chosen: Device | None, reason: Exception, compile_body: CompileBody
) -> tuple[Runner, str, str]:
    """What runs a program that does not run in blocks, for that reason."""
    try:
        found = None if isinstance(reason, NothingToFuse) else _as_loops(program, home, chosen)
    except NothingToFuse:
        found = None
    if found is not None:
        return found
    return replayed(program, home, compile_body), "", f"runs operation by operation on {home}: {reason}"


def _as_loops(program: Program, home: Device, chosen: Device | None) -> tuple[Runner, str, str] | None:
    """What runs a program as loops where its inputs are, if that can be and pays; or :class:`NothingToFuse`."""
    if chosen is not None and chosen is not home:
        return None
    try:
        plan = plan_loops(program, home)
    except NothingToFuse:
        raise
    except (NotLoops, DeviceError):
        return None
    return Guarded(plan.run, program, home), "\n".join(plan.sources), f"runs as {plan.between} on {home}"
