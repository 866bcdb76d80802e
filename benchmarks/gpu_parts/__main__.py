"""One part by its name: `python -m gpu_parts steps '{"device": "opencl:0", ...}'`."""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module

from gpu_parts.part import Spec

if __name__ == "__main__":
    given = json.loads(sys.argv[2])
    spec = Spec(**{**given, "end": time.monotonic() + given["end"]})
    import_module(f"gpu_parts.{sys.argv[1]}").run(spec)
