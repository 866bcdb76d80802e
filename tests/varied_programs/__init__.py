"""Training losses of many kinds, each with the way that a compiler of blocks is expected to take with it."""

from varied_programs import equations, integrals, learning, losses, matrices, networks
from varied_programs.program import Program

PROGRAMS: dict[str, Program] = (
    networks.PROGRAMS
    | equations.PROGRAMS
    | integrals.PROGRAMS
    | matrices.PROGRAMS
    | losses.PROGRAMS
    | learning.PROGRAMS
)
