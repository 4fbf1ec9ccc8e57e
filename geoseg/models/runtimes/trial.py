"""Whether int8 is exact over tiles on this processor: tried once for every model, and kept."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from geoseg.errors import OutputError, UsageError
from geoseg.files.cache import keep, kept
from geoseg.machine import processor_kind
from geoseg.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoseg.models.runtimes.dense import OpenVinoDenseModel

_log = logging.getLogger(__name__)

FILE = "int8.json"
"""In the user's cache folder: how far tiles were from the whole image, by what it depends on."""
TOLD = (
    "the first run of %s in int8 on this kind of processor compares tiles with a whole image, some seconds of one "
    "core; later runs do not"
)
"""Said before it, with the model's name."""


_unkept: dict[str, float] = {}
"""What this process was told by another, or found where there is no place to keep it."""


def require_exact(model: OpenVinoDenseModel) -> None:
    """Go on only where tiles equal the whole image.

    Raises:
        UsageError: they do not, on this kind of processor.
    """
    from geoseg.models.certify import probe

    difference = difference_known(model.sha256, model.runtime)
    if difference is None:
        _log.warning(TOLD, model.name)
        difference = probe(model, seed=0)
        key = _key(model.sha256, model.runtime)
        try:
            keep(FILE, kept(FILE) | {key: difference})
        except OutputError:  # the next start tries again, and workers are told
            _unkept[key] = difference
    check(difference)


def check(difference: float) -> None:
    """Refuse int8 where tiles are so far from the whole image.

    Raises:
        UsageError: that is too far.
    """
    from geoseg.models.certify import TOLERANCE

    if not difference <= TOLERANCE:
        raise UsageError(
            f"int8 is not exact on this processor ({processor_kind()}): tiles differ from the whole image by up "
            f"to {difference:.2g} in probability; use --precision auto or fp32"
        )


def difference_known(sha256: str, runtime: str) -> float | None:
    """How far tiles of a model are from the whole image on this processor; None: it was not tried yet."""
    found = (kept(FILE) | _unkept).get(_key(sha256, runtime))
    return float(found) if isinstance(found, int | float) else None


def is_wanting(sha256: str) -> bool:
    """Whether a model was ever refused in int8 on this machine, by whatever version of OpenVINO."""
    from geoseg.models.certify import TOLERANCE

    found = [one for key, one in (kept(FILE) | _unkept).items() if key.startswith(sha256)]
    return not all(isinstance(one, int | float) and one <= TOLERANCE for one in found)


def found_here() -> dict[str, float]:
    """What this process knows and could not keep, for workers that it starts."""
    return dict(_unkept)


def believe(found: Mapping[str, float]) -> None:
    """Take over what another process found, which holds for this kind of processor where it says so."""
    _unkept.update(found)


def _key(sha256: str, runtime: str) -> str:
    return f"{sha256} | {runtime} | {processor_kind()} | {__version__}"
