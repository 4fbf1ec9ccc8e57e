"""What fine-tuning brings a user: ``python benchmarks/finetune.py DATA OUT --minutes 20``.

    python benchmarks/finetune.py data runs/proof --start file.safetensors --minutes 20

Takes two mosaics of Javanese towns that the built-in model has not seen (COCO labels, the
folder ``val/geocarta`` of DATA), packs them with the last three of each mosaic's nine images held
out, and cuts the rest down to ``--chips`` chips of 256 x 256 px. Of these the last third of each
mosaic's images is for choosing the thresholds, the others are for training, as a user does it:
``geoseg train``, then ``geoseg tune``. Three models are measured on the held-out images as ``geoseg
evaluate`` does: the start, the start with thresholds chosen on the user's chips, and the fine-tuned
one with thresholds chosen on the same. Prints a table, or with ``--json`` one object.

Never give it a start that was trained on this place. The thresholds of the built-in model were
chosen on these images among others, which flatters the start.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from held_out import HELD_OUT as BEFORE

from geoseg.accuracy import evaluate_model
from geoseg.labelled.collection import export_frame
from geoseg.labelled.order import group_of
from geoseg.labelled.pack import pack_pairs
from geoseg.labelled.pairs import make_pair
from geoseg.labelled.request import PackOptions
from geoseg.models.dense import TorchDenseModel
from geoseg.models.loading import model_file
from geoseg.models.weights import load_weights, save_weights
from geoseg.scenes.scene import Scene, load_scene, load_scenes, save_scene
from geoseg.train.config import TrainConfig, read_config
from geoseg.train.recipe import RECIPE
from geoseg.train.run import train
from geoseg.train.tune import tune

HELD_OUT = 1 / 3
FOR_TUNING = 1 / 3
CHIP_PX = 256
GSD_M = 0.3
LICENCE = "GEOCARTA-BuildingDetection, public domain as stated by its README"
SHOWN = ("f1", "precision", "recall", "pixel_iou", "area_bias")


def pack(source: Path, out: Path, chips: int) -> Path:
    """The user's chips of one place, in ``scenes``, and what stays unseen, in ``unseen``.

    The file names tell which images are parts of one mosaic.
    """
    images = sorted((source / "images").iterdir())
    pairs = []
    for mosaic in sorted({group_of(image) for image in images}):
        members = [image for image in images if group_of(image) == mosaic]
        labels = part_of(source / "annotations.json", members, out / f"{mosaic}.json")
        about: dict[str, Any] = {"place": "java", "gsd_m": GSD_M, "licence": LICENCE}
        pairs.append(make_pair(members, labels, **about))
    folder, unseen = out / "scenes", out / "unseen"
    pack_pairs(pairs, folder, PackOptions(val_share=HELD_OUT), overwrite=True)
    ignore_frames(folder)
    unseen.mkdir(exist_ok=True)
    for scene in load_scenes(folder, "val"):
        save_scene(scene, unseen)
        (folder / f"{scene.name}.npz").unlink()
    leave(folder, chips)
    set_aside(folder)
    return folder


def part_of(annotations: Path, images: list[Path], path: Path) -> Path:
    """The annotations of some of the images."""
    content = json.loads(annotations.read_text())
    names = {image.name for image in images}
    content["images"] = [one for one in content["images"] if one["file_name"] in names]
    kept = {one["id"] for one in content["images"]}
    content["annotations"] = [one for one in content["annotations"] if one["image_id"] in kept]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def ignore_frames(folder: Path) -> None:
    """The red and white frame that this collection's exporter drew is unknown ground."""
    for path in folder.glob("*.npz"):
        scene = load_scene(path)
        save_scene(replace(scene, ignore=scene.ignore | export_frame(scene.image)), folder)


def leave(folder: Path, chips: int) -> None:
    """Cut the training scenes down to so many chips' worth of known pixels."""
    budget = chips * CHIP_PX**2
    for scene in load_scenes(folder, "train"):
        side = scene.labels.shape[0]
        rows = min(side, max(0, budget * side // max(1, int((~scene.ignore).sum()))))
        budget -= int((~scene.ignore[:rows]).sum())
        if rows < CHIP_PX:
            (folder / f"{scene.name}.npz").unlink()
            continue
        kept = slice(0, rows)
        cut = {name: getattr(scene, name)[kept] for name in ("image", "labels", "ignore")}
        save_scene(replace(scene, **cut), folder)


def set_aside(folder: Path) -> None:
    """The last of each mosaic's images are for choosing thresholds."""
    mosaics: dict[str, list[Scene]] = {}
    for scene in load_scenes(folder, "train"):
        mosaics.setdefault(group_of(Path(scene.name)), []).append(scene)
    for members in mosaics.values():
        for scene in members[len(members) - round(FOR_TUNING * len(members)) :]:
            save_scene(replace(scene, split="val"), folder)


def configured(config: Path, folder: Path, start: str, minutes: float) -> TrainConfig:
    """The shipped configuration for this data set; the network is the start's."""
    shipped = read_config(config)
    record = load_weights(model_file(start))[1]
    return shipped.model_copy(
        update={
            "output": folder.parent / "training",
            "start": start if start == "default" else Path(start),
            "model_gsd_m": record.gsd_m,
            "data": shipped.data.model_copy(update={"scenes": folder}),
            "schedule": shipped.schedule.model_copy(update={"max_minutes": minutes}),
        }
    )


def tuned(weights: Path, folder: Path, path: Path) -> Path:
    """The same tensors with thresholds and calibration for the user's chips."""
    model = TorchDenseModel.from_file(weights, device="cpu")
    save_weights(load_weights(weights)[0], tune(model, load_scenes(folder, "val")), path)
    return path


def cpu_s() -> float:
    """Processor time of this process and of those that it waited for."""
    return sum(os.times()[:4])


def main() -> None:
    """Pack, score, train, score again, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--start", default=BEFORE)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--chips", type=int, default=40)
    parser.add_argument("--config", type=Path, default=RECIPE)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = pack(arguments.data / "val/geocarta", arguments.out, arguments.chips)
    scenes = [*load_scenes(folder, "train"), *load_scenes(folder, "val")]
    start = model_file(arguments.start)
    began_s = cpu_s()
    trained = train(configured(arguments.config, folder, arguments.start, arguments.minutes)).path
    spent_s = cpu_s() - began_s
    models = {
        "start": start,
        "start, tuned": tuned(start, folder, arguments.out / "start_tuned.safetensors"),
        "fine-tuned": tuned(trained, folder, arguments.out / "fine_tuned.safetensors"),
    }
    totals = {
        name: evaluate_model(path, arguments.out / "unseen").total for name, path in models.items()
    }
    told = {
        "chips": round(sum(int((~one.ignore).sum()) for one in scenes) / CHIP_PX**2, 1),
        "labels": sum(len(np.unique(one.labels[one.labels > 0])) for one in scenes),
        "held_out_buildings": totals["start"].true,
        "minutes": arguments.minutes,
        "cpu_minutes": round(spent_s / 60, 1),
        "models": {name: {f: getattr(t, f) for f in SHOWN} for name, t in totals.items()},
    }
    if arguments.json:
        print(json.dumps(told))
        return
    figures = told.pop("models")
    print(told)
    print("".join(f"{head:>14}" for head in ("", *SHOWN)))
    for name, row in figures.items():
        print(f"{name:>14}" + "".join(f"{row[figure]:14.3f}" for figure in SHOWN))


if __name__ == "__main__":
    main()
