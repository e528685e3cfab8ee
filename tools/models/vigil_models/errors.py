"""The one error that is shown to the user without a traceback."""


class ModelError(Exception):
    """Says what failed, where, and the mend."""
