"""What breaks a limit is drawn on from the walls at hand where no others would be found."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import town

from geoseg.shaping import RegularizeSettings, drawing
from geoseg.shaping.drawing import draw_groups

TIGHT = RegularizeSettings(max_outward_px=2.0)
"""So that many outlines break a limit."""


def test_drawing_on_is_drawing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    towns = [
        town.build_town(town.TownSpec(12, town.RECTILINEAR, jitter_px=noise, seed=5))
        for noise in (0.5, 1.2)
    ]
    raw = shapely.normalize(np.concatenate([np.asarray(one.raw) for one in towns]))
    group = np.concatenate([towns[0].lot, towns[1].lot + 12])
    drawn = draw_groups(raw, group, TIGHT)
    assert 5 < (drawn.shapes == "simplified").sum() < len(raw) - 5
    # As if no price could stay what it was: all groups with an outline refused begin anew.
    monkeypatch.setattr(drawing, "price_units", lambda noise, _: np.zeros_like(noise))
    anew = draw_groups(raw, group, TIGHT)
    assert shapely.equals_exact(drawn.polygons, anew.polygons).all()
    np.testing.assert_array_equal(drawn.shapes, anew.shapes)
