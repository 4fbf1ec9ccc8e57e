"""Proposals for OpenStreetMap: files for JOSM and for MapRoulette. Nothing is uploaded.

JOSM opens GeoJSON as a layer of ways whose properties are tags; MapRoulette takes a text sequence of
GeoJSON (RFC 8142), one collection a line, each of which becomes a task.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoseg.earth.places import DEGREES
from geoseg.earth.reproject import reproject
from geoseg.files.atomic import output_errors, write_text
from geoseg.upkeep.outcome import Updated
from geoseg.vectors.load import crs_of_frame

PROPOSED = ("new", "changed", "moved", "gone")
"""Decisions that something can be done about."""
WORDS = {
    "new": "The photo shows a building here that the map lacks. Add it if you see it, too.",
    "changed": "The photo shows another outline than the map. Redraw it if you see it, too.",
    "moved": "The photo shows this building a little elsewhere. Move it if you see it, too.",
    "gone": "The photo shows no building here. Delete it from the map if you see none, either.",
}
"""What a mapper is asked."""
LICENCE = (
    "If the old layer is OpenStreetMap, this file is a derived database: ODbL 1.0, (c) OpenStreetMap "
    "contributors. Trace only where the imagery's licence allows it, and follow the import guidelines "
    "and the automated edits code of conduct. geoseg uploads nothing."
)
"""Stands in both files."""
MARK = "\x1e"
"""Begins a record of a text sequence."""
DECIMALS = 8
"""Of a degree: about a millimetre."""


def write_josm(result: Updated, path: Path) -> None:
    """One collection; ``building=yes`` for new ones, ``fixme`` for all others.

    Raises:
        OutputError: disk full, no permission.
    """
    collection = {
        "type": "FeatureCollection",
        "licence": LICENCE,
        "features": [_feature(one, _tags(one)) for one in _proposals(result)],
    }
    _write(path, [json.dumps(collection, ensure_ascii=False, allow_nan=False)])


def write_maproulette(result: Updated, path: Path) -> None:
    """A task per decision, those of the layer review first, in its order.

    Raises:
        OutputError: disk full, no permission.
    """
    tasks = sorted(_proposals(result), key=lambda one: (one["review"] is None, one["review"] or 0))
    _write(
        path, (MARK + json.dumps(_task(one), ensure_ascii=False, allow_nan=False) for one in tasks)
    )


def _write(path: Path, lines: Any) -> None:  # noqa: ANN401  # an iterable of texts
    text = "".join(f"{line}\n" for line in lines)
    with output_errors(path):
        write_text(text, path)


def _proposals(result: Updated) -> Iterator[dict[str, Any]]:
    """Decision, id, probability, place in the review and outline in degrees, row by row."""
    frame, column = result.rows, result.record["decision_column"]
    names = {name: _name(result, name) for name in ("sure", "review")}
    earlier = frame[names["sure"]].isna()  # gone before, and proposed then
    chosen = frame[(frame[column].isin(PROPOSED) & ~earlier).to_numpy()]
    crs = crs_of_frame(chosen, "rows")
    flat = shapely.force_2d(np.array(chosen.geometry.array, dtype=object))
    outlines = reproject(flat, crs, DEGREES)
    ids = _ids(chosen, result.record["id_column"])
    for decision, one, sure, review, outline in zip(
        chosen[column], ids, chosen[names["sure"]], chosen[names["review"]], outlines, strict=True
    ):
        yield {
            "decision": decision,
            "id": one,
            "sure": round(float(sure), 3),
            "review": None if pd.isna(review) else int(review),
            "outline": outline,
        }


def _name(result: Updated, wanted: str) -> str:
    """What one of the added columns is called."""
    place = ("decision", "sure", "review").index(wanted)
    return result.columns[place].name


def _ids(frame: gpd.GeoDataFrame, column: str) -> list[str | None]:
    missing = frame[column].isna()
    return [None if gone else str(one) for one, gone in zip(frame[column], missing, strict=True)]


def _tags(one: dict[str, Any]) -> dict[str, Any]:
    if one["decision"] == "new":
        return {"building": "yes"}
    known = {} if one["id"] is None else {"geoseg:id": one["id"]}
    return {"fixme": WORDS[one["decision"]], "geoseg:decision": one["decision"], **known}


def _task(one: dict[str, Any]) -> dict[str, Any]:
    told = {"decision": one["decision"], "sure": one["sure"], "instruction": WORDS[one["decision"]]}
    known = {} if one["id"] is None else {"id": one["id"]}
    return {
        "type": "FeatureCollection",
        "features": [_feature(one, {**told, **known, "licence": LICENCE})],
    }


def _feature(one: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    outline = shapely.orient_polygons(one["outline"], exterior_cw=False)
    shape = json.loads(shapely.to_geojson(outline))
    shape["coordinates"] = _rounded(shape["coordinates"])
    return {"type": "Feature", "properties": properties, "geometry": shape}


def _rounded(numbers: Any) -> Any:  # noqa: ANN401  # nested lists of any depth
    if isinstance(numbers, list):
        return [_rounded(one) for one in numbers]
    return round(numbers, DECIMALS)
