"""How far the check of labels can be trusted: ``python benchmarks/label_shift.py FOLDER``.

FOLDER is a data set that ``geoseg dataset`` packed and whose labels are good. Two questions: are
labels that are moved on purpose found where they were moved to, and how high is the peak where there
is nothing to find (labels flipped, so that they lie over other buildings)? Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from geoseg.labelled.shift import SURE, best_shift, edge_agreement
from geoseg.scenes.scene import Scene, load_scene

MOVES_PX = ((6, -9), (-4, 3), (0, 12))
LEAST_LABELS = 4


def moved(scene: Scene, down: int, right: int) -> Scene:
    """Labels moved by so many pixels; what is pushed out comes in on the other side."""
    return replace(scene, labels=np.roll(scene.labels, (down, right), (0, 1)))


def recovered_m(scene: Scene) -> list[tuple[bool, float]]:
    """Whether each move is reported, and by how many metres what is found is wrong."""
    own = best_shift(edge_agreement(scene))
    found = []
    for down, right in MOVES_PX:
        shift = best_shift(edge_agreement(moved(scene, down, right)))
        south = shift.south_m - own.south_m + down * scene.gsd_m
        east = shift.east_m - own.east_m + right * scene.gsd_m
        found.append((shift.sure, float(np.hypot(south, east))))
    return found


def main() -> None:
    """Measure all scenes, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    scenes = [load_scene(path) for path in sorted(parser.parse_args().folder.glob("*.npz"))]
    scenes = [scene for scene in scenes if len(np.unique(scene.labels)) > LEAST_LABELS]
    moves = [move for scene in scenes for move in recovered_m(scene)]
    flips = [
        best_shift(edge_agreement(replace(scene, labels=np.flip(scene.labels, axes).copy())))
        for scene in scenes
        for axes in (0, 1, (0, 1))
    ]
    wrong_m = [wrong for sure, wrong in moves if sure]
    told = {
        "chips": len(scenes),
        "moved_labels": len(moves),
        "reported": len(wrong_m),
        "median_error_m": round(float(np.median(wrong_m)), 3) if wrong_m else None,
        "worst_error_m": round(max(wrong_m), 3) if wrong_m else None,
        "unreported_but_within_1m": sum(not sure and wrong < 1 for sure, wrong in moves),
        "flipped_labels": len(flips),
        "flipped_reported": sum(shift.sure for shift in flips),
        "flipped_highest_peak": round(max(shift.sureness for shift in flips), 1),
        "reported_from_peak": SURE,
    }
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
