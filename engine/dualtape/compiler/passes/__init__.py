"""Passes: functions from program to program that keep its meaning."""

from dualtape.compiler.passes.pairs import RealProgram as RealProgram
from dualtape.compiler.passes.pairs import holds_complex as holds_complex
from dualtape.compiler.passes.pairs import in_reals as in_reals
from dualtape.compiler.passes.repetition import compute_repeated_once as compute_repeated_once
from dualtape.compiler.passes.simplification import BEFORE_DERIVATIVES as BEFORE_DERIVATIVES
from dualtape.compiler.passes.simplification import optimise as optimise
from dualtape.compiler.passes.simplification import remove_dead_code as remove_dead_code
from dualtape.compiler.passes.simplification import without_checks as without_checks
