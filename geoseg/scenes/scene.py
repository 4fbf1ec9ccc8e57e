"""The one form of training data: a scene, one ``.npz`` file each, readable without any GIS library."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zipfile import BadZipFile

import numpy as np

from geoseg.errors import DatasetError, UsageError
from geoseg.files.parse import parse_json

if TYPE_CHECKING:
    from numpy.lib.npyio import NpzFile
    from numpy.typing import NDArray

Split = Literal["train", "val"]
Asked = Literal["val", "train", "all"]
SPLITS = ("val", "train", "all")
"""What may be asked of a folder of scenes."""

MAX_BUILDINGS = np.iinfo(np.uint16).max


@dataclass(frozen=True, slots=True)
class Scene:
    """A labelled image of one place."""

    name: str
    """Unique in its data set; the file's stem."""
    place: str
    """Where it lies; sampling is balanced and scores are reported per place."""
    split: Split
    """"train" or "val"; a place's scenes are split by location, never at random."""
    gsd_m: float
    """Ground size of a pixel, metres."""
    image: NDArray[np.uint8]
    """(height, width, 3) RGB."""
    labels: NDArray[np.uint16]
    """(height, width), 0 background, else the number of the building."""
    ignore: NDArray[np.bool_]
    """(height, width), True where nobody knows what is there: no loss, no score."""
    blobs: bool = False
    """True when one label may hold several touching buildings, as masks without instances do."""
    licence: str = ""
    """Licence and owner of imagery and labels."""

    def __post_init__(self) -> None:
        height, width = self.labels.shape
        if self.image.shape != (height, width, 3) or self.ignore.shape != (height, width):
            raise DatasetError(
                f"scene {self.name}: image {self.image.shape}, labels {self.labels.shape} and "
                f"ignore mask {self.ignore.shape} must share height and width, the image with 3 "
                "bands; pack the data set again"
            )
        if not self.gsd_m > 0:
            raise DatasetError(f"scene {self.name}: gsd_m must be positive, got {self.gsd_m}")

    def part(self, rows: slice, cols: slice) -> Scene:
        """Some rows and columns of it, under the same name."""
        return replace(
            self,
            image=np.ascontiguousarray(self.image[rows, cols]),
            labels=np.ascontiguousarray(self.labels[rows, cols]),
            ignore=np.ascontiguousarray(self.ignore[rows, cols]),
        )


def save_scene(scene: Scene, folder: Path) -> Path:
    """Write a scene into a data set's folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{scene.name}.npz"
    about = {
        "place": scene.place,
        "split": scene.split,
        "gsd_m": scene.gsd_m,
        "blobs": scene.blobs,
        "licence": scene.licence,
    }
    np.savez_compressed(
        path,
        image=scene.image,
        labels=scene.labels,
        ignore=scene.ignore,
        about=np.array(json.dumps(about)),
    )
    return path


def load_scene(path: Path) -> Scene:
    """Read one scene; a file that is none gives a DatasetError."""
    with _opened(path) as (arrays, about):
        return Scene(
            name=path.stem,
            image=arrays["image"],
            labels=arrays["labels"],
            ignore=arrays["ignore"],
            **about,
        )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[NpzFile, dict[str, Any]]]:
    """Arrays, which are read when they are asked for, and what is said about them."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            yield arrays, parse_json(str(arrays["about"]))
    except (OSError, KeyError, ValueError, TypeError, BadZipFile) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(
            f"{path} is not a scene of a packed data set ({error}); pack the data set again"
        ) from error


def scene_files(folder: Path) -> list[Path]:
    """The files of a packed data set, sorted by name.

    Raises:
        DatasetError: it holds none.
    """
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise DatasetError(
            f"{folder} holds no packed scenes (*.npz); name a folder that geoseg dataset wrote"
        )
    return paths


def files_of_split(folder: Path, split: str) -> list[Path]:
    """The files of one split, or of "all", sorted by name; no image is read.

    Raises:
        UsageError: there is no such split.
        DatasetError: the folder holds no scenes, or a file is none.
    """
    if split not in SPLITS:
        raise UsageError(f"--split must be one of {', '.join(SPLITS)}, got {split!r}")
    return [path for path in scene_files(folder) if split in {"all", _split_of(path)}]


def load_scenes(folder: Path, split: str) -> list[Scene]:
    """The scenes of one split, or of "all", sorted by name.

    Raises:
        UsageError: there is no such split.
        DatasetError: the folder holds no scenes, or a file is none.
    """
    return [load_scene(path) for path in files_of_split(folder, split)]


def _split_of(path: Path) -> str:
    with _opened(path) as (_, about):
        return str(about["split"])
