"""The error that says that something a model's rows depend on cannot be known."""


class UnknownInputError(Exception):
    """Something that a model's rows depend on has no version; its text says what, as a clause."""
