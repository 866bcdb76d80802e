"""``python -m dualtape.mindspore program.py``: run a program of MindSpore's as it is."""

import sys

from dualtape.mindspore.runner import run_program

if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
    print("usage: python -m dualtape.mindspore program.py [arguments]", file=sys.stderr)
    raise SystemExit(2)
run_program(sys.argv[1], sys.argv[2:])
