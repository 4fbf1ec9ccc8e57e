"""Names of files without the folders of the machine that they were on."""

from __future__ import annotations

import re
import shlex
from typing import Any

_PLACE = re.compile(r"(/|[A-Za-z]:[\\/]|\\\\|~/|[a-z][a-z0-9+.-]*://)", re.IGNORECASE)
"""The begin of an absolute path, of POSIX or Windows, or of an address."""
_KIND = re.compile(r"(--?[a-z0-9-]+=|[a-z]{2,}:(?!//))?(.*)", re.IGNORECASE | re.DOTALL)
"""An option or a kind of model before a path: ``--aoi=``, ``yolo:``."""
COMMAND = "command"
"""Key of a whole command line."""
PATH = "path"
"""Key of a file's place, absolute or not."""


def without_folders(record: Any) -> Any:  # noqa: ANN401  # JSON of any shape
    """The same record with the mere name in the place of every path or address.

    Args:
        record: JSON; the command line of a run stands under the key ``command``.
    """
    if isinstance(record, dict):
        return {key: _entry(key, value) for key, value in record.items()}
    if isinstance(record, list | tuple):
        return [without_folders(value) for value in record]
    return _name(record) if isinstance(record, str) and _PLACE.match(record) else record


def _entry(key: str, value: Any) -> Any:  # noqa: ANN401
    if key == COMMAND:
        return _command(value)
    return _name(value) if key == PATH and isinstance(value, str) else without_folders(value)


def _command(line: Any) -> Any:  # noqa: ANN401
    """A command line with the names of its files, whether they were given with folders or not."""
    if not isinstance(line, str):
        return without_folders(line)
    try:
        words = shlex.split(line)
    except ValueError:  # no line of ours
        return _name(line)
    return shlex.join(_word(word) for word in words)


def _word(word: str) -> str:
    match = _KIND.fullmatch(word)
    before, rest = match.groups() if match else ("", word)
    return (before or "") + _name(rest)


def _name(path: str) -> str:
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]
