"""Do thresholds chosen on a few plots serve the rest of a town? ``python benchmarks/few_plots.py DATA OUT``.

    python benchmarks/few_plots.py data runs/few --places dhaka --plots 3 7 13 --draws 10

The maps of a town that the built-in model has not learnt are computed once. Then plots are drawn by lot, what lies
in them is known and all else is not, and thresholds are chosen as ``geoseg tune`` does. F1 and area bias are those
of the ground outside of the plots, by geoseg's own decoder, before outlines are simplified; so this takes seconds a
draw where ``review_learning.py``, which goes through every verb, takes minutes. ``--start`` names a model whose
thresholds are the ones to begin from.

Every draw is one line of ``OUT/few_plots.jsonl``; what stands there is not run again. ``--table`` prints what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from review_learning import PLACES, Place, add_line, lines_of, parser_of

import geoseg
from geoseg.models.dense import TorchDenseModel
from geoseg.models.loading import model_file
from geoseg.models.weights import Metadata
from geoseg.scenes.scene import load_scenes
from geoseg.train.choosing import choose
from geoseg.train.decoded import MappedScene, map_scene
from geoseg.train.judge import Judgement, Rule, judge_own
from geoseg.train.pieces import Pieces
from geoseg.train.tune import calibrated

MOSTLY = 0.5
"""Plots with less known ground are not drawn."""


class Town:
    """The maps of a town, and its ground in plots."""

    def __init__(self, place: Place, folder: Path, start: str) -> None:
        packed = folder / f"few-{place.name}"
        geoseg.pack_dataset(
            list(place.rasters), place.truth, packed, val_share=0, place=place.name, overwrite=True
        )
        model = TorchDenseModel.from_file(model_file(start), device="cpu")
        self.metadata: Metadata = model.metadata
        assert self.metadata.gsd_m is not None
        gsd_m = self.metadata.gsd_m
        self.scenes = load_scenes(packed, "train")
        self.mapped = [map_scene(model, scene, gsd_m) for scene in self.scenes]
        self.plots, self.rule = [], Rule({place.name: 1.0}, prior=self.metadata.calibration)
        for number, one in enumerate(self.mapped):
            self.plots += list(_plots(number, one, place.plot_size_m))

    def known(
        self, plots: Sequence[tuple[int, slice, slice]], *, outside: bool
    ) -> list[MappedScene]:
        """The scenes, of which nothing is known but these plots, or all else."""
        shown = [np.full(one.scene.ignore.shape, outside) for one in self.mapped]
        for number, rows, cols in plots:
            shown[number][rows, cols] = not outside
        pairs = zip(self.mapped, shown, strict=True)
        return [_limited(one, there) for one, there in pairs if (there & ~one.scene.ignore).any()]

    def own(self, mapped: Sequence[MappedScene], metadata: Metadata) -> Judgement:
        """A model's thresholds on some ground."""
        return judge_own(mapped, metadata.decoding, replace(self.rule, prior=metadata.calibration))

    def run(self, draw: int, count: int) -> dict[str, Any]:
        """Choose on so many plots, and judge on all other ground."""
        order = np.random.default_rng(draw).permutation(len(self.plots))
        plots = [self.plots[number] for number in order[:count]]
        chosen = choose(self.known(plots, outside=False), self.metadata.decoding, self.rule)
        calibration, validation = calibrated(chosen)
        after = self.metadata.model_copy(
            update={"decoding": chosen.best.decoding, "calibration": calibration}
        )
        rest = self.known(plots, outside=True)
        judged = {"before": self.own(rest, self.metadata), "after": self.own(rest, after)}
        told = {when: {"f1": one.f1, "area_bias": one.area_bias} for when, one in judged.items()}
        (buildings,) = (count.wanted for count in chosen.best.counts.values())
        return {**told, "buildings": buildings, "kept": validation.kept}


def _plots(number: int, one: MappedScene, size_m: float) -> Iterator[tuple[int, slice, slice]]:
    height, width = one.scene.labels.shape
    rows, cols = (max(1, round(length * one.scene.gsd_m / size_m)) for length in (height, width))
    for row, col in np.ndindex(rows, cols):
        cut = (
            slice(height * row // rows, height * (row + 1) // rows),
            slice(width * col // cols, width * (col + 1) // cols),
        )
        if one.scene.ignore[cut].mean() < MOSTLY:
            yield number, *cut


def _limited(one: MappedScene, there: NDArray[np.bool_]) -> MappedScene:
    scene = replace(one.scene, ignore=one.scene.ignore | ~there)
    return replace(one, scene=scene, pieces=Pieces.of(scene))


def table(lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Over the draws of each place and number of plots."""
    yield "| place | start | plots | draws | buildings | F1 before | gain, median | mean | least | kept | area after |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for key in sorted({(one["place"], one["start"], one["plots"]) for one in lines}):
        mine = [one for one in lines if (one["place"], one["start"], one["plots"]) == key]
        gains = [one["after"]["f1"] - one["before"]["f1"] for one in mine]
        yield (
            f"| {key[0]} | {key[1]} | {key[2]} | {len(mine)} | {median(one['buildings'] for one in mine):g} | "
            f"{median(one['before']['f1'] for one in mine):.3f} | {median(gains):+.3f} | {mean(gains):+.3f} | "
            f"{min(gains):+.3f} | {sum(one['kept'] for one in mine)} | "
            f"{median(one['after']['area_bias'] for one in mine):.1%} |"
        )


def main() -> None:
    """Run what is not there yet, or print the table."""
    parser = parser_of(__doc__, ["dhaka"])
    parser.add_argument("--plots", type=int, nargs="+", default=[3, 7, 13])
    parser.add_argument("--draws", type=int, default=10)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    results = given.out / "few_plots.jsonl"
    if given.table:
        print("\n".join(table(lines_of(results))))
        return
    torch.set_num_threads(1)
    start = Path(given.start).stem
    for name in given.places:
        town = Town(PLACES[name](given.data, given.out), given.out, given.start)
        for draw in range(1, given.draws + 1):
            for plots in given.plots:
                key = {"place": name, "start": start, "plots": plots, "draw": draw}
                if any(key.items() <= one.items() for one in lines_of(results)):
                    continue
                line = key | town.run(draw, plots)
                add_line(results, line)


if __name__ == "__main__":
    main()
