"""Held-out F1 that one draw of the grid does not decide: ``python benchmarks/held_out.py SCENES``.

Cuts random rows and columns, up to one stride, off every held-out scene of a packed data set, predicts
it as ``geoseg evaluate --model`` does (tiles, outlines and all), and prints mean and standard deviation
of F1 over a few such draws. Other draws than those of ``geoseg tune --draws``. Beside it, over all draws together: how far
the number of buildings that are expected to be there (the sum of ``presence``) is from that of those of which half or
more lies on a label, and how far off ``confidence`` is in the mean of the draws (expected calibration error).
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import product
from pathlib import Path

import numpy as np

from geoseg.accuracy import evaluate_model
from geoseg.models.loading import model_file
from geoseg.models.weights import read_metadata
from geoseg.scenes.scene import load_scenes, save_scene
from geoseg.train.draws import moved

HELD_OUT = str(Path(__file__).with_name("weights") / "held_out.safetensors")
"""The built-in model of before it learnt from the ground that is held out here."""


def main() -> None:
    """One line per model and draw, then the mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path, help="folder of packed scenes")
    parser.add_argument("--model", nargs="+", default=[HELD_OUT])
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--precision", nargs="+", default=["auto"], help="fp32, int8 ...")
    parser.add_argument(
        "--tta", action=argparse.BooleanOptionalAction, help="as of geoseg evaluate"
    )
    arguments = parser.parse_args()
    scenes = load_scenes(arguments.scenes, "val")
    for model, precision in product(arguments.model, arguments.precision):
        metadata = read_metadata(model_file(model))
        stride_px = metadata.architecture.stride_px
        rng = np.random.default_rng(1)  # the same draws for every model
        found = []
        for _ in range(arguments.draws):
            with tempfile.TemporaryDirectory() as folder:
                for scene in scenes:
                    save_scene(moved(scene, metadata.gsd_m, stride_px, rng), Path(folder))
                result = evaluate_model(model, folder, precision=precision, tta=arguments.tta)
            found.append({f.place: f for f in result.places} | {"all": result.total})
        for place in found[0]:
            draws = [draw[place] for draw in found]
            values = [draw.f1 for draw in draws]
            spread = np.std(values, ddof=1) if len(values) > 1 else 0.0
            count = sum(draw.expected for draw in draws) / sum(draw.standing for draw in draws) - 1
            print(
                f"{model} {precision}  {place:20}{np.mean(values):.4f} +- {spread:.4f}"
                f"  expected {count:+.1%}  ece {np.mean([draw.ece for draw in draws]):.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
