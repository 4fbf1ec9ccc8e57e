"""The reviewer of the benchmark, whom the true buildings tell what to say."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
from review_learning import play
from reviewed_town import build

import geoseg
from geoseg.reviewing.reading import read_review

pytestmark = pytest.mark.thorough


def test_time_is_spent_plot_by_plot_and_every_verdict_is_true(tmp_path: Path) -> None:
    town = build(tmp_path)
    path = tmp_path / "plots.gpkg"
    geoseg.review(town.predicted, path, plots=12)
    found = gpd.read_file(town.predicted, layer="buildings")
    work = play(path, found, town.truth, 600)
    assert 300 < work.seconds <= 600
    looked = work.right + work.wrong + work.redrawn
    assert work.seconds == 4 * looked + 20 * work.redrawn + 25 * work.added
    reviewed = read_review(path)
    assert len(reviewed.plots) == work.plots < 12
    assert len(reviewed.truth) == work.right + work.redrawn + work.added
    true = set(town.truth.geometry.to_wkb())
    exact = sum(gpd.GeoSeries(reviewed.truth).to_wkb().isin(true))
    assert exact == pytest.approx(len(reviewed.truth), abs=work.right)
    assert exact >= work.redrawn + work.added
