"""What can go wrong while training."""

from dualtape.errors import DualtapeError


class DivergedError(DualtapeError, ArithmeticError):
    """The loss became infinite or NaN; the network holds the last parameters whose loss was finite."""
