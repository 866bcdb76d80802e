"""What the stages give, in words."""

from __future__ import annotations

from dualtape.compiler.blocks.find import Division


def in_words(division: Division) -> str:
    """Which operations run in blocks."""
    parts = [f"{len(x.operations)} operations at {x.points} points" for x in division.regions]
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def left_in_words(division: Division) -> str:
    """Why others do not."""
    return f"; operation by operation: {'; '.join(division.reasons)}" if division.reasons else ""
