"""Packages that are not always installed, asked for by one sentence."""

from __future__ import annotations

from importlib.util import find_spec

from geoseg.errors import MissingDependencyError

INT8_NEEDS_RANGES = (
    "int8 needs a network whose ranges were measured on images, and this model's were not; use "
    "--precision auto or fp32"
)


def is_installed(package: str) -> bool:
    """Whether a package can be imported; it is not."""
    return find_spec(package) is not None


def require(package: str, what: str, extra: str) -> None:
    """Refuse to go on without a package.

    Args:
        package: its name where it is imported.
        what: needs it; begins the sentence.
        extra: of geoseg, that brings it.

    Raises:
        MissingDependencyError: it is not installed; names the extra.
    """
    if not is_installed(package):
        raise MissingDependencyError(
            f"{what} needs {package}, which is not installed: pip install 'geoseg[{extra}]'"
        )
