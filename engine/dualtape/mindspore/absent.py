"""What a name of MindSpore's that is not here is answered with: what it is, and what to use instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape.errors import DualtapeError

# Parts of names, in small letters, and why what has them is not here; the first that fits speaks.
REASONS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("conv", "pool", "unfold", "fold", "im2col", "pixelshuffle", "upsample", "interpolate", "gridsample",
      "affine_grid"),
     "convolution, pooling and images are not part of dualtape: networks of PDEs are made of nn.Dense"),
    (("groupnorm", "batchnorm", "instancenorm", "syncbatch"),
     "normalization over channels of images is not part of dualtape: nn.BatchNorm1d and nn.LayerNorm are"),
    (("lamb", "lars", "adafactor", "thor", "speedadamw"),
     "MindSpore has no kernels for it on a CPU, so there is nothing to compare with; nn.AdamWeightDecay is here"),
    (("rnn", "lstm", "gru", "ctc", "beam"), "recurrent networks are not part of dualtape; ops.scan runs a recurrence"),
    (("vision", "text", "audio", "mnist", "cifar", "imagefolder", "mindrecord", "tfrecord", "transforms"),
     "datasets of images, text and records are not part of dualtape; use GeneratorDataset or NumpySlicesDataset"),
    (("sparse", "csr", "coo", "rowtensor"), "sparse tensors are not part of dualtape; dt.jacobian(sparsity=...) is"),
    (("allreduce", "allgather", "all_", "communication", "parallel", "broadcast_params", "reducescatter", "hccl",
      "nccl", "group", "pipeline"), "distributed training of large models is not part of this room"),
    (("quant", "fake"), "quantisation is not part of dualtape"),
    (("export", "load_mindir"), "MindIR is a format of MindSpore's runtime; use save_checkpoint"),
    (("bfloat16",), "dualtape has no such element type here; use float16, float32 or float64"),
    (("scatter", "assign", "inplace"), "tensors do not change; use a function that returns a new one, "
     "as ops.tensor_scatter_elements or ops.assign of a Parameter"),
)  # fmt: skip


class AbsentNameError(DualtapeError, AttributeError):
    """A name of MindSpore's that dualtape does not have."""


def explanation(module: str, name: str) -> str:
    """What is said of ``module.name``, which is not here."""
    lowered = name.lower()
    found = next((why for parts, why in REASONS if any(part in lowered for part in parts)), None)
    return f"`{module}.{name}` is not in dualtape: " + (
        found or "see docs/mindspore.md for what is there, or write it with the functions of dualtape.ops"
    )


last_asked: list[str] = []
"""The explanation of the name that was last asked for in vain: Python's ImportError does not carry it."""


def refusal(module: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module under MindSpore's path."""
    shown = module.replace("dualtape.mindspore", "mindspore", 1)

    def refuse(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        last_asked[:] = [explanation(shown, name)]
        raise AbsentNameError(last_asked[0])

    return refuse
