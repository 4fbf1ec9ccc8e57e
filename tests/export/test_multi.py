"""Polygons as multipolygons, all at once."""

from __future__ import annotations

import numpy as np
import shapely

from geoseg.export.multi import as_multipolygons


def test_polygons_become_multipolygons_and_all_else_stays() -> None:
    given = shapely.from_wkt(
        [
            "POLYGON ((0 0, 2 0, 2 2, 0 0), (1 .5, 1.2 .5, 1.2 .6, 1 .5))",
            "POLYGON EMPTY",
            "POLYGON Z ((0 0 1, 1 0 2, 1 1 3, 0 0 1))",
            "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
            "LINESTRING (0 0, 1 1)",
            None,
        ]
    )
    before = shapely.to_wkt(given).tolist()
    one_by_one = [
        shapely.MultiPolygon([given[0]]),
        shapely.MultiPolygon(),
        shapely.MultiPolygon([given[2]]),
    ]
    made = as_multipolygons(given)
    assert shapely.to_wkb(made[:3]).tolist() == shapely.to_wkb(np.array(one_by_one)).tolist()
    assert list(made[3:]) == list(given[3:])
    assert shapely.to_wkt(given).tolist() == before
    assert len(as_multipolygons(given[:0])) == 0
    assert as_multipolygons(given[3:]).tolist() == given[3:].tolist()
