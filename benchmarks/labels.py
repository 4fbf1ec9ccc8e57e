"""Label sets as odd as people have them: every one is packed or refused in a sentence, none ends in a traceback.

    python benchmarks/labels.py                 # some 250 sets, drawn here
    python benchmarks/labels.py --data DATA     # and real ones, in folders of images/ and masks/ or COCO

Each set goes through the command line as users type it: ``dataset``, and for COCO ``from-coco`` too. Exits 1 when one ends in anything but success or one sentence.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from rasterio.features import rasterize
from rasterio.transform import from_origin
from typer.testing import CliRunner

from geoseg.cli import app
from geoseg.errors import GeosegError

SIDE = 128
HOUSES = [
    shapely.box(x + 4, y + 4, x + 22, y + 18) for x in range(0, 120, 30) for y in range(0, 120, 30)
]
ROOFS = rasterize(HOUSES, out_shape=(SIDE, SIDE)).astype(np.uint8)
RINGS = [shapely.get_coordinates(house)[:-1].ravel().tolist() for house in HOUSES]
DRIVERS = {".png": "PNG", ".jpg": "JPEG", ".tif": "GTiff"}


@dataclass(frozen=True, slots=True)
class Case:
    """One label set: arguments of the command line, and its name."""

    name: str
    arguments: tuple[object, ...]


def save(path: Path, pixels: np.ndarray, **more: Any) -> Path:
    """An image of any kind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bands = pixels if pixels.ndim == 3 else pixels[None]
    shape = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2]}
    with rasterio.open(
        path, "w", driver=DRIVERS[path.suffix], dtype=bands.dtype, **shape, **more
    ) as out:
        out.write(bands)
    return path


def photo(path: Path, **more: Any) -> Path:
    """The houses, bright on dark ground."""
    noise = np.random.default_rng(0).integers(0, 20, (3, SIDE, SIDE))
    return save(path, (70 + 120 * ROOFS + noise).astype(np.uint8), **more)


def located(path: Path, col: int = 0) -> Path:
    """The same with a place on the ground."""
    return photo(
        path, crs="EPSG:32645", transform=from_origin(345_600 + 0.3 * col, 3_072_000, 0.3, 0.3)
    )


def coco() -> dict[str, Any]:
    """A COCO file as it should be."""
    return {
        "images": [{"id": 1, "file_name": "a.tif", "height": SIDE, "width": SIDE}],
        "categories": [{"id": 1, "name": "building"}],
        "annotations": [
            {"id": n, "image_id": 1, "category_id": 1, "segmentation": [ring], "iscrowd": 0, "bbox": [1, 1, 9, 9]}
            for n, ring in enumerate(RINGS, 1)
        ],
    }  # fmt: skip


ODD: list[Any] = [
    None, True, "", "x", "7", -1, 0, 1.5, 10**400, float("nan"), float("inf"), [], [[]], {}, [None],
    [[1, 2, 3]], [1, 2, 3, 4, 5, 6], [[1, 2], [3, 4], [5, 9]], {"size": [9, 9], "counts": [0, 81]},
    {"size": [SIDE, SIDE], "counts": "00"}, {"size": [SIDE, SIDE], "counts": [0, SIDE * SIDE]},
]  # fmt: skip
"""Values for keys of COCO."""
KEYS = {
    "images": ("id", "file_name", "height"),
    "annotations": ("id", "image_id", "category_id", "segmentation"),
    "categories": ("id", "name"),
}


def coco_cases(root: Path) -> Iterator[Case]:
    """COCO with one odd value each, and odd files."""
    for kind, keys in KEYS.items():
        for key in keys:
            for number, value in enumerate(ODD):
                content = coco()
                content[kind][0][key] = value
                yield from coco_case(
                    root, f"coco {kind}.{key} {number}", json.dumps(content).encode()
                )
    whole = json.dumps(coco()).encode()
    for name, raw in {
        "byte-order mark": b"\xef\xbb\xbf" + whole,
        "UTF-16": whole.decode().encode("utf-16"),
        "gzip": gzip.compress(whole),
        "cut gzip": gzip.compress(whole)[:-40],
        "cut": whole[:-40],
        "zip": b"PK\x03\x04",
        "deep": b"[" * 99_999,
        "empty": b"",
        "list": b"[]",
    }.items():
        yield from coco_case(root, f"coco {name}", raw)


def coco_case(root: Path, name: str, raw: bytes) -> Iterator[Case]:
    """The verbs that read COCO, with one file."""
    folder = root / name.replace(" ", "_")
    raster = located(folder / "images/a.tif")
    path = folder / "labels.json"
    path.write_bytes(raw)
    yield Case(f"{name}: dataset", ("dataset", raster.parent, path, "-o", folder / "c"))
    yield Case(f"{name}: from-coco", ("from-coco", path, folder / "b.gpkg", "--raster", raster))


MASKS: dict[str, tuple[Any, str]] = {
    "binary": (ROOFS, ".png"),
    "inverted": (1 - ROOFS, ".png"),
    "0 1 255": (np.where(np.arange(SIDE) < 20, 255, ROOFS).astype(np.uint8), ".png"),
    "jpeg": (ROOFS * 255, ".jpg"),
    "colour": (np.stack([ROOFS * 255, ROOFS * 0, ROOFS * 0]), ".png"),
    "colour jpeg": (np.stack([ROOFS * 255, ROOFS * 0, ROOFS * 0]), ".jpg"),
    "white ground": (np.stack([ROOFS * 0 + 255, 255 - ROOFS * 255, 255 - ROOFS * 255]), ".png"),
    "no ground": (ROOFS + 1, ".png"),
    "empty": (ROOFS * 0, ".png"),
    "full": (ROOFS * 0 + 1, ".png"),
    "16 bits": (rasterize([(h, n) for n, h in enumerate(HOUSES, 9000)], out_shape=(SIDE, SIDE), dtype="uint16"), ".tif"),
    "negative": (ROOFS.astype(np.int16) - 1, ".tif"),
    "fractions": (ROOFS / 2, ".tif"),
    "complex": (ROOFS.astype(np.complex64), ".tif"),
    "not numbers": (np.where(ROOFS, np.nan, 1.0), ".tif"),
    "smaller": (ROOFS[:64, :64], ".png"),
    "turned": (ROOFS[:, :100], ".png"),
    "grey and alpha": (np.stack([ROOFS, ROOFS]), ".png"),
    "five bands": (np.stack([ROOFS] * 5), ".tif"),
}  # fmt: skip


def mask_cases(root: Path) -> Iterator[Case]:
    """Masks of every kind, whole and cut, with every reading."""
    for name, (mask, suffix) in MASKS.items():
        folder = root / f"mask_{name.replace(' ', '_')}"
        for stem in ("a_1", "a_2"):
            photo(folder / f"images/{stem}.png")
            save(folder / f"masks/{stem}{suffix}", mask)
        run = (
            "dataset",
            folder / "images",
            folder / "masks",
            "--gsd",
            "0.3",
            "--overwrite",
            "-o",
            folder / "c",
        )
        for more in (
            (),
            ("--mask-kind", "instances"),
            ("--mask-kind", "binary"),
            ("--mask-building", "1"),
        ):
            yield Case(f"mask {name} {' '.join(more)}", (*run, *more))
        broken = folder / f"masks/a_2{suffix}"
        broken.write_bytes(broken.read_bytes()[:-30])
        yield Case(f"mask {name}, one cut", run)


LINES = {
    "outline": "0 .1 .1 .4 .1 .4 .4 .1 .4",
    "box": "0 .3 .3 .2 .2",
    "pixels": "0 100 100 20 20",
    "commas": "0,.3,.3,.2,.2",
    "names": "roof .3 .3 .2 .2",
    "few": "0 .3",
    "empty": "",
    "zeros": "\x00\x00",
    "infinite": "0 inf .1 .4 .1 .4 .4",
    "degenerate": "0 .1 .1 .1 .1 .1 .1",
    "outside": "0 1.1 1.1 1.4 1.1 1.4 1.4",
    "two classes": "0 .1 .1 .4 .1 .4 .4\n1 .5 .5 .9 .5 .9 .9",
    "crossing": "0 .1 .1 .4 .4 .4 .1 .1 .4",
}


def yolo_cases(root: Path) -> Iterator[Case]:
    """YOLO's texts."""
    for name, line in LINES.items():
        folder = root / f"yolo_{name.replace(' ', '_')}"
        for stem in ("a_1", "a_2"):
            photo(folder / f"images/{stem}.png")
            (folder / "labels").mkdir(exist_ok=True)
            (folder / f"labels/{stem}.txt").write_text(line if stem == "a_1" else LINES["outline"])
        run = (
            "dataset",
            folder / "images",
            folder / "labels",
            "--gsd",
            "0.3",
            "-o",
            folder / "c",
            "--overwrite",
        )
        yield Case(f"yolo {name}", run)
        yield Case(f"yolo {name}, class 0", (*run, "--category", "0"))
    (folder / "data.yaml").write_text("names: [building]")
    yield Case(
        "yolo data.yaml",
        ("dataset", folder / "images", folder / "data.yaml", "--gsd", "0.3", "-o", folder / "d"),
    )


def real_cases(data: Path, root: Path) -> Iterator[Case]:
    """Folders of real labels."""
    for folder in sorted(path for path in data.iterdir() if (path / "images").is_dir()):
        out = root / f"real_{folder.name}"
        for labels in (
            *sorted(folder.glob("*.json")),
            *sorted(folder.glob("*.geojson")),
            folder / "masks",
            folder / "labels",
        ):
            if labels.exists():
                run = (
                    "dataset",
                    folder / "images",
                    labels,
                    "-o",
                    out,
                    "--overwrite",
                    "--val-share",
                    "0.2",
                )
                yield Case(f"real {folder.name} {labels.name}", (*run, "--gsd", "0.3"))
                yield Case(f"real {folder.name} {labels.name} without --gsd", run)


def outcome(case: Case, *, show: bool) -> str:
    """packed, refused or traceback."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = CliRunner().invoke(app, [*map(str, case.arguments), "--json"])
    error = done.exception
    if error is None or (isinstance(error, SystemExit) and not error.code):
        kind, said = (
            "packed",
            done.output.strip().splitlines()[-1:] and done.output.strip().splitlines()[-1],
        )
    elif isinstance(error, GeosegError):
        kind, said = "refused", str(error)
    else:
        kind, said = "traceback", repr(error)
    if show or kind == "traceback":
        print(f"{kind:>9}  {case.name}: {str(said)[:200]}")
    return kind


def main(options: argparse.Namespace) -> int:
    """Run all cases; the number of tracebacks."""
    makers: list[Callable[[Path], Iterator[Case]]] = [coco_cases, mask_cases, yolo_cases]
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = Path(name)
        for make in makers if not options.real_only else []:
            for case in make(root):
                counts[outcome(case, show=options.show)] += 1
        for folder in options.data:
            for case in real_cases(folder, root):
                counts[outcome(case, show=True)] += 1
    print(", ".join(f"{kind}: {count}" for kind, count in sorted(counts.items())))
    return counts["traceback"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, nargs="*", default=[], help="folders of real label sets"
    )
    parser.add_argument("--show", action="store_true", help="print every case")
    parser.add_argument("--real-only", action="store_true", help="only those of --data")
    sys.exit(main(parser.parse_args()) > 0)
