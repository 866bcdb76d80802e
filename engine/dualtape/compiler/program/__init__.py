"""Programs: what a traced function does, as equations; their tracing, their text, and how it is read back."""

from dualtape.compiler.program.control import CALL as CALL
from dualtape.compiler.program.control import COND as COND
from dualtape.compiler.program.control import ITEM as ITEM
from dualtape.compiler.program.control import SCAN as SCAN
from dualtape.compiler.program.control import WHILE as WHILE
from dualtape.compiler.program.control import Control as Control
from dualtape.compiler.program.control import inner_programs as inner_programs
from dualtape.compiler.program.control import with_inner as with_inner
from dualtape.compiler.program.equation import Equation as Equation
from dualtape.compiler.program.equation import KnownNode as KnownNode
from dualtape.compiler.program.equation import Node as Node
from dualtape.compiler.program.equation import Number as Number
from dualtape.compiler.program.equation import Operand as Operand
from dualtape.compiler.program.evaluation import evaluate as evaluate
from dualtape.compiler.program.program import Program as Program
from dualtape.compiler.program.program import spec_text as spec_text
from dualtape.compiler.program.tracing import Trace as Trace
from dualtape.compiler.program.tracing import trace_program as trace_program
