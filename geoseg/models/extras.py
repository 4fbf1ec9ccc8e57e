"""Packages that are not always installed, asked for by one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from geoseg.errors import MissingDependencyError

INT8_NEEDS_RANGES = (
    "int8 needs a network whose ranges were measured on images, and this model's were not; use "
    "--precision auto or fp32, or have them measured by geoseg tune or python -m geoseg.train.ranges"
)
INT8_OF_ANOTHER = (
    "int8 is for networks on an EfficientNet lite encoder, as the built-in model's, and that of {path} has another; "
    "{advice}"
)
INT8_NOT_IN_GRAPH = (
    "{path} was not exported in int8; use --precision auto or fp32, or export the model file that it came from to an "
    ".xml file by geoseg export-model --precision int8"
)
INT8_BY_OPENVINO = (
    "{runtime} does not compute in int8 here; run with --runtime auto, or use --precision fp32"
)


def is_installed(package: str) -> bool:
    """Whether a package can be imported; it is not."""
    return find_spec(package) is not None


def require(packages: str | Sequence[str], what: str, extra: str) -> None:
    """Refuse to go on without a package, or several.

    Args:
        packages: their names where they are imported.
        what: needs them; begins the sentence.
        extra: of geoseg, that brings them.

    Raises:
        MissingDependencyError: one is not installed; names the extra.
    """
    wanted = [packages] if isinstance(packages, str) else packages
    if missing := [package for package in wanted if not is_installed(package)]:
        raise MissingDependencyError(
            f"{what} needs {', '.join(missing)}, not installed here: pip install 'geoseg[{extra}]'"
        )
