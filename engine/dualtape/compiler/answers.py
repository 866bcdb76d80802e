"""What the block compiler answers where it cannot help."""


class NotBlockable(Exception):
    """Why a program cannot run in blocks of points."""
