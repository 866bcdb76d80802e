"""How a divided program runs: on its device from start to end if that can be, else with the host between kernels."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from dualtape.compiler.blocks.emit import CompiledRegion
from dualtape.compiler.blocks.find import Division, Region, Stage
from dualtape.compiler.blocks.launch import Launch
from dualtape.compiler.blocks.placing import largest_array, place_program
from dualtape.compiler.blocks.resident import ResidentPlan
from dualtape.compiler.blocks.run import plan_on_host
from dualtape.compiler.loops import NotLoops
from dualtape.compiler.program import Control, Equation, Program
from dualtape.compiler.replay import CompileBody, Runner, replayed
from dualtape.core.lowering import Reinterpretation
from dualtape.devices.device import Device, Storage
from dualtape.devices.kernels import KernelDevice
from dualtape.devices.registry import HOST
from dualtape.errors import DeviceError, DeviceMemoryError, ForkedError

FEWEST_BETWEEN, FEWEST_ALONE = 16, 100
"""Operations of a kernel of loops. Between blocks NumPy does fewer in the time of a launch; in a program without points
fewer launches, of some 10 us each, are not worth the compilation, which takes as long as 10,000 of them."""

MOST_LOOP_ELEMENTS, MOST_ELEMENTS_ALONE = 1 << 21, 1 << 17
"""Of loops, which one work-group runs: beside blocks of points, and where all of a device could run them."""


MUCH_MOVED = 1 << 20
"""Elements from which moving them takes longer than what is asked of a driver for each kernel."""


_FEW_BESIDE = 8  # so many times as many elements take so much longer that only those count


class NothingToFuse(NotLoops):
    """Every operation of a program by itself is what loops would be, too."""


class PlannedProgram(NamedTuple):
    """What runs a program.

    Attributes
    ----------
    sources
        The text of its kernels.
    between
        What is done between the regions, and why, for people.
    """

    run: Runner
    sources: list[str]
    between: str


def plan_blocks(
    program: Program,
    division: Division,
    kernels: Mapping[Region, CompiledRegion],
    home: Device,
    device: KernelDevice,
    compile_body: CompileBody,
) -> PlannedProgram:
    """How ``program`` runs as divided, with the kernels of its regions on ``device``."""
    launches = {region: Launch(compiled, device) for region, compiled in kernels.items()}
    sources = [compiled.kernel.source for compiled in kernels.values()]
    try:
        if home is not HOST and home is not device:
            raise NotLoops(f"the program is on {home.name}")
        if home is HOST and len(division.equations) < FEWEST_BETWEEN:
            raise NotLoops(f"{len(division.equations)} operations are too few to be worth compiling a kernel")
        placed = place_program(program, division, launches, home is HOST, device.architecture, MOST_LOOP_ELEMENTS)
        resident = ResidentPlan(placed, home, device)
    except NotLoops as reason:
        plan = plan_on_host(program, division, launches, home, device, compile_body)
        return PlannedProgram(plan, sources, f"the host between: {reason}")
    between = f"{_kernels_of_loops(resident)} between"
    return PlannedProgram(resident, [*sources, *resident.sources], between)


def plan_loops(program: Program, home: Device) -> PlannedProgram:
    """How a program without points runs as loops on ``home``, or :class:`NotLoops`.

    Loops pay for many operations on few elements, and for those on many that need not go through memory one by one.
    """
    if not isinstance(home, KernelDevice):
        raise NotLoops(f"{home.name} has no kernels")
    count = len(program.equations)
    if count < FEWEST_ALONE and moved_elements(program) < MUCH_MOVED:
        raise NotLoops(f"{count} operations are too few to be worth compiling a kernel")
    whole = Division((Stage(program.equations, ()),), ())
    placed = place_program(program, whole, {}, False, home.architecture, MOST_ELEMENTS_ALONE)
    resident = ResidentPlan(placed, home, home)
    one_by_one = [largest_array(equation) for equation in program.equations if _runs(equation)]
    if count < FEWEST_ALONE and _passes(placed.sizes) >= _passes(one_by_one):
        raise NothingToFuse("no two of its operations can be one kernel")
    return PlannedProgram(resident, resident.sources, _kernels_of_loops(resident))


def _passes(sizes: Sequence[int]) -> int:
    """How many of them are about as large as the largest: what is small beside it takes no time."""
    return sum(_FEW_BESIDE * size >= max(sizes) for size in sizes)


def _runs(equation: Equation) -> bool:
    """Whether a device does anything for it."""
    return isinstance(equation.primitive, Control) or not isinstance(equation.primitive.lowering, Reinterpretation)


def moved_elements(program: Program) -> int:
    """Elements that go through memory if every operation runs by itself."""
    return sum(prod(node.spec.shape) for x in program.equations for node in (*x.reads, x.output))


def _kernels_of_loops(plan: ResidentPlan) -> str:
    text = f"{plan.launches or 'no'} kernel{'s' if plan.launches != 1 else ''} of loops"
    if plan.operations:
        text += (
            f" and {f'{plan.operations} operations by themselves' if plan.operations > 1 else '1 operation by itself'}"
        )
    return text


class Guarded:
    """A plan, until its device turns out not to build or launch its kernels; then operation by operation.

    Once it has worked, that is only so for a device that a fork has taken away. Where only memory is short, the next
    call tries again.
    """

    def __init__(self, plan: Runner, program: Program, home: Device) -> None:
        self._plan = plan
        self._program, self._home = program, home
        self._refusals: type[DeviceError] = DeviceError

    def __call__(self, arguments: Sequence[Storage]) -> list[Any]:
        try:
            results = self._plan(arguments)
        except DeviceMemoryError as failure:
            if self._home is not HOST:
                raise
            warnings.warn(f"a jitted function runs operation by operation on the host: {failure}", stacklevel=4)
            return replayed(self._program, HOST)(arguments)
        except self._refusals as failure:
            warnings.warn(f"a jitted function runs operation by operation on {self._home}: {failure}", stacklevel=4)
            self._plan = replayed(self._program, self._home)
            results = self._plan(arguments)
        self._refusals = ForkedError
        return results
