"""Precision against recall, by counting."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

import geoseg
from geoseg.accuracy.curve import curve_of

CONFIDENCE = np.array([0.95, 0.9, 0.9, 0.6, 0.4, 0.2])
RIGHT = np.array([True, True, False, True, False, True])


def layers(confidence: bool = True) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Six predictions, two of them beside the five true buildings; one of these is missed."""
    x = 340_000 + np.arange(7) * 40.0
    truth = shapely.box(x, 3_060_000, x + 12, 3_060_012)[[*np.flatnonzero(RIGHT), 6]]
    shapes = shapely.box(x[:6], 3_060_000, x[:6] + 12, 3_060_012)
    columns = {"confidence": CONFIDENCE} if confidence else {}
    return tuple(
        gpd.GeoDataFrame(data, geometry=given, crs=32645)
        for data, given in ((columns, shapes), ({}, truth))
    )  # type: ignore[return-value]


def test_points_are_what_would_be_kept() -> None:
    curve = curve_of(geoseg.evaluate(*layers()).scores)
    assert curve is not None
    for least, precision, recall in zip(
        curve.confidence, curve.precision, curve.recall, strict=True
    ):
        kept = least <= CONFIDENCE
        assert precision == pytest.approx(RIGHT[kept].mean())
        assert recall == pytest.approx(RIGHT[kept].sum() / 5)
    assert curve.confidence.tolist() == [0.95, 0.9, 0.6, 0.4, 0.2]
    assert curve.at(0.9) == 1
    assert curve.at(0.5) == 2
    assert curve.at(0.99) is None


def test_without_confidences_there_is_none() -> None:
    assert curve_of(geoseg.evaluate(*layers(confidence=False)).scores) is None


def test_the_page_draws_it_with_its_numbers(tmp_path: Path) -> None:
    geoseg.evaluate(*layers(), html=tmp_path / "e.html")
    html = (tmp_path / "e.html").read_text(encoding="utf-8")
    assert '<path class="curve"' in html
    assert "confidence from 0.5 on: precision 0.75, recall 0.60" in html
    assert html.count("The numbers of this chart") == 2
