"""Random layers through ``geoseg.regularize``: is every layer that comes back clean?

    python benchmarks/redraw_fuzz.py                         # a thousand layers
    python benchmarks/redraw_fuzz.py --count 10000 --first 5000
    python benchmarks/redraw_fuzz.py --seed 123 --picture layer.png

Clean means, with no tolerance at all: every row is valid and holds polygons; the interiors of no
two rows share a point; where rows touch along a line they share its vertices. Both are told by
GEOS's exact predicates on the coordinates that come back.
"""

from __future__ import annotations

import argparse
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely
from redraw_layers import HALF_TURN, RandomLayer, random_layer

from geoseg.redraw import regularize

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

NECK_PX = 1e-3
"""What holds together by less counts as several pieces."""
AREAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def main() -> None:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="number of layers")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--seed", type=int, help="this layer alone")
    parser.add_argument("--picture", type=Path, help="draw it to a PNG")
    options = parser.parse_args()
    if options.seed is not None:
        show(random_layer(options.seed), options.picture)
        return
    begun, found, layers = time.process_time(), Counter[str](), Counter[str]()
    rows, raw, places = 0, 0, Counter[str]()
    for seed in range(options.first, options.first + options.count):
        layer = random_layer(seed)
        problems, counts = troubles(layer)
        rows, raw = rows + counts.get("rows", 0), raw + counts.get("raw", 0)
        places[layer.place.name] += counts.get("raw", 0)
        found.update(problem.split(":")[0] for problem in problems)
        layers.update({problem.split(":")[0] for problem in problems})
        if problems:
            print(
                seed, layer.place.name, "+".join(layer.kinds), *problems[:3], sep="; ", flush=True
            )
    print(f"{rows} rows, {raw} of them raw", dict(sorted(places.items())))
    print(f"{options.count} layers, {time.process_time() - begun:.0f} s of processor time")
    print("layers by problem:", dict(layers) or "none")


def troubles(layer: RandomLayer) -> tuple[list[str], dict[str, int]]:
    """What is wrong with the layer as it is drawn, each as ``kind: details``, and what was counted."""
    try:
        drawn = regularize(layer.frame, gsd_m=layer.gsd_m, snap_m=layer.snap_m)
    except Exception as error:  # noqa: BLE001  # all of them are what is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return [f"error: {type(error).__name__} {error} in {where}"], {}
    return list(problems_of(layer, drawn)), drawn.attrs["regularize"]


def problems_of(layer: RandomLayer, drawn: gpd.GeoDataFrame) -> Iterator[str]:
    """What is wrong with a drawn layer."""
    given, out = (np.asarray(frame.geometry.array, dtype=object) for frame in (layer.frame, drawn))
    counts = drawn.attrs["regularize"]
    if not (drawn["row"].equals(layer.frame["row"]) and len(out) == len(given)):
        yield "rows: rows were lost or changed"
    void = shapely.is_missing(out) | shapely.is_empty(out)
    if int(void.sum()) != counts["empty"] + counts["covered"]:
        yield f"lost: {int(void.sum())} rows hold nothing, {counts} are told"
    torn = np.ptp(shapely.bounds(out[~void])[:, ::2], axis=1) > HALF_TURN
    if torn.any() and "degrees" in layer.place.name:
        yield f"torn: {int(torn.sum())} rows reach around the globe"
    yield from unclean(out)
    yield from _departures(layer, layer.pixels(given), layer.pixels(out))


def unclean(out: NDArray[np.object_]) -> Iterator[str]:
    """Rows that are not valid, overlap, or touch without common vertices."""
    present = out[~(shapely.is_missing(out) | shapely.is_empty(out))]
    for shape in present[~shapely.is_valid(present)]:
        yield f"invalid: {shapely.is_valid_reason(shape)}"
    for shape in present[~np.isin(shapely.get_type_id(present), AREAL)]:
        yield f"type: {shape.geom_type}"
    if shapely.has_z(present).any() or shapely.has_m(present).any():
        yield "heights: some are left"
    parts, row = shapely.get_parts(present, return_index=True)
    one, other = shapely.STRtree(parts).query(parts, predicate="intersects")
    one, other = one[row[one] < row[other]], other[row[one] < row[other]]
    for a, b in zip(one, other, strict=True):
        if shapely.relate_pattern(parts[a], parts[b], "T********"):
            area = (
                shapely.intersection(parts[a], parts[b]).area
                if shapely.is_valid(parts[[a, b]]).all()
                else -1
            )
            yield f"overlap: {area:.3g} square units of {parts[a].area:.3g}"
    if len(parts) > 1 and not shapely.coverage_is_valid(parts):
        yield "walls: some touch without common vertices"


def _departures(
    layer: RandomLayer, given: NDArray[np.object_], out: NDArray[np.object_]
) -> Iterator[str]:
    """Rows that were whole and met no other, and came back far away or in pieces; in pixels."""
    whole = shapely.is_valid(layer.frame.geometry) & shapely.is_valid(given)
    whole &= ~shapely.is_empty(given)
    with np.errstate(invalid="ignore"):
        thinned = shapely.buffer(given, -NECK_PX, join_style="mitre")
    apart = np.maximum(*map(shapely.get_num_geometries, (thinned, given)))
    boxes = shapely.buffer(shapely.envelope(given), 2.0)
    tree = shapely.STRtree(boxes)
    for row in np.flatnonzero(whole & ~shapely.is_missing(out)):
        met = tree.query(given[row], predicate="intersects")
        if not whole[met].all():  # what was repaired may have taken a part of this one
            continue
        if shapely.relate_pattern(given[row], given[met[met != row]], "T********").any():
            continue
        if shapely.get_num_geometries(out[row]) > apart[row]:
            yield f"pieces: row {row} came back in {shapely.get_num_geometries(out[row])}"
        if shapely.is_empty(out[row]):
            yield f"vanished: row {row}"
            continue
        before, after = given[row], out[row]
        moved = shapely.area(shapely.symmetric_difference(before, after))
        allowed = 0.22 * before.area + (2.0 + layer.snap_px) * before.length
        if moved > allowed:
            yield f"far: row {row} changed by {moved:.1f} of {before.area:.1f} px2"


def show(layer: RandomLayer, picture: Path | None) -> None:
    """Tell what is in a layer and what is wrong with it, and draw it."""
    print(layer.place, layer.kinds, layer.gsd_m, layer.snap_m)
    print(layer.frame.to_wkt() if len(layer.frame) < 10 else layer.frame)
    print(*troubles(layer)[0], sep="\n")
    if picture is None:
        return
    import matplotlib.pyplot as plt

    drawn = regularize(layer.frame, gsd_m=layer.gsd_m, snap_m=layer.snap_m)
    axes = plt.subplots(figsize=(14, 14))[1]
    layer.frame.plot(ax=axes, facecolor="lightgrey", edgecolor="grey")
    drawn.plot(ax=axes, facecolor="none", edgecolor="red", lw=0.7)
    plt.savefig(picture)


if __name__ == "__main__":
    main()
