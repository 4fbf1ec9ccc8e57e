"""Real predictions drawn three ways, against hand-drawn labels.

    python benchmarks/regularize_real.py DATA               # folder of the labelled imagery
    python benchmarks/regularize_real.py DATA --picture before_after.png

The model maps every held-out scene once. A building counts where its raw outline and a label agree
by an intersection over union of at least 0.5; the same pairs are then scored for every shape.
Beside the shapes stand the labels' own walls, each moved to the mean of the raw outline's pixels:
what can be had by drawing alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import shapely
from held_out import HELD_OUT
from outline_limit import moved_walls
from real_scenes import RealScene, read_scenes
from regularize_score import iou

from geoseg.accuracy.shapes import polis
from geoseg.attributes.confidence import Rating
from geoseg.decode.decoder import Decoder
from geoseg.decode.seeds import MapLabeller
from geoseg.earth.gsd import is_enlarged
from geoseg.footprints import Footprint, FootprintSettings, draw_all
from geoseg.models import load_model
from geoseg.models.averaged import averaged_if
from geoseg.models.protocols import DenseModel
from geoseg.run.stages import thresholds
from geoseg.settings import MIN_AREA_M2
from geoseg.shaping import PREDICTED, RegularizeSettings
from geoseg.shaping.correlation import estimate_layer_noise
from geoseg.shaping.near import near_groups
from geoseg.types import FILL_GREY, Cluster, MapStrip, Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Polygons = NDArray[np.object_]

SHAPES: tuple[Shape, ...] = get_args(Shape)
MOVED = "labels moved"
"""The column of those."""
COLUMNS = (*SHAPES, MOVED)
BAND_M = 1.0
"""Width of the band along outlines that boundary IoU compares, metres."""
MATCH_IOU = 0.5
SQUARE_DEG, SQUARE_SHARE = 6.0, 0.95
"""Walls so near to one of two directions run along them, degrees; and how much of an outline must."""
CHIP_PX, ZOOM = 240, 4
"""Side of the picture's piece of a photo, pixels, and how much it is enlarged."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One scene's buildings."""

    scene: RealScene
    """At the pixel size of prediction."""
    outlines: dict[str, Polygons]
    """(buildings,) polygons of each shape, in the same order."""
    made: Polygons
    """(buildings,) how the regularized ones were drawn in the end."""
    pair: NDArray[np.int64]
    """(pairs, 2) a building and the label that it agrees with."""
    moved: Polygons
    """(pairs,) the label's own walls, moved to the mean of the raw outline's pixels."""

    @property
    def truth(self) -> Polygons:
        """(pairs,) the labels."""
        return self.scene.truth[self.pair[:, 1]]

    def drawn(self, column: str) -> Polygons:
        """(pairs,) the buildings in one shape, or the labels moved."""
        return self.moved if column == MOVED else self.outlines[column][self.pair[:, 0]]

    def ious(self, column: str) -> NDArray[np.float64]:
        """(pairs,) agreement."""
        return iou(self.truth, self.drawn(column))

    def boundary_ious(self, column: str) -> NDArray[np.float64]:
        """(pairs,) agreement of the bands along the outlines."""
        width = BAND_M / self.scene.gsd_m
        return iou(_band(self.truth, width), _band(self.drawn(column), width))

    def squares(self, column: str) -> NDArray[np.bool_]:
        """(pairs,) True where nearly all of an outline runs along two directions, square to each other."""
        return _squares(self.drawn(column))

    def polis_m(self, column: str) -> NDArray[np.float64]:
        """(pairs,) mean distance of the outlines, metres."""
        return polis(self.drawn(column), self.truth) * self.scene.gsd_m


def _band(polygons: Polygons, width: float) -> Polygons:
    """(n,) what of the polygons lies along their outlines."""
    return np.asarray(shapely.difference(polygons, shapely.buffer(polygons, -width)))


def _is_square(polygon: shapely.Geometry) -> bool:
    """Whether at least ``SQUARE_SHARE`` of the shell lies within ``SQUARE_DEG`` of two directions at right angles."""
    shell = shapely.get_exterior_ring(max(shapely.get_parts(polygon), key=shapely.area))
    along = np.diff(shapely.get_coordinates(shell), axis=0)
    length, angle = np.hypot(*along.T), np.degrees(np.arctan2(along[:, 1], along[:, 0]))
    apart = np.abs((angle[:, None] - angle + 45) % 90 - 45)
    return bool((length @ (apart <= SQUARE_DEG)).max() >= SQUARE_SHARE * length.sum())


def _squares(polygons: Polygons) -> NDArray[np.bool_]:
    """(n,) the same of polygons."""
    return np.array([_is_square(polygon) for polygon in polygons], dtype=bool)


def main() -> None:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of the labelled imagery")
    parser.add_argument("--model", default=HELD_OUT, help="built-in, or a .safetensors file")
    parser.add_argument("--place", default="", help="only places whose name begins so")
    parser.add_argument(
        "--correlation",
        help="price walls for noise over so many px; learnt: as geoseg regularize learns it of a scene",
    )
    parser.add_argument(
        "--oblique",
        type=float,
        help="how much dearer walls aslant are; default: as in geoseg predict",
    )
    parser.add_argument("--picture", type=Path, help="draw before and after over the photos, PNG")
    options = parser.parse_args()
    model = load_model(options.model)
    if not isinstance(model, DenseModel):
        parser.error("only models that predict maps take part")
    scenes = (s for s in read_scenes(options.data) if s.place.startswith(options.place))
    drawn = [draw_scene(scene, model, options.correlation, options.oblique) for scene in scenes]
    if not drawn:
        parser.error(f"{options.data} holds no held-out scene of a place named so")
    print_table(drawn)
    if options.picture:
        draw_picture(drawn, options.picture)


def draw_scene(
    scene: RealScene,
    model: DenseModel,
    correlation: str | None = None,
    oblique: float | None = None,
) -> Drawn:
    """Predict a scene, draw its buildings three ways, and pair them with the labels."""
    fitting = scene.fitted(model.gsd_m)
    enlarged = is_enlarged(scene.gsd_m, fitting.gsd_m)
    seeing = averaged_if(model, None, enlarged=enlarged)
    clusters = _decode(_predict(fitting, seeing), fitting.gsd_m, model)
    regular = _settings(correlation, oblique, clusters)
    prints = {shape: _footprints(clusters, shape, regular) for shape in SHAPES}
    outlines = {shape: _array(p.polygon for p in prints[shape]) for shape in SHAPES}
    made = _array(p.shape for p in prints["regularized"])
    pair = _pair_up(outlines["raw"], fitting.truth)
    moved = moved_walls(fitting.truth[pair[:, 1]], outlines["raw"][pair[:, 0]])
    return Drawn(fitting, outlines, made, pair, moved)


def _settings(
    correlation: str | None, oblique: float | None, clusters: Sequence[Cluster]
) -> RegularizeSettings:
    usual = PREDICTED if oblique is None else replace(PREDICTED, oblique=oblique)
    if correlation != "learnt":
        return replace(usual, correlation_px=correlation and float(correlation))
    raw = _array(p.polygon for p in _footprints(clusters, "raw", usual))
    group = near_groups(raw, 2 * usual.max_outward_px)
    width, noise = estimate_layer_noise(raw, group, usual) or (None, None)
    return replace(usual, correlation_px=width, layer_noise_px=noise)


def _predict(scene: RealScene, model: DenseModel) -> NDArray[np.uint8]:
    """(heads, height, width) quantised maps of a whole scene."""
    height, width = scene.image.shape[:2]
    room = ((0, -height % model.stride_px), (0, -width % model.stride_px), (0, 0))
    padded = np.pad(scene.image, room, constant_values=FILL_GREY)
    maps = model.predict_maps(np.ascontiguousarray(padded.transpose(2, 0, 1))[None])[0]
    return np.rint(maps[:, :height, :width] * np.float32(255)).astype(np.uint8)


def _decode(maps: NDArray[np.uint8], gsd_m: float, model: DenseModel) -> list[Cluster]:
    _, height, width = maps.shape
    params = replace(thresholds(model), min_pixels=max(1, round(MIN_AREA_M2 / gsd_m**2)))
    odds = Rating.of(model).odds(gsd_m)
    decoder = Decoder(width, height, MapLabeller(model.heads, params), odds=odds)
    clusters = decoder.push(MapStrip(0, maps, np.ones((height, width), dtype=bool)))
    return [*clusters, *decoder.close()]


def _footprints(
    clusters: Sequence[Cluster], shape: Shape, regular: RegularizeSettings
) -> list[Footprint]:
    drawn = draw_all(clusters, FootprintSettings(shape=shape, regularize=regular))
    return [footprint for cluster in drawn for footprint in cluster.footprints]


def _array(things: Iterable[object]) -> Polygons:
    listed = list(things)
    out = np.empty(len(listed), dtype=object)
    out[:] = listed
    return out


def _pair_up(raw: Polygons, truth: Polygons) -> NDArray[np.int64]:
    """(pairs, 2) buildings and labels with an agreement that no other can reach."""
    building, label = shapely.STRtree(truth).query(raw, predicate="intersects")
    close = iou(truth[label], raw[building]) > MATCH_IOU
    return np.column_stack([building[close], label[close]])


def print_table(drawn: Sequence[Drawn]) -> None:
    """Agreement, vertices and error of the total area for each place and shape."""
    head = "".join(f"{column:>13}" for column in COLUMNS)
    print(f"{'mean IoU':20}{'pairs':>6}{head}   p5 {SHAPES[0]} / {SHAPES[-1]}")
    for place, members in groupby(sorted(drawn, key=_place), key=_place):
        _print_row(place, list(members))
    polygons = [one for one in drawn if not one.scene.place.endswith("(masks)")]
    _print_row("all polygons", polygons)
    figures: dict[str, Callable[[Drawn, str], NDArray[np.float64]]] = {
        "boundary IoU": Drawn.boundary_ious, "PoLiS, m": Drawn.polis_m, "right angles": Drawn.squares
    }  # fmt: skip
    for name, figure in figures.items():
        means = (
            np.concatenate([figure(one, column) for one in polygons]).mean() for column in COLUMNS
        )
        print(f"{name + ', polygons':26}" + "".join(f"{mean:13.4f}" for mean in means))
    square = np.concatenate([_squares(one.truth) for one in polygons])
    print(f"right angles of the labels {square.mean():12.4f}")
    for name, of_all in (("vertices", _vertices), ("area error, %", _area_error)):
        print(f"{name:26}" + "".join(f"{of_all(drawn, column):13.2f}" for column in COLUMNS))
    made = np.concatenate([one.made for one in drawn])
    told = ", ".join(f"{name} {np.mean(made == name):.1%}" for name in np.unique(made))
    print(f"{len(made)} buildings: {told}")


def _place(one: Drawn) -> str:
    return one.scene.place


def _print_row(name: str, drawn: Sequence[Drawn]) -> None:
    ious = {column: np.concatenate([one.ious(column) for one in drawn]) for column in COLUMNS}
    pairs = len(ious["raw"])
    if pairs == 0:
        print(f"{name:20}{pairs:6d}")
        return
    means = "".join(f"{ious[column].mean():13.4f}" for column in COLUMNS)
    low = [np.percentile(ious[shape], 5) for shape in (SHAPES[0], SHAPES[-1])]
    print(f"{name:20}{pairs:6d}{means}   {low[0]:.3f} / {low[1]:.3f}")
    gain, most = ((ious[column] - ious["raw"]).mean() for column in (SHAPES[-1], MOVED))
    print(f"{'':26}gained {gain:.4f} of {most:.4f}")


def _vertices(drawn: Sequence[Drawn], column: str) -> float:
    """Of all buildings, or of the labels of those that agree with one."""
    outlines = [one.moved if column == MOVED else one.outlines[column] for one in drawn]
    return float((shapely.get_num_coordinates(np.concatenate(outlines)) - 1).mean())


def _area_error(drawn: Sequence[Drawn], column: str) -> float:
    """Error of the total area of all buildings that agree with a label."""
    found = sum(shapely.area(one.drawn(column)).sum() for one in drawn)
    true = sum(shapely.area(one.truth).sum() for one in drawn)
    return float(100 * (found / true - 1))


def draw_picture(drawn: Sequence[Drawn], path: Path) -> None:
    """For each place a piece of its fullest scene, raw on the left, regularized on the right.

    Labels are green; polygons that could not be drawn straight are blue.
    """
    from PIL import Image

    rows = []
    for _, members in groupby(sorted(drawn, key=_place), key=_place):
        one = max(members, key=lambda one: len(one.pair))
        centre = _densest(one)
        rows.append(np.hstack([_panel(one, shape, centre) for shape in ("raw", "regularized")]))
    Image.fromarray(np.vstack(rows)).save(path)


def _densest(one: Drawn) -> tuple[int, int]:
    """First column and row of the piece of the photo that holds most buildings."""
    middle = shapely.get_coordinates(shapely.centroid(one.outlines["raw"]))
    last = np.maximum(np.array(one.scene.image.shape[:2])[::-1] - CHIP_PX, 0)
    corners = np.clip(middle - CHIP_PX / 2, 0, last).astype(int)
    inside = (middle >= corners[:, None]) & (middle < corners[:, None] + CHIP_PX)
    col, row = corners[inside.all(axis=2).sum(axis=1).argmax()]
    return int(col), int(row)


def _panel(one: Drawn, shape: str, corner: tuple[int, int]) -> NDArray[np.uint8]:
    from PIL import Image, ImageDraw

    col, row = corner
    chip = np.full((CHIP_PX, CHIP_PX, 3), FILL_GREY, np.uint8)
    piece = one.scene.image[row : row + CHIP_PX, col : col + CHIP_PX]
    chip[: piece.shape[0], : piece.shape[1]] = piece
    image = Image.fromarray(chip).resize((ZOOM * CHIP_PX,) * 2, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    straight = np.isin(one.made, ("regularized", "circle")) | (shape == "raw")
    layers = (
        (one.scene.truth, "#30d030", 1),
        (one.outlines[shape][straight], "#ff2020", 2),
        (one.outlines[shape][~straight], "#3060ff", 2),
    )
    for polygons, colour, width in layers:
        for ring in shapely.get_rings(polygons):
            xy = (shapely.get_coordinates(ring) - corner) * ZOOM
            pen.line([tuple(point) for point in xy], fill=colour, width=width)
    return np.asarray(image)


if __name__ == "__main__":
    main()
