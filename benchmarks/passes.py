"""Pixel sizes and passes: ``python benchmarks/passes.py SCENES --finest 0.2 0.28 0.35``.

Predicts labelled scenes whole, analysed at no finer than each of the given pixel sizes, in one pass, in two (the
image and itself turned by half) and in four (its mirror images too); decodes them with the model's own
thresholds and calibration, and prints F1 at IoU 0.5 and the bias of total area, per place. Scenes are moved
below the network's lattice, otherwise in every draw.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from held_out import HELD_OUT

from geoseg.attributes.confidence import probabilities
from geoseg.models.asking import quantize
from geoseg.models.loading import load_model
from geoseg.scenes.scene import load_scenes
from geoseg.train.decoded import MappedScene, decode_scenes
from geoseg.train.draws import moved
from geoseg.train.scoring import Counts
from geoseg.train.validation import resample_scene

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geoseg.models.facts import DenseFacts
    from geoseg.scenes.scene import Scene

FLIPS = ((1, 1), (-1, -1), (-1, 1), (1, -1))
"""Steps along rows and columns: the image, half a turn, and two mirror images."""
_BLOBS = "blobs: "


def main() -> None:
    """One table per model and pixel size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path, help="folder of packed scenes")
    parser.add_argument("--model", nargs="+", default=[HELD_OUT])
    parser.add_argument("--finest", nargs="+", type=float, help="metres; the model's if left out")
    parser.add_argument("--coarsest", type=float, help="metres; the model's if left out")
    parser.add_argument("--passes", nargs="+", type=int, default=[1, 2, 4])
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--also", nargs="*", default=[], help="places of the training split")
    arguments = parser.parse_args()
    scenes = load_scenes(arguments.scenes, "val")
    scenes += [s for s in load_scenes(arguments.scenes, "train") if s.place in arguments.also]
    for name in arguments.model:
        model = load_model(name)
        own = model.metadata.gsd_m or (0.35, 0.4)
        for finest in arguments.finest or [own[0]]:
            range_m = finest, max(finest, arguments.coarsest or own[1])
            rng = np.random.default_rng(5)
            counts = [
                scored(
                    model,
                    moved_all(scenes, range_m, model.stride_px, rng),
                    range_m,
                    arguments.passes,
                )
                for _ in range(arguments.draws)
            ]
            tell(name, range_m, counts)


def moved_all(
    scenes: Sequence[Scene], range_m: tuple[float, float], stride_px: int, rng: np.random.Generator
) -> list[Scene]:
    """All scenes of one draw."""
    return [moved(scene, range_m, stride_px, rng) for scene in scenes]


def scored(
    model: DenseFacts, scenes: Sequence[Scene], range_m: tuple[float, float], passes: Sequence[int]
) -> dict[int, dict[str, Counts]]:
    """Number of passes to place to counts."""
    found: dict[int, dict[str, Counts]] = {number: {} for number in passes}
    for scene in scenes:
        fitting = resample_scene(scene, range_m)
        means = mean_maps(model, fitting.image, max(passes))
        place = (_BLOBS if scene.blobs else "") + scene.place
        for number in passes:
            by_place = found[number]
            mapped = MappedScene(fitting, quantize(means[number - 1]), model.heads)
            by_place[place] = by_place.get(place, Counts()) + judged(model, mapped)
    return found


def judged(model: DenseFacts, mapped: MappedScene) -> Counts:
    """Counts of what the model's file makes of maps."""
    metadata = model.metadata
    rated = metadata.calibration
    (decoded,) = decode_scenes([mapped], metadata.decoding, [rated] if rated else None)
    if rated is None:
        return decoded.counts(np.ones(len(decoded.label), bool))
    return decoded.counts(probabilities(rated, decoded.qualities) >= rated.min_probability)


def mean_maps(
    model: DenseFacts, image: NDArray[np.uint8], passes: int
) -> list[NDArray[np.float32]]:
    """The mean maps of the first pass, of the first two, and so on."""
    height, width = image.shape[:2]
    below, right = -height % model.stride_px, -width % model.stride_px
    padded = np.pad(image, ((0, below), (0, right), (0, 0)), constant_values=128)
    means, total = [], np.zeros((len(model.heads), height, width), np.float32)
    for count, (down, along) in enumerate(FLIPS[:passes], start=1):
        pixels = np.ascontiguousarray(np.moveaxis(padded[::down, ::along], 2, 0))[None]
        total = total + model.predict_maps(pixels)[0][:, ::down, ::along][:, :height, :width]
        means.append(total / count)
    return means


def tell(
    name: str, range_m: tuple[float, float], draws: Sequence[dict[int, dict[str, Counts]]]
) -> None:
    """F1, its deviation over the draws, and the bias of area, per place and number of passes."""
    print(f"{name}, {range_m[0]:g} to {range_m[1]:g} m")
    for number in draws[0]:
        by_draw = [draw[number] for draw in draws]
        singles = [place for place in by_draw[0] if not place.startswith(_BLOBS)]
        sums = [with_sum(draw, singles) for draw in by_draw]
        means = [np.mean([draw[place].f1 for place in singles]) for draw in by_draw]
        print(f"  passes {number}  mean of places {np.mean(means):.3f}")
        for place in sums[0]:
            f1 = [draw[place].f1 for draw in sums]
            bias = np.mean([draw[place].area_bias for draw in sums])
            right = np.mean([draw[place].precision for draw in sums])
            seen = np.mean([draw[place].recall for draw in sums])
            spread = np.std(f1, ddof=1) if len(f1) > 1 else 0
            print(
                f"    {place:28}{sums[0][place].wanted:5} F1 {np.mean(f1):.3f} +- {spread:.3f}"
                f"  {right:.2f}/{seen:.2f}  area {bias:+.2f}",
                flush=True,
            )


def with_sum(counts: dict[str, Counts], places: Sequence[str]) -> dict[str, Counts]:
    """The counts, and those of all buildings labelled one by one."""
    return dict(counts) | {"all": sum((counts[place] for place in places), Counts())}


if __name__ == "__main__":
    main()
