"""A town as CityJSON 2.0 (https://www.cityjson.org/specs/2.0.1/): LoD 0 footprints, LoD 1.2 solids."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geoseg.city.rings import Ints, Town
from geoseg.files.atomic import output_errors, replacing

SURFACES = [
    {"type": "GroundSurface"},
    {"type": "RoofSurface"},
    {"type": "WallSurface"},
    {"type": "WallSurface", "shared": True},
]
"""Semantic surfaces; the last one is a wall that a neighbour has as well."""
GROUND, ROOF, WALL, COMMON = range(4)
EPSG = "https://www.opengis.net/def/crs/EPSG/0/{}"

Face = list[list[int]]
"""Rings of vertices: the outline first."""


def write_cityjson(town: Town, frame: gpd.GeoDataFrame, path: Path, epsg: int | None) -> None:
    """Write a town; the file appears complete or not at all.

    Args:
        town: What is drawn.
        frame: Its rows; columns become attributes.
        path: The file.
        epsg: Code of the 3D CRS; None: it is not known, and none is written.

    Raises:
        OutputError: it cannot be written.
    """
    vertices, low, high = _vertices(town)
    scale, translate = list(town.lattice.scale), list(town.lattice.translate)
    head = {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": scale, "translate": translate},
        "metadata": _metadata(vertices, town, epsg),
    }
    with output_errors(path), replacing(path) as temporary, temporary.open("w") as file:
        file.write(json.dumps(head)[:-1] + ',\n"CityObjects": {\n')
        for number, (name, told) in enumerate(_objects(town, frame, low, high)):
            file.write(f"{',' if number else ''}{json.dumps(name)}: {_compact(told)}\n")
        rows = ",\n".join(f"[{x},{y},{z}]" for x, y, z in vertices.tolist())
        file.write('},\n"vertices": [\n' + rows + "\n]}\n")


def _vertices(town: Town) -> tuple[Ints, Ints, Ints]:
    """(n, 3) all vertices once; of every point the one on the ground and the one at the roof."""
    part = town.point_part
    bottom = np.column_stack([town.xy, town.low[part]])
    top = np.column_stack([town.xy, town.high[part]])
    every = np.concatenate([bottom, top])
    order = np.lexsort(every.T)
    ordered = every[order]
    is_new = np.ones(len(every), np.bool_)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    number = np.empty(len(every), np.int64)
    number[order] = np.cumsum(is_new) - 1
    return ordered[is_new], number[: len(part)], number[len(part) :]


def _metadata(vertices: Ints, town: Town, epsg: int | None) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if len(vertices):
        scale, shift = np.array(town.lattice.scale), np.array(town.lattice.translate)
        sides = np.concatenate([vertices.min(axis=0), vertices.max(axis=0)])
        box = sides * np.tile(scale, 2) + np.tile(shift, 2)
        told["geographicalExtent"] = [round(one, 9) for one in box.tolist()]
    if epsg is not None:
        told["referenceSystem"] = EPSG.format(epsg)
    return told


def _objects(
    town: Town, frame: gpd.GeoDataFrame, low: Ints, high: Ints
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names and contents of the buildings, in the order of the rows."""
    attributes, names = _attributes(frame), _names(frame)
    rings, bottoms, tops = town.rings_of(), low.tolist(), high.tolist()
    begins, shared = town.ring_begin.tolist(), town.shared.tolist()
    stands = (town.high > town.low).tolist()
    for row, group in groupby(enumerate(town.owner.tolist()), key=lambda pair: pair[1]):
        floors, solids, values = [], [], []
        for part, _ in group:
            spans = [(begins[i], begins[i + 1]) for i in range(rings[part], rings[part + 1])]
            floors.append([bottoms[first:last] for first, last in spans])
            if stands[part]:
                faces, kinds = _solid(spans, bottoms, tops, shared)
                solids.append([faces])
                values.append([kinds])
        yield (
            names[row],
            {
                "type": "Building",
                "attributes": dict(attributes[row]),
                "geometry": _geometry(floors, solids, values),
            },
        )


def _solid(
    spans: list[tuple[int, int]], low: list[int], high: list[int], shared: list[bool]
) -> tuple[list[Face], list[int]]:
    """The faces of one shell, all seen from without, and what each is."""
    floor = [low[first:last][::-1] for first, last in spans]
    roof = [high[first:last] for first, last in spans]
    faces, kinds = [floor, roof], [GROUND, ROOF]
    for first, last in spans:
        for one in range(first, last):
            other = one + 1 if one + 1 < last else first
            faces.append([[low[one], low[other], high[other], high[one]]])
            kinds.append(COMMON if shared[one] else WALL)
    return faces, kinds


def _geometry(
    floors: list[Face], solids: list[list[list[Face]]], values: list[list[list[int]]]
) -> list[dict[str, Any]]:
    geometry: list[dict[str, Any]] = [{"type": "MultiSurface", "lod": "0", "boundaries": floors}]
    if not solids:
        return geometry
    one = len(solids) == 1
    geometry.append(
        {
            "type": "Solid" if one else "MultiSolid",
            "lod": "1.2",
            "boundaries": solids[0] if one else solids,
            "semantics": {"surfaces": SURFACES, "values": values[0] if one else values},
        }
    )
    return geometry


def _names(frame: gpd.GeoDataFrame) -> list[str]:
    """A name for every row: its building_id where these are given and differ."""
    if "building_id" in frame.columns:
        given = frame["building_id"]
        if given.notna().all() and given.is_unique:
            return [f"building_{one}" for one in given.tolist()]
    return [f"building_{row}" for row in range(len(frame))]


def _attributes(frame: gpd.GeoDataFrame) -> list[list[tuple[str, Any]]]:
    """Names and values of every row's columns, those that are empty left out."""
    columns = [
        (str(name), frame[name].tolist())
        for name in frame.columns
        if name != frame.active_geometry_name
    ]
    return [
        [(name, _plain(values[row])) for name, values in columns if not _is_empty(values[row])]
        for row in range(len(frame))
    ]


def _is_empty(value: Any) -> bool:  # noqa: ANN401  # whatever a cell may hold
    return (
        value is None or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value))
    )


def _plain(value: Any) -> Any:  # noqa: ANN401
    return value if isinstance(value, str | int | float | bool) else str(value)


def _compact(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
