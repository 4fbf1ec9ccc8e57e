"""Packages that are not always installed, asked for by one sentence."""

from __future__ import annotations

from importlib.util import find_spec

from geoseg.errors import MissingDependencyError

INT8_NEEDS_A_GRAPH = (
    "int8 needs a graph whose ranges were measured on images: make one with geoseg export-model "
    "MODEL -o model.xml --precision int8 --scenes FOLDER, and name it as the model"
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
