"""Every error that geoseg raises on purpose.

One root, :class:`GeosegError`; each error also inherits the builtin that fits, so that callers who
know nothing of geoseg still catch what they expect. A message says what was given, what is allowed
and what to do next. Users, passwords and queries of URLs never stand in it.
"""

from geoseg.addresses.secrets import without_secrets


class GeosegError(Exception):
    """Root of all errors raised on purpose. ``exit_code`` is what the command line returns."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(without_secrets(message))


class UsageError(GeosegError, ValueError):
    """An argument or option that cannot be used as given."""

    exit_code = 2


class UnknownOptionError(UsageError, TypeError):
    """A keyword that a function of the API does not have; the message names the nearest one."""


class WrongTypeError(UsageError, TypeError):
    """An argument of another type than the function takes; the message names both."""


class OutputExistsError(GeosegError, FileExistsError):
    """The output is there already and overwriting was not asked for."""

    exit_code = 2


class OutputError(GeosegError, OSError):
    """The output cannot be written: folder missing, read-only, disk full, failed check."""


class OutputInUseError(OutputError):
    """Another run is writing the output; the message says which process, where that is known."""


class UnreadableRasterError(GeosegError, OSError):
    """A raster, or a block of it, that cannot be opened or read."""


class UnreachableRasterError(UnreadableRasterError):
    """A server does not give a raster, or no longer: a matter of the network and not of the file."""


class UnsupportedRasterError(GeosegError, ValueError):
    """A raster that opens but cannot be analysed: no CRS, complex numbers, too few bands."""


class UnreadableVectorError(GeosegError, OSError):
    """A vector file that cannot be opened or read, or that lacks what the task needs."""


class ModelError(GeosegError, ValueError):
    """Weights or a model object that cannot be used."""


class MissingDependencyError(GeosegError, ImportError):
    """An optional package is not installed; the message names the extra."""


class DatasetError(GeosegError, ValueError):
    """Training or evaluation data that cannot be used."""


class ResumeError(GeosegError, RuntimeError):
    """The state of an interrupted run does not fit the run that was asked for."""


class WorkerError(GeosegError, RuntimeError):
    """Another process or machine cannot do its part; the message says which one and why."""


class MapsError(GeosegError, ValueError):
    """Stored maps that cannot be used: missing, foreign or damaged."""


class NotEnoughMemoryError(GeosegError, MemoryError):
    """The machine or its GPU has too little memory for what was asked."""


class GeosegWarning(UserWarning):
    """Root of all warnings."""


class InexactModelWarning(GeosegWarning):
    """The model's maps depend on where the tiles lie."""
