"""What can go wrong while training."""

from dualtape.errors import ArgumentError, DualtapeError


class DivergedError(DualtapeError, ArithmeticError):
    """The loss became infinite or NaN; the network holds the last parameters whose loss was finite."""


class ProblemFileError(ArgumentError):
    """A file that states a problem has a mistake; the message says in which line and column."""
