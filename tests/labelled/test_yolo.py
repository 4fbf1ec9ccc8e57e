"""YOLO's text files as labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from labelled_town import houses, photo, save

import geoseg
from geoseg.errors import DatasetError, UnreadableVectorError, UsageError
from geoseg.labelled.yolo import read_objects
from geoseg.scenes.scene import Scene, load_scenes

HEIGHT, WIDTH = 280, 330
HOUSES = houses(HEIGHT, WIDTH)


def outline(shape: shapely.Geometry, number: int = 0) -> str:
    corners = shapely.get_coordinates(shape)[:-1] / (WIDTH, HEIGHT)
    return " ".join([str(number), *(f"{value:.6f}" for value in corners.ravel())])


def box(shape: shapely.Geometry, number: int = 0) -> str:
    left, top, right, bottom = shapely.bounds(shape) / (WIDTH, HEIGHT, WIDTH, HEIGHT)
    values = (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
    return " ".join([str(number), *(f"{value:.6f}" for value in values)])


OUTLINES = [outline(shape) for shape in HOUSES]


class Folder:
    """A data set as Ultralytics wants it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, name: str, *lines: str, split: str = "train") -> Path:
        save(self.root / f"images/{split}/{name}.png", photo(HOUSES, HEIGHT, WIDTH))
        path = self.root / f"labels/{split}/{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines))
        return path

    def pack(self, labels: str = "labels/train", **options: Any) -> tuple[Any, list[Scene]]:
        packed = geoseg.pack_dataset(
            self.root / "images/train", self.root / labels, self.root / "c",
            gsd_m=0.3, place="t", overwrite=True, **options,
        )  # fmt: skip
        return packed.findings["t"], load_scenes(self.root / "c", "train") + load_scenes(
            self.root / "c", "val"
        )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.add("a_1", *OUTLINES)
    made.add("a_2", *OUTLINES)
    return made


def fits(scene: Scene) -> bool:
    return bool(((scene.image.mean(axis=2) > 135) == (scene.labels > 0))[~scene.ignore].all())


@pytest.mark.parametrize("labels", ["labels/train", "data.yaml"])
def test_outlines_lie_on_the_roofs(folder: Folder, labels: str) -> None:
    (folder.root / "data.yaml").write_text("names: [building]\nnc: 1\n")
    found, scenes = folder.pack(labels)
    assert all(map(fits, scenes))
    assert {int(scene.labels.max()) for scene in scenes} == {len(HOUSES)}
    assert found["features"] == 2 * len(HOUSES)
    assert not any(scene.blobs for scene in scenes)


def test_boxes_are_ground_of_which_nobody_knows(folder: Folder) -> None:
    folder.add("a_2", box(HOUSES[0]), *OUTLINES[1:])
    found, scenes = folder.pack()
    assert found["boxes"] == 1
    second = next(scene for scene in scenes if scene.name == "t_a_2")
    assert (fits(second), int(second.labels.max())) == (True, len(HOUSES) - 1)
    assert int(second.ignore.sum()) == HOUSES[0].area
    for name in ("a_1", "a_2"):
        folder.add(name, *map(box, HOUSES))
    with pytest.raises(DatasetError, match=r"all \d+ objects are boxes"):
        folder.pack()


@pytest.mark.parametrize(
    "names", ["names: [tree, building]", "names: {0: tree, 1: building}", None]
)
def test_classes_are_named_by_the_file_beside_them(folder: Folder, names: str | None) -> None:
    if names is None:
        (folder.root / "labels/train/classes.txt").write_text("tree\nbuilding\n")
    else:
        (folder.root / "data.yaml").write_text(names)
    folder.add("a_1", outline(HOUSES[0], 0), *(outline(shape, 1) for shape in HOUSES[1:]))
    folder.add("a_2", *(outline(shape, 1) for shape in HOUSES))
    with pytest.raises(UsageError, match=r"several categories \(building, tree\)"):
        folder.pack()
    with pytest.raises(UsageError, match="no object of the category 'roof'; it has building, tree"):
        folder.pack(category="roof")
    found, _ = folder.pack(category="building")
    assert found["features"] == 2 * len(HOUSES) - 1


def test_numbers_name_classes_without_names(folder: Folder) -> None:
    folder.add("a_1", outline(HOUSES[0], 3))
    with pytest.raises(UsageError, match=r"\(0, 3\)"):
        folder.pack()
    assert folder.pack(category="3")[0]["features"] == 1


def test_empty_missing_and_superfluous_files(folder: Folder) -> None:
    folder.add("a_2")
    folder.add("a_3").unlink()
    (folder.root / "labels/train/b.txt").write_text("")
    found, scenes = folder.pack()
    assert {scene.name: int(scene.labels.max()) for scene in scenes} == {
        "t_a_1": len(HOUSES), "t_a_2": 0,
    }  # fmt: skip
    assert (found["images_unlisted"], found["labels_unused"]) == (1, 1)


def test_texts_beside_the_images_and_a_single_pair(folder: Folder, tmp_path: Path) -> None:
    for name in ("a_1", "a_2"):
        (folder.root / f"images/train/{name}.txt").write_text("\n".join(OUTLINES))
    assert folder.pack("images/train")[0]["features"] == 2 * len(HOUSES)
    image, text = folder.root / "images/train/a_1.png", folder.root / "labels/train/a_1.txt"
    packed = geoseg.pack_dataset(image, text, tmp_path / "one", gsd_m=0.3)
    assert packed.findings["a_1"]["features"] == len(HOUSES)
    with pytest.raises(DatasetError, match="of 1 image none has a text file"):
        geoseg.pack_dataset(image, folder.add("z", split="val").parent, tmp_path / "x", gsd_m=0.3)


def test_lines_as_tools_write_them(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(
        "\ufeff0 .5 .5 .2 .2\n\n1.0 .5 .5 .2 .2 .9\n0 .1 .1 .2 .1 .2 .2\n0 .1 .1 .2 .1 .2 .2 .7\n"
    )
    objects = read_objects(path)
    assert [(one.number, one.box, len(one.corners)) for one in objects] == [
        (0, True, 4), (1, True, 4), (0, False, 3), (0, False, 3),
    ]  # fmt: skip
    np.testing.assert_allclose(objects[0].corners[0], [0.4, 0.4])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 100 120 30 30", "there is 120, which is no part of a side"),
        ("building .5 .5 .2 .2", "line 2: could not convert"),
        ("-1 .5 .5 .2 .2", "the class is -1"),
        ("0.5 .5 .5 .2 .2", "the class is 0.5"),
        ("0 .5 .5", "there are 2 numbers"),
        ("0 nan .5 .2 .2", "no number"),
        ("0,.5,.5,.2,.2", "could not convert"),
        ("inf .5 .5 .2 .2", "line 2"),
    ],
)
def test_lines_that_say_nothing(folder: Folder, line: str, message: str) -> None:
    folder.add("a_1", OUTLINES[0], line)
    with pytest.raises(UnreadableVectorError, match=message):
        folder.pack()


@pytest.mark.parametrize("text", ["names: 5", "names: {a: b}", "[", "- 1", "\x00"])
def test_configurations_that_say_nothing(folder: Folder, text: str) -> None:
    (folder.root / "data.yaml").write_text(text)
    with pytest.raises(UnreadableVectorError, match=r"data\.yaml"):
        folder.pack("data.yaml")
