"""Whether int8 is exact over tiles on this processor: tried once for every model, and kept."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from geoseg.errors import OutputError, UsageError
from geoseg.files.cache import keep, kept
from geoseg.machine import processor_kind
from geoseg.version import __version__

if TYPE_CHECKING:
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
    found = kept(FILE)
    difference = found.get(key)
    if not isinstance(difference, int | float):
        _log.warning(TOLD, model.name)
        difference = probe(model, seed=0)
        with suppress(OutputError):  # else the next start tries again
            keep(FILE, found | {key: difference})
    if not difference <= TOLERANCE:
        raise UsageError(
            f"int8 is not exact on this processor ({processor_kind()}): tiles differ from the whole image by up "
            f"to {difference:.2g} in probability; use --precision auto or fp32"
        )
