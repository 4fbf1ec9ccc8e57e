"""The user's folder for what can be made again."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geoseg.errors import OutputError
from geoseg.files.atomic import output_errors, write_text


def cache_folder() -> Path | None:
    """Geoseg's own within it, which need not exist; None for a user without a home."""
    if sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        home = str(Path("~/Library/Caches").expanduser())
    else:
        home = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(home) / "geoseg" if home and not home.startswith("~") else None


def keep(name: str, told: Mapping[str, Any]) -> Path:
    """Write what was found out into a file of that name in the folder, in place of an earlier one.

    Raises:
        OutputError: there is no folder that could be written to.
    """
    folder = cache_folder()
    if folder is None:
        raise OutputError(f"there is no home to keep {name} in; set HOME, or run without keeping")
    path = folder / name
    with output_errors(path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_text(json.dumps(told), path)
    return path


def kept(name: str) -> dict[str, Any]:
    """What ``keep`` wrote; nothing where there is no such file or it is damaged."""
    folder = cache_folder()
    if folder is None:
        return {}
    try:
        told = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
