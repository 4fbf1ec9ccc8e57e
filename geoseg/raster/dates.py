"""When a raster says that it was taken or made."""

from __future__ import annotations

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
