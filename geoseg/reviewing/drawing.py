"""What a file under review says of how its plots were drawn, and what must not be changed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import UsageError
from geoseg.vectors.address import address_of
from geoseg.vectors.metadata import read_metadata

SAME_KM2 = 1e-6
"""Areas of one stratum that differ by no larger share are the same."""


def drawing_of(source: object) -> Mapping[str, Any]:
    """How the plots were drawn; empty where the file does not say, as after a copy to another format."""
    if not isinstance(source, (str, Path)):
        return {}
    found = read_metadata(address_of(source)).get("review")
    return found if isinstance(found, dict) else {}


def require_as_drawn(
    source: object, strata: Sequence[str], stratum_m2: NDArray[np.float64], name: str
) -> None:
    """Refuse strata that were renamed, lost or given other areas: totals would count ground twice, or not.

    Args:
        source: A file by ``geoseg review``.
        strata: (h,) their names in the file, in small letters.
        stratum_m2: (h,) their areas.
        name: How messages name the file.

    Raises:
        UsageError: they are not those that were drawn.
    """
    drawn = drawing_of(source).get("strata")
    if not drawn:
        return
    known = {str(one["name"]).lower(): 1e6 * float(one["km2"]) for one in drawn if one["plots"]}
    there = dict(zip(strata, stratum_m2.tolist(), strict=True))
    advice = (
        "take the plots as geoseg review drew them, and leave those that nobody checked in the file"
    )
    if strange := sorted(there.keys() - known.keys()):
        raise UsageError(
            f"{name}: no stratum {strange[0]!r} was drawn, only {', '.join(sorted(known))}; {advice}"
        )
    if lost := sorted(known.keys() - there.keys()):
        raise UsageError(f"{name}: all plots of the stratum {lost[0]!r} are gone; {advice}")
    for one, m2 in there.items():
        if abs(m2 - known[one]) > SAME_KM2 * known[one]:
            raise UsageError(
                f"{name}: the stratum {one!r} has {m2 / 1e6:g} km\u00b2 and was drawn with {known[one] / 1e6:g}; "
                f"{advice}"
            )


def require_unkept(run: Mapping[str, Any], source: object, name: str, predictions: str) -> None:
    """Refuse to judge a result by the plots that were written into it.

    In these plots it is right by construction, which says nothing of all other ground.

    Args:
        run: What the predictions' file says of its run.
        source: The file under review.
        name: How messages name it.
        predictions: How they name the predictions.

    Raises:
        UsageError: ``--keep-reviewed`` took this review into the predictions.
    """
    kept = run.get("keep_reviewed")
    if not isinstance(kept, dict):
        return
    drawn = drawing_of(source).get("created")
    known = kept.get("drawn")
    same = drawn == known if drawn and known else kept.get("file") == name
    if same:
        raise UsageError(
            f"{predictions} holds what was checked in {name} (--keep-reviewed), so in these plots it is right "
            "whatever the rest is; judge and correct the result from which the plots were drawn, or draw "
            "new ones: geoseg review with another --seed"
        )
