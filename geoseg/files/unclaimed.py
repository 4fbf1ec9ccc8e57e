"""Names of outputs that were free when a verb looked, and must be yet when it writes.

The work between may take hours, in which another run may write a file of that name.
"""

from __future__ import annotations

from pathlib import Path

from geoseg.errors import OutputExistsError

_FREE: set[Path] = set()
"""Absolute paths of this process."""


def remember(path: Path, *, overwrite: bool) -> None:
    """Note that nothing is there, or that whatever is there may be replaced."""
    if overwrite:
        _FREE.discard(path.absolute())
    else:
        _FREE.add(path.absolute())


def require_still_free(path: Path) -> None:
    """Refuse to replace what another run wrote since nothing was there. What is written next is ours.

    Raises:
        OutputExistsError: It did.
    """
    absolute = path.absolute()
    if absolute not in _FREE:
        return
    if path.exists():
        raise OutputExistsError(
            f"{path} is there now, though it was not when the work began, and stays as it is; give another name, "
            "or --overwrite to replace it"
        )
    _FREE.discard(absolute)
