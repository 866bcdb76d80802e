"""All functions of `mindspore.ops`: dualtape's, with MindSpore's argument names, and those of the tables beside."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import dualtape as dt
from dualtape.mindspore.common.tensor import computing, for_programs
from dualtape.mindspore.ops import (
    activations,
    arithmetic,
    composite,
    element_types,
    losses,
    matrices,
    placing,
    random,
    searching,
    shaping,
)
from dualtape.mindspore.ops.tables import Functions
from dualtape.mindspore.spellings import respelled

# Names of one argument: MindSpore has several, dualtape one for each function.
SYNONYMS: tuple[frozenset[str], ...] = (
    frozenset({"axis", "dim", "dims", "axes", "input_perm"}),
    frozenset({"keepdims", "keepdim", "keep_dims"}),
    frozenset({"input", "x", "input_x", "A", "logits", "a", "tensor", "input_params"}),
    frozenset({"other", "y", "exponent", "b"}),
    frozenset({"shape", "size", "new_shape", "input_shape"}),
    frozenset({"repeats", "multiples", "reps"}),
    frozenset({"split_size_or_sections", "split_size", "indices_or_sections"}),
    frozenset({"target", "labels", "label"}),
    frozenset({"indices", "input_indices", "index"}),
    frozenset({"ddof", "correction"}),
    frozenset({"fill_value", "value"}),
    frozenset({"condition", "cond"}),
    frozenset({"on_false", "other"}),
    frozenset({"dtype", "type"}),
)


# Where the names of two arguments would be told apart wrongly.
SPECIAL: dict[str, dict[str, str]] = {"atan2": {"input": "y", "other": "x"}}


def spellings_of(function: Callable[..., Any]) -> dict[str, str]:
    """The other names of a function's arguments."""
    if function.__name__ in SPECIAL:
        return SPECIAL[function.__name__]
    own = [name for name in inspect.signature(function).parameters if name not in ("args", "kwargs")]
    pairs: dict[str, str] = {}
    for name in own:
        for synonyms in SYNONYMS:
            if name in synonyms:
                pairs |= {other: name for other in synonyms if other not in own}
    return pairs


def _own_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in dir(dt.ops):
        found = getattr(dt.ops, name)
        if inspect.isfunction(found) and found.__module__.startswith("dualtape.functions") and name[0].islower():
            yield name, respelled(found, spellings_of(found))
    for name in dir(dt.ops.fft):
        if "fft" in name:  # and no cosine transforms, which MindSpore has elsewhere
            found = getattr(dt.ops.fft, name)
            yield name, respelled(found, spellings_of(found))


def all_functions() -> Functions:
    """Every function, by its name."""
    found: Functions = dict(_own_functions())
    found |= {name: respelled(function, spellings_of(function)) for name, function in arithmetic.ALIASES.items()}
    for room in (arithmetic, shaping, activations, losses, searching, placing, random, matrices):
        found |= {name: respelled(function, spellings_of(function)) for name, function in room.FUNCTIONS.items()}
    found["clip_by_norm"] = composite.clip_by_norm
    found |= {name: respelled(one, spellings_of(one)) for name, one in element_types.changed(found).items()}
    return found


FUNCTIONS = all_functions()
"""As the room computes with them: on dualtape's tensors."""

OF_PROGRAMS: Functions = {name: computing(function) for name, function in FUNCTIONS.items()}
"""As programs find them."""
OF_PROGRAMS |= {name: for_programs(getattr(dt.ops, name)) for name in ("assign", "assign_add", "assign_sub")}
