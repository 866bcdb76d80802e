"""What is said of a change that changes no meaning."""

from __future__ import annotations

from typing import NamedTuple

from .sites import Mutant


class Claim(NamedTuple):
    """In the rule called ``where``, code with ``after`` in the place of ``before`` means the same."""

    where: str
    before: str
    after: str
    because: str

    def fits(self, mutant: Mutant) -> bool:
        """Whether it speaks of this mutant."""
        change = mutant.change
        if self.where != mutant.where:
            return False
        pieces = change.original.split(self.before)
        places = range(1, len(pieces))
        return any(
            self.before.join(pieces[:i]) + self.after + self.before.join(pieces[i:]) == change.code for i in places
        )
