"""What an installation can do here, and what stands in its way: ``geoseg.doctor()``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoseg.keywords import checked_keywords

if TYPE_CHECKING:
    from geoseg.checkup.outcome import Checkup


@checked_keywords
def doctor(*, trial: bool = True) -> Checkup:
    """Look at versions, formats, what runs networks, memory and folders, and try a tiny run.

    Nothing is installed, changed or sent.

    Args:
        trial: Also find the buildings of a drawing of 256 x 256 pixels, in a temporary folder.

    Returns:
        All that was looked at; ``healthy`` where nothing is broken.
    """
    from geoseg.checkup.looks import looks
    from geoseg.checkup.outcome import Checkup
    from geoseg.checkup.trial import tried

    found = [*looks()]
    if trial:
        found.append(tried())
    return Checkup(tuple(found))
