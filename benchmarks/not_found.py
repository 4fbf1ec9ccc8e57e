"""What a model sees under outlines where it found nothing: ``python benchmarks/not_found.py SCENES [--most 20]``.

Predicts every held-out scene of a packed data set whose labels are single buildings. Prints quantiles of
the mean probability of building under true buildings that no prediction covers, and under outlines of
others laid at random on open ground where nothing was found either; how often each lies in a range; and
the share of wrong predictions that lie on open ground. ``geoseg/upkeep/odds.py`` holds these numbers.
Then how large right, badly drawn and made-up predictions are, how often each stands alone, and how many of each
are among the smallest to the largest fifth of their scene by what hangs together: those of ``geoseg/change/weighing.py``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import rasterio
import shapely
from held_out import HELD_OUT
from numpy.typing import NDArray

from geoseg.accuracy.scenes import PLANE, _outlines, _transform
from geoseg.change.weighing import together_m2
from geoseg.models import load_model
from geoseg.run.predicting import predict
from geoseg.scenes.scene import Scene, load_scenes
from geoseg.settings import PredictSettings
from geoseg.upkeep.looking import RasterMaps

LEAST_M2 = 10.0
TRIES = 6
QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
RANGES = (0, 0.0005, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 1.01)

Shapes = NDArray[np.object_]


def main() -> None:
    """Quantiles, then a line per range."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path, help="folder of packed scenes")
    parser.add_argument("--most", type=int, help="no more scenes than these, chosen by lot")
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    scenes = [one for one in load_scenes(asked.scenes, "val") if not one.blobs]
    if asked.most is not None:
        chosen = np.sort(np.random.default_rng(1).permutation(len(scenes))[: asked.most])
        scenes = [scenes[number] for number in chosen]
    found = []
    for number, scene in enumerate(scenes, 1):
        found.append(measure(scene, rng))
        print(f"{number}/{len(scenes)} {scene.name}", file=sys.stderr, flush=True)
    missed, bare = (np.concatenate([one[i] for one in found]) for i in (0, 1))
    buildings, wrong, apart = (sum(one[i] for one in found) for i in (2, 3, 4))
    print(f"{len(missed)} of {buildings} buildings missed, {len(bare)} outlines on open ground")
    print(f"{apart} of {wrong} wrong predictions lie on open ground: {apart / wrong:.2f}")
    print("missed     ", np.quantile(missed, QUANTILES).round(4))
    print("open ground", np.quantile(bare, QUANTILES).round(5))
    sizes = np.concatenate([one[5] for one in found])
    for kind, name in enumerate(("right", "badly drawn", "made up")):
        mine = sizes[sizes[:, 0] == kind]
        fifths = np.bincount((mine[:, 3] * 5).astype(int), minlength=5) / max(len(mine), 1)
        print(
            f"{len(mine)} {name}: median {np.median(mine[:, 1]):.0f} m2, alone {mine[:, 2].mean():.2f}, "
            f"by fifths of size {fifths.round(2)}"
        )
    for low, high in pairwise(RANGES):
        counts = [int(((x >= low) & (x < high)).sum()) for x in (bare, missed)]
        shares = [(n + 0.5) / (len(x) + 5) for n, x in zip(counts, (bare, missed), strict=True)]
        print(f"{low:7.4f} to {high:.4f}: {counts} ratio {shares[0] / shares[1]:.2f}")


def measure(
    scene: Scene, rng: np.random.Generator
) -> tuple[Shapes, Shapes, int, int, int, NDArray[np.float64]]:
    """Probabilities under missed buildings and open ground; buildings, wrong ones, those on open ground; sizes."""
    height, width = scene.labels.shape
    truth = _outlines(scene.labels.astype(np.int32), scene.gsd_m)
    unknown = _outlines(scene.ignore.astype(np.int32), scene.gsd_m)
    size = width * scene.gsd_m, height * scene.gsd_m
    bare = laid_out(truth, np.concatenate([truth, unknown]), size, rng)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.tif"
        with rasterio.open(
            path, "w", driver="GTiff", dtype="uint8", count=3, height=height, width=width,
            crs=PLANE.to_wkt(), transform=_transform(scene.gsd_m), photometric="rgb",
        ) as target:  # fmt: skip
            target.write(np.moveaxis(scene.image, 2, 0))
        model = load_model(HELD_OUT)
        seen = np.array(predict(path, model=model).geometry.array, dtype=object)
        maps = RasterMaps.of([str(path)], model, PredictSettings.of())
        # Outlines on open ground lie apart from buildings, so that one look does for both.
        under = np.split(maps.under(np.concatenate([truth, bare]), PLANE), [len(truth)])
    known = (shapely.area(truth) >= LEAST_M2) & (cover(truth, unknown)[0] < 0.05)
    lost = known & (cover(truth, seen)[0] < 0.1)
    empty = cover(bare, seen)[0] < 0.1
    there, best = cover(seen, truth)
    judged = cover(seen, unknown)[0] < 0.05
    wrong = judged & (best < 0.5)
    return (
        under[0][lost & np.isfinite(under[0])],
        under[1][empty & np.isfinite(under[1])],
        int(known.sum()),
        int(wrong.sum()),
        int((wrong & (there < 0.1)).sum()),
        _sizes(seen, np.where(best >= 0.5, 0, np.where(there < 0.1, 2, 1)))[judged],
    )


def _sizes(seen: Shapes, kind: NDArray[np.intp]) -> NDArray[np.float64]:
    """(n, 4) kind, area, whether it stands alone, and the place of what hangs together with it, 0 to 1."""
    if not len(seen):
        return np.zeros((0, 4))
    area, together = shapely.area(seen), together_m2(seen)
    place = np.argsort(np.argsort(together, kind="stable")) / len(seen)
    return np.column_stack([kind, area, together < 1.001 * area, place])


def laid_out(
    shapes: Shapes, taken: Shapes, size: tuple[float, float], rng: np.random.Generator
) -> Shapes:
    """The shapes at random places where nothing is."""
    tree, frame = shapely.STRtree(taken), shapely.box(0, -size[1], size[0], 0)
    out = []
    for shape in shapes:
        middle = np.array(shape.centroid.coords[0])
        for _ in range(TRIES):
            by = rng.uniform((0, -size[1]), (size[0], 0)) - middle
            there = shapely.transform(shape, lambda xy, by=by: xy + by)
            if frame.contains(there) and not len(tree.query(there, predicate="intersects")):
                out.append(there)
                break
    return np.array(out, dtype=object)


def cover(shapes: Shapes, others: Shapes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) share of each shape that others cover, and its best intersection over union with one."""
    if not len(shapes) or not len(others):
        return np.zeros(len(shapes)), np.zeros(len(shapes))
    one, other = shapely.STRtree(others).query(shapes, predicate="intersects")
    shared = shapely.area(shapely.intersection(shapes[one], others[other]))
    area, best = shapely.area(shapes), np.zeros(len(shapes))
    np.maximum.at(best, one, shared / (area[one] + shapely.area(others[other]) - shared))
    return np.minimum(np.bincount(one, weights=shared, minlength=len(shapes)) / area, 1), best


if __name__ == "__main__":
    main()
