"""Whether int8 is exact over tiles on this processor: tried once for every model, and kept."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from geoseg.errors import UsageError
from geoseg.files.atomic import write_text
from geoseg.files.cache import cache_folder
from geoseg.machine import processor_kind
from geoseg.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from geoseg.models.runtimes.dense import OpenVinoDenseModel

_log = logging.getLogger(__name__)

FILE = "int8.json"
"""In the user's cache folder: how far tiles were from the whole image, by what it depends on."""
TOLD = (
    "the first run of %s in int8 on this kind of processor compares tiles with a whole image, some seconds of one "
    "core; later runs do not"
)
"""Said before it, with the model's name."""


def require_exact(model: OpenVinoDenseModel) -> None:
    """Go on only where tiles equal the whole image.

    Raises:
        UsageError: they do not, on this kind of processor.
    """
    from geoseg.models.certify import TOLERANCE, probe

    key = f"{model.sha256} | {model.runtime} | {processor_kind()} | {__version__}"
    kept = _kept()
    difference = kept.get(key)
    if difference is None:
        _log.warning(TOLD, model.name)
        difference = probe(model, seed=0)
        _keep(kept | {key: difference})
    if not difference <= TOLERANCE:
        raise UsageError(
            f"int8 is not exact on this processor ({processor_kind()}): tiles differ from the whole image by up "
            f"to {difference:.2g} in probability; use --precision auto or fp32"
        )


def _kept() -> dict[str, float]:
    """Nothing where there is no file, or a damaged one."""
    path = _path()
    if path is None:
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    known = told.items() if isinstance(told, dict) else ()
    return {name: float(one) for name, one in known if isinstance(one, int | float)}


def _keep(found: dict[str, float]) -> None:
    """Where the folder can be written to; else the next start tries again."""
    path = _path()
    if path is None:
        return
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_text(json.dumps(found, indent=1), path)


def _path() -> Path | None:
    folder = cache_folder()
    return None if folder is None else folder / FILE
