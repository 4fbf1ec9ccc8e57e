"""Does an hour of review make a better model? ``python benchmarks/review_learning.py DATA OUT``.

    python benchmarks/review_learning.py data runs/review --places dhaka --minutes 15 30 60 --draws 5

True labels play the reviewer on towns that the built-in model has not seen. For every draw of plots
the model's buildings are checked plot by plot until the minutes are used up (``CHECK_S``, ``REDRAW_S``
and ``ADD_S`` of ``review.py``), as ``geoseg review`` lays them out; then come ``geoseg dataset
--review``, ``geoseg train`` from the model that predicted, ``geoseg tune --split all`` and ``geoseg predict``. F1 and the bias of the
total area are those of the ground that nobody has checked, before and after, checked plots masked out
of both. Every draw and budget is one line of ``OUT/results.jsonl``; what stands there is not run again,
so the command can be stopped and given again at any time.

``--table`` prints the medians of what is there.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
import torch
from numpy.typing import NDArray
from rasterio.transform import from_origin
from rasterio.windows import Window
from review import ADD_S, CHECK_S, GOOD_IOU, REDRAW_S
from scipy.optimize import linear_sum_assignment

import geoseg
from geoseg.labelled.collection import export_frame
from geoseg.models.dense import TorchDenseModel
from geoseg.models.loading import model_file
from geoseg.models.weights import load_weights, save_weights
from geoseg.scenes.scene import load_scenes
from geoseg.train.config import TrainConfig, changed_config, read_config
from geoseg.train.recipe import RECIPE
from geoseg.train.run import train
from geoseg.train.tune import tune

BEFORE_HUTS = Path(__file__).with_name("weights") / "before_huts.safetensors"
"""The built-in model of before it learnt from Dhaka and Zanzibar, so that these are new to it."""
SAME_IOU = 0.1
"""An outline that shares so much with a true building stands for it, and is redrawn."""
JAVA_GSD_M, JAVA_CRS, GAP_PX = 0.3, "EPSG:32749", 64
ONLY_HUTS = ("dhaka_393753-226409", "dhaka_393753-226410")
"""The tiles whose labels are exact; the other six are shifted by metres."""


@dataclass(frozen=True, slots=True)
class Place:
    """A town with a photo and true buildings."""

    name: str
    rasters: tuple[Path, ...]
    truth: gpd.GeoDataFrame
    """True buildings in the CRS of the rasters."""
    plot_size_m: float
    """Side of a plot, for about eight buildings."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a reviewer did in a while."""

    plots: int
    right: int
    wrong: int
    redrawn: int
    added: int
    seconds: float


def dhaka(data: Path, out: Path) -> Place:
    """A quarter of touching huts."""
    del out
    folder = data / "train/oam_dhaka"
    return _of_tiles("dhaka", folder, folder / "labels.geojson", ONLY_HUTS, plot_size_m=15)


def zanzibar(data: Path, out: Path) -> Place:
    """Villages among palms."""
    del out
    folder = data / "train/oam_zanzibar"
    names = ("zanzibar_0_z19", "zanzibar_1_z19")
    return _of_tiles("zanzibar", folder, folder / "labels_z19.geojson", names, plot_size_m=60)


def _of_tiles(
    name: str, folder: Path, labels: Path, tiles: Sequence[str], *, plot_size_m: float
) -> Place:
    rasters = tuple(folder / "images" / f"{tile}.tif" for tile in tiles)
    with rasterio.open(rasters[0]) as source:
        crs = source.crs
    truth = gpd.read_file(labels)
    truth = truth[truth["image"].isin(tiles)][["geometry"]].to_crs(crs)
    return Place(name, rasters, _sound(truth), plot_size_m)


def nairobi(data: Path, out: Path) -> Place:
    """The western half of a quarter of flats and small houses.

    Outlines there follow roofs, one each. Those of the eastern half follow the walls of whole plots, and those of the
    other area lie up to 8 m beside the roofs: nobody who checks against the photo would draw them.
    """
    folder, name = data / "train/oam_nairobi", "nairobi_1_z19"
    path = out / "nairobi.tif"
    with rasterio.open(folder / "images" / f"{name}.tif") as source:
        half = Window(0, 0, source.width // 2, source.height)
        profile = source.profile | {"width": half.width, "transform": source.window_transform(half)}
        box = shapely.box(*source.window_bounds(half))
        with rasterio.open(path, "w", **profile) as target:
            target.write(source.read(window=half))
        truth = gpd.read_file(folder / "labels_z19.geojson").to_crs(source.crs)
    truth = truth[truth["image"] == name][["geometry"]].clip(box)
    return Place("nairobi", (path,), _sound(truth), plot_size_m=25)


def java(data: Path, out: Path) -> Place:
    """Two mosaics of Javanese towns, their images beside each other with gaps.

    The built-in model has learnt other mosaics of Java, and its thresholds were chosen on these.
    """
    source, path = data / "val/geocarta", out / "java.tif"
    content = json.loads((source / "annotations.json").read_text())
    side = max(max(one["width"], one["height"]) for one in content["images"]) + GAP_PX
    across = int(np.ceil(np.sqrt(len(content["images"]))))
    photo = np.zeros((4, side * across, side * across), np.uint8)
    corner = {}
    for place, one in enumerate(content["images"]):
        row, col = (number * side for number in divmod(place, across))
        corner[one["id"]] = np.array([col, row])
        with rasterio.open(source / "images" / one["file_name"]) as tile:
            image = tile.read([1, 2, 3])
        window = photo[:, row : row + image.shape[1], col : col + image.shape[2]]
        window[:3] = image
        window[3] = np.where(export_frame(np.moveaxis(image, 0, 2)), 0, 255)
    transform = from_origin(430_000, 9_140_000, JAVA_GSD_M, JAVA_GSD_M)
    profile = {"driver": "GTiff", "count": 4, "dtype": "uint8", "compress": "deflate",
               "width": photo.shape[2], "height": photo.shape[1], "crs": JAVA_CRS,
               "transform": transform, "photometric": "RGB", "alpha": "YES"}  # fmt: skip
    with rasterio.open(path, "w", **profile) as target:
        target.write(photo)
    shapes = [
        shapely.Polygon(
            [transform * tuple(xy) for xy in np.reshape(part, (-1, 2)) + corner[one["image_id"]]]
        )
        for one in content["annotations"]
        for part in one["segmentation"][:1]
    ]
    return Place("java", (path,), _sound(gpd.GeoDataFrame(geometry=shapes, crs=JAVA_CRS)), 55)


def _sound(truth: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    valid = truth.set_geometry(truth.geometry.make_valid()).explode(index_parts=False)
    polygons = valid[valid.geom_type == "Polygon"]
    return polygons[polygons.geometry.area > 1].reset_index(drop=True)


PLACES: dict[str, Callable[[Path, Path], Place]] = {
    "dhaka": dhaka, "zanzibar": zanzibar, "nairobi": nairobi, "java": java,
}  # fmt: skip


def stands_for(predicted: NDArray[np.object_], truth: NDArray[np.object_]) -> NDArray[np.int64]:
    """(n,) the true building that each prediction stands for, one each, or -1; see SAME_IOU."""
    one, other = shapely.STRtree(truth).query(predicted, predicate="intersects")
    shared = shapely.area(shapely.intersection(predicted[one], truth[other]))
    iou = shared / (shapely.area(predicted[one]) + shapely.area(truth[other]) - shared)
    table = np.zeros((len(predicted), len(truth)))
    table[one, other] = np.where(iou >= SAME_IOU, iou, 0)
    rows, cols = linear_sum_assignment(-table)
    found = table[rows, cols] > 0
    result = np.full(len(predicted), -1)
    result[rows[found]] = cols[found]
    return result


def play(
    path: Path, predicted: gpd.GeoDataFrame, truth: gpd.GeoDataFrame, seconds: float
) -> Checked:
    """Check plots of a file by ``geoseg review`` in their order until the time is used up.

    A plot that would take longer than what is left is not begun.
    """
    plots, rows = (gpd.read_file(path, layer=layer) for layer in ("plots", "buildings"))
    true = truth.geometry.to_numpy()
    match = pd.Series(stands_for(predicted.geometry.to_numpy(), true), predicted.building_id)
    of_row = match[rows.building_id].to_numpy()
    shapes, real = rows.geometry.to_numpy().copy(), of_row >= 0
    verdict = np.full(len(rows), "wrong", dtype=object)
    shared = shapely.area(shapely.intersection(shapes[real], true[of_row[real]]))
    either = shapely.area(shapely.union(shapes[real], true[of_row[real]]))
    good = shared >= GOOD_IOU * either
    verdict[real] = np.where(good, "right", "redrawn")
    shapes[real] = np.where(good, shapes[real], true[of_row[real]])
    missed = np.setdiff1d(np.arange(len(true)), match.to_numpy())
    middle = shapely.point_on_surface(true[missed])
    cost = np.where(verdict == "redrawn", CHECK_S + REDRAW_S, CHECK_S)
    done, spent, kept, added = [], 0.0, np.zeros(len(rows), bool), []
    for plot in plots.sort_values("plot_id").itertuples():
        here = (rows.plot_id == plot.plot_id).to_numpy()
        new = missed[shapely.covers(plot.geometry, middle)]
        work = cost[here].sum() + ADD_S * len(new)
        if spent + work > seconds:
            break
        done, spent, kept = [*done, plot.plot_id], spent + float(work), kept | here
        added.extend(new.tolist())
    plots["checked"] = plots.plot_id.isin(done)
    rows = rows.set_geometry(gpd.GeoSeries(shapes, crs=rows.crs))
    rows["review"] = np.where(kept, verdict, None)
    drawn = gpd.GeoDataFrame({"review": "added"}, geometry=true[added], index=range(len(added)))
    both = pd.concat([rows, drawn.set_crs(rows.crs)], ignore_index=True)
    plots.to_file(path, layer="plots", driver="GPKG")
    gpd.GeoDataFrame(both, crs=rows.crs).to_file(path, layer="buildings", driver="GPKG")
    count = {name: int((verdict[kept] == name).sum()) for name in ("right", "wrong", "redrawn")}
    return Checked(len(done), count["right"], count["wrong"], count["redrawn"], len(added), spent)


def rest_scores(
    predicted: Path, place: Place, checked: gpd.GeoDataFrame | None
) -> dict[str, float]:
    """F1 and so on of the ground outside of the checked plots."""
    found = geoseg.evaluate(predicted, place.truth, ignore=checked).total
    return {
        "f1": found.f1, "precision": found.precision, "recall": found.recall,
        "area_bias": found.area_bias, "true": found.true, "predicted": found.predicted,
    }  # fmt: skip


def predict(place: Place, path: Path, model: str | Path) -> Path:
    """Buildings of a place, once."""
    if not path.exists():
        geoseg.predict(
            [str(one) for one in place.rasters], path, model=model, overwrite=True, device="cpu"
        )
    return path


def run_one(
    place: Place, first: Path, given: argparse.Namespace, *, draw: int, minutes: float
) -> dict[str, Any]:
    """Review, pack, train, choose thresholds, predict and score."""
    folder = given.out / f"{place.name}-{draw}-{minutes:g}-{given.way}"
    if folder.exists():  # of a run that was stopped
        shutil.rmtree(folder)
    folder.mkdir()
    plots = folder / "plots.gpkg"
    geoseg.review(
        first, plots, plots=given.plots, seed=draw, plot_size_m=place.plot_size_m, overwrite=True
    )
    work = play(plots, gpd.read_file(first, layer="buildings"), place.truth, 60 * minutes)
    drawn = gpd.read_file(plots, layer="plots")
    checked = drawn[drawn.checked.astype(bool)]
    scenes = folder / "chips"
    geoseg.pack_dataset(
        list(place.rasters), plots, scenes, review=True, val_share=given.val_share, place=place.name,
        overwrite=True,
    )  # fmt: skip
    models = {}
    if given.steps:
        models[""] = train(configured(given, scenes, folder / "training"), overwrite=True).path
        models["tuned "] = tuned(models[""], scenes, folder / "tuned.safetensors")
    else:
        start = model_file(given.start)
        models["tuned "] = tuned(start, scenes, folder / "tuned.safetensors")
    line: dict[str, Any] = {
        "place": place.name, "draw": draw, "minutes": minutes, "way": given.way,
        "steps": given.steps, "work": {name: getattr(work, name) for name in Checked.__slots__},
        "checked_m2": float(checked.geometry.area.sum()),
        "before": rest_scores(first, place, checked),
    }  # fmt: skip
    for name, model in models.items():
        path = folder / f"{name.strip() or 'after'}.gpkg"
        path.unlink(missing_ok=True)
        line[f"{name}after"] = rest_scores(predict(place, path, model), place, checked)
    return line


def tuned(weights: Path, scenes: Path, path: Path) -> Path:
    """Thresholds chosen on the held-out chips, or on all where nothing is held out."""
    model = TorchDenseModel.from_file(weights, device="cpu")
    chosen = load_scenes(scenes, "val") or load_scenes(scenes, "train")
    save_weights(load_weights(weights)[0], tune(model, chosen), path)
    return path


def configured(given: argparse.Namespace, scenes: Path, output: Path) -> TrainConfig:
    """The recipe of ``geoseg train``, ended by steps, so that other work on the machine counts not."""
    schedule: dict[str, Any] = {"max_steps": given.steps, "learning_rate": given.learning_rate}
    changes = {
        "output": output, "start": given.start,
        "data": {"scenes": scenes, "crop_px": given.crop_px},
        "schedule": schedule, "compute": {"threads": given.threads},
    }  # fmt: skip
    return _without_clock(changed_config(read_config(given.config), changes))


def _without_clock(config: TrainConfig) -> TrainConfig:
    return config.model_copy(
        update={"schedule": config.schedule.model_copy(update={"max_minutes": None})}
    )


def lines_of(path: Path) -> list[dict[str, Any]]:
    """What was run already."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def add_line(path: Path, line: dict[str, Any]) -> None:
    """Keep and print what was run."""
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
    print(json.dumps(line), flush=True)


def parser_of(description: str | None, places: Sequence[str]) -> argparse.ArgumentParser:
    """What benchmarks on these towns are asked for in any case."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--places", nargs="+", choices=PLACES, default=places)
    parser.add_argument("--start", type=Path, default=BEFORE_HUTS)
    parser.add_argument("--table", action="store_true")
    return parser


def todo(
    given: argparse.Namespace, known: Sequence[dict[str, Any]]
) -> Iterator[tuple[str, int, float]]:
    """Place, draw and minutes that are not there yet, all of a draw before the next one."""
    there = {(one["place"], one["draw"], one["minutes"], one["way"]) for one in known}
    for draw in range(1, given.draws + 1):
        for name in given.places:
            for minutes in given.minutes:
                if (name, draw, minutes, given.way) not in there:
                    yield name, draw, minutes


def table(lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Medians over draws; ``+`` is the gain over the same ground before."""
    yield "| place | way | minutes | draws | checked | before | after | gain | area before | area after |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for key in sorted({(one["place"], one["way"], one["minutes"]) for one in lines}):
        mine = [one for one in lines if (one["place"], one["way"], one["minutes"]) == key]
        for after in ("after", "tuned after"):
            if after not in mine[0]:
                continue
            f1, f1_after, area, area_after = (
                median(one[when][what] for one in mine)
                for what, when in (
                    ("f1", "before"), ("f1", after), ("area_bias", "before"), ("area_bias", after),
                )
            )  # fmt: skip
            gain = median(one[after]["f1"] - one["before"]["f1"] for one in mine)
            looked = median(
                sum(one["work"][w] for w in ("right", "wrong", "redrawn", "added")) for one in mine
            )
            name, way, minutes = key
            yield (
                f"| {name} | {way}{after.removesuffix('after')} | {minutes:g} | {len(mine)} | {looked:g} | "
                f"{f1:.3f} | {f1_after:.3f} | {gain:+.3f} | {area:+.1%} | {area_after:+.1%} |"
            )


def main() -> None:
    """Run what is not there yet, or print the table."""
    parser = parser_of(__doc__, ["dhaka", "zanzibar"])
    parser.add_argument("--minutes", type=float, nargs="+", default=[15, 30, 60])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--plots", type=int, default=30)
    parser.add_argument("--config", type=Path, default=RECIPE)
    parser.add_argument("--way", default="recipe", help="a name for how it was trained")
    parser.add_argument("--steps", type=int, default=200, help="0: choose thresholds alone")
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--crop-px", type=int)
    parser.add_argument("--val-share", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    results = given.out / "results.jsonl"
    if given.table:
        print("\n".join(table(lines_of(results))))
        return
    torch.set_num_threads(given.threads)
    built: dict[str, tuple[Place, Path]] = {}
    for name, draw, minutes in todo(given, lines_of(results)):
        if name not in built:
            place = PLACES[name](given.data, given.out)
            first = predict(place, given.out / f"{name}.gpkg", given.start)
            print(json.dumps({"place": name, "all": rest_scores(first, place, None)}), flush=True)
            built[name] = place, first
        place, first = built[name]
        line = run_one(place, first, given, draw=draw, minutes=minutes)
        add_line(results, line)


if __name__ == "__main__":
    main()
