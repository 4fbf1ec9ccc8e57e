"""When a raster says that it was taken or made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

DATES = (
    (None, "TIFFTAG_DATETIME"),
    (None, "EXIF_DateTimeOriginal"),
    (None, "EXIF_DateTime"),
    (None, "ACQUISITIONDATETIME"),
    (None, "ACQUISITION_DATE"),
    (None, "DATE_ACQUIRED"),
    (None, "NITF_IDATIM"),
    ("IMAGERY", "ACQUISITIONDATETIME"),
)
"""Metadata domain and key, as GDAL and its readers of satellite imagery name them."""
OF_PROCESSING = ("TIFFTAG_DATETIME", "EXIF_DateTime")
"""Keys that tell when a file was made rather than when the photo was taken."""
DAY = re.compile(r"(\d{4})[:/.-]?(\d{2})[:/.-]?(\d{2})")
"""How a date begins in all of them."""
LONGEST = 64
"""Characters of a date that are kept."""


def image_dates(dataset: Any) -> dict[str, str]:  # noqa: ANN401 - rasterio is untyped
    """Key to date for every date that an open raster states, as it is written there.

    ``TIFFTAG_DATETIME`` is often the time of processing; others tell when the photo was taken.
    """
    tags = {domain: dataset.tags(ns=domain) for domain in {domain for domain, _ in DATES}}
    found = {
        key if domain is None else f"{domain}.{key}": str(tags[domain].get(key, "")).strip()
        for domain, key in DATES
    }
    return {key: date[:LONGEST] for key, date in found.items() if date}


def day_taken(dates: Mapping[str, str]) -> str | None:
    """The day on which a raster was taken, as year-month-day; None where it does not say.

    Args:
        dates: As :func:`image_dates` found them.
    """
    for key, text in dates.items():
        found = DAY.match(text)
        if found is not None and key not in OF_PROCESSING:
            with suppress(ValueError):  # no day, such as 0000:00:00
                return date(*map(int, found.groups())).isoformat()
    return None
