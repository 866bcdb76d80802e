"""Problems written in TOML, for people who do not program: no text of a file is ever evaluated as a program."""

from dualtape.pinn.written.problem_file import WrittenProblem as WrittenProblem
from dualtape.pinn.written.problem_file import from_toml as from_toml
