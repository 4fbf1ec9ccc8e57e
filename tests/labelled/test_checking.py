"""The check of labels: shifts, doubts, the page, and the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from commands import exit_code
from conftest import REPOSITORY
from labelled_town import coco, houses, on_ground, photo
from rasterio.features import rasterize

import geoseg
from geoseg.errors import DatasetError, OutputExistsError, UsageError
from geoseg.labelled.doubts import doubts_of
from geoseg.labelled.sheet import COLOURS, thumbnail
from geoseg.labelled.shift import best_shift, edge_agreement
from geoseg.scenes.scene import Scene, load_scenes, save_scene
from geoseg.train.config import read_config

SIDE = 240
TOWN = houses(SIDE, SIDE, seed=4)
Maker = Callable[..., Path]


def make_scene(name: str = "a", *, down: int = 0, right: int = 0, **fields: Any) -> Scene:
    """A town whose labels lie so many pixels off."""
    moved = [shapely.transform(shape, lambda xy: xy + np.array([right, down])) for shape in TOWN]
    labels = rasterize([(s, n) for n, s in enumerate(moved, 1)], out_shape=(SIDE, SIDE))
    image = np.moveaxis(photo(TOWN, SIDE, SIDE), 0, 2)
    ignore = np.zeros((SIDE, SIDE), bool)
    made = Scene(name, "town", "train", 0.3, image, labels.astype(np.uint16), ignore)
    return replace(made, **fields)


# --- shifts ---


@pytest.mark.parametrize(("down", "right"), [(0, 0), (5, -8), (-12, 3)])
@pytest.mark.parametrize("inverted", [False, True])
def test_shifts_are_measured_in_metres(down: int, right: int, inverted: bool) -> None:
    scene = make_scene(down=down, right=right)
    if inverted:  # dark roofs on bright ground
        scene = replace(scene, image=255 - scene.image)
    shift = best_shift(edge_agreement(scene))
    assert shift.sure
    # Where the photo is, seen from the labels.
    assert shift.south_m == pytest.approx(-down * 0.3, abs=0.1)
    assert shift.east_m == pytest.approx(-right * 0.3, abs=0.1)


def test_nothing_is_claimed_without_a_reason() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8)
    assert not best_shift(edge_agreement(make_scene(image=noise))).sure
    nothing = make_scene(labels=np.zeros((SIDE, SIDE), np.uint16))
    assert not best_shift(edge_agreement(nothing)).sure
    assert not best_shift(edge_agreement(make_scene(ignore=np.ones((SIDE, SIDE), bool)))).sure


def test_shifted_labels_are_found_and_ranked_first(tmp_path: Path) -> None:
    save_scene(make_scene("good"), tmp_path)
    save_scene(make_scene("off", down=8, place="village"), tmp_path)
    checked = geoseg.check_dataset(tmp_path)
    assert [chip.name for chip in checked.worst] == ["off"]
    assert checked.worst[0].reasons == ("labels belong 0.0 m west, 2.4 m north",) or re.match(
        r"labels belong 0\.\d m (east|west), 2\.\d m north", checked.worst[0].reasons[0]
    )
    assert any("village: all labels together lie 2.4 m beside" in note for note in checked.notes)
    summary = json.loads(json.dumps(checked.as_dict()))
    assert summary["shifted_chips"] == 1
    assert summary["shifts"]["village"]["shift_south_m"] == pytest.approx(-2.4, abs=0.1)


# --- what a model finds ---


class Bright:
    """Finds what is bright."""

    from geoseg.models.weights import Decoding

    name = "bright"
    gsd_m = (0.1, 1.0)
    heads = ("body", "contact", "edge")
    metadata = type("Card", (), {"decoding": Decoding(edge_weight=0.0), "calibration": None})()

    def predict_maps(self, images: np.ndarray) -> np.ndarray:
        body = (images.mean(axis=1) > 135).astype(np.float32)
        return np.stack([body, 0 * body, 0 * body], axis=1)


def test_missing_and_doubtful_labels_are_counted() -> None:
    scene = make_scene(gsd_m=0.5)
    labels = scene.labels.copy()
    labels[np.isin(labels, [3, 5, 9])] = 0  # not labelled
    image = scene.image.copy()
    image[labels == 20] = 70  # labelled, but not there
    doubts = doubts_of(replace(scene, labels=labels, image=image), Bright())  # type: ignore[arg-type]
    assert doubts.missing == 3
    assert doubts.unseen == (20,)
    np.testing.assert_array_equal(
        doubts.missing_pixels(SIDE, SIDE), np.isin(scene.labels, [3, 5, 9])
    )


def test_thumbnails_show_labels_doubts_and_the_unknown() -> None:
    scene = make_scene()
    scene.ignore[:60] = True
    labels = scene.labels.copy()
    labels[labels == 40] = 0
    scene = replace(scene, labels=labels)
    for side_px, size in ((SIDE, 240), (100, 80), (500, 480)):
        drawn = thumbnail(scene, side_px, doubts_of(scene, Bright()))  # type: ignore[arg-type]
        assert drawn.shape == (3, size, size)
        for kind, some in (("label", 200), ("missing", 10)):
            hits = (drawn == np.array(COLOURS[kind])[:, None, None]).all(axis=0)
            assert hits.sum() >= some * (size / SIDE) ** 2 / 4
        assert drawn[:, : size // 5].mean() < drawn[:, size // 2 :].mean()


# --- the page ---


def test_the_page_loads_nothing_from_anywhere(tmp_path: Path) -> None:
    save_scene(make_scene("<b>odd", down=9), tmp_path)
    save_scene(make_scene("fine", split="val"), tmp_path)
    page = tmp_path / "page.html"
    geoseg.check_dataset(tmp_path, html=page)
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=[\"'](?!data:)", text)
    assert text.count("data:image/jpeg;base64,") == 2
    assert text.index("The worst 1 chips") < text.index("1 of the other 1 chips")
    assert "&lt;b&gt;odd" in text
    with pytest.raises(OutputExistsError):
        geoseg.check_dataset(tmp_path, html=page)
    with pytest.raises(UsageError, match=r"\.html"):
        geoseg.check_dataset(tmp_path, html=tmp_path / "page.pdf")
    with pytest.raises(DatasetError, match="no packed scenes"):
        geoseg.check_dataset(tmp_path / "nowhere")


# --- the command line ---


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    monkeypatch.chdir(tmp_path)

    return partial(exit_code, "dataset")


@pytest.fixture
def town(make_raster: Maker, tmp_path: Path) -> Path:
    make_raster("ortho.tif", photo(TOWN, SIDE, SIDE))
    make_raster("other.tif", photo(TOWN, SIDE, SIDE))
    on_ground([*TOWN, TOWN[0]], crs="EPSG:4326").to_file(tmp_path / "labels.geojson")
    return tmp_path


def test_pack_look_and_json(
    run: Callable[..., int], town: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(
            "ortho.tif",
            "labels.geojson",
            "-o",
            "chips",
            "--margin",
            3,
            "--html",
            "p.html",
            "--json",
        )
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["findings"]["ortho"]["duplicates"] == 1
    assert told["html"] == str(town / "p.html")
    assert set(told["places"]["ortho"]) == {"train", "val"}
    assert (town / "p.html").exists()
    assert run("chips", "--quiet") == 0
    assert capsys.readouterr().out == ""
    assert run("chips") == 0
    shown = capsys.readouterr()
    assert "labelled twice: dropped" in shown.out
    assert "2 scenes" in shown.out or "3 scenes" in shown.out


def test_several_places_from_options_and_lists(
    run: Callable[..., int], town: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (town / "pairs.yaml").write_text(
        "- {images: [ortho.tif], labels: labels.geojson, place: here, licence: CC0}\n"
        "- {images: oth*.tif, labels: labels.geojson, split: train}\n"
    )
    assert run("--list", "pairs.yaml", "-o", "a", "-q", "--margin", 3) == 0
    sides = {
        (s.place, s.split) for split in ("train", "val") for s in load_scenes(town / "a", split)
    }
    assert sides == {("here", "train"), ("here", "val"), ("other", "train")}
    (town / "pairs.csv").write_text("images,labels,place,gsd_m\northo.tif,labels.geojson,x,0.4\n")
    both = ("--list", "pairs.csv", "--pair", "other.tif,labels.geojson", "-o", "b", "-q")
    assert run(*both, "--val-place", "x") == 0
    held_out, training = (load_scenes(town / "b", split) for split in ("val", "train"))
    assert {(s.place, round(s.gsd_m, 2)) for s in held_out} == {("x", 0.4)}
    assert {s.place for s in training} == {"other"}
    capsys.readouterr()
    assert run(*both, "--overwrite", "--val-place", "y") == 2
    assert "there is no such place, only other, x" in capsys.readouterr().err


@pytest.mark.usefixtures("town")
def test_a_packed_folder_beside_a_pair_is_refused(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("ortho.tif", "labels.geojson", "-o", "a", "-q") == 0
    assert run("a", "--pair", "ortho.tif,labels.geojson", "-o", "b") == 2
    assert "a is a packed data set and cannot be packed again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to pack"),
        (("ortho.tif", "labels.geojson"), "--output"),
        (("ortho.tif", "-o", "x"), "is no packed data set"),
        (("ortho.tif", "labels.geojson", "-o", "x", "--chip-px", "64"), "256 px"),
        (("ortho.tif", "labels.geojson", "-o", "x", "--stretch", "9"), "two numbers"),
        (("ortho.tif", "labels.geojson", "-o", "x", "--mask-kind", "round"), "instances"),
        (("ortho.tif", "labels.geojson", "-o", "x", "-m", "gone.safetensors"), "no model"),
        (("--list", "none.yaml", "-o", "x"), "cannot be read"),
        (("--list", "bad.yaml", "-o", "x", "--gsd", "0.3"), "into the list"),
        (("--list", "bad.yaml", "-o", "x"), "pair 1: speed"),
        (("--list", "short.csv", "-o", "x"), "pair 1: labels"),
        (("ortho.tif", "gone.json", "-o", "x"), "there is no such file"),
        (("ortho.tif", "labels.geojson", "-o", "ortho.tif/x"), "cannot be written"),
        (("ortho.tif", "labels.geojson", "-o", "x", "--html", "p.png"), ".html"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_usage_is_one_sentence(
    run: Callable[..., int],
    town: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    (town / "bad.yaml").write_text("- {images: a.tif, labels: b.gpkg, speed: 3}")
    (town / "short.csv").write_text("images\na.tif\n")
    assert run(*arguments) in {1, 2}
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert not (town / "x").exists()


def test_coco_by_the_command_line(
    run: Callable[..., int], make_raster: Maker, tmp_path: Path
) -> None:
    drawn = {f"t_{n}.tif": houses(260, 260, seed=n) for n in (1, 2)}
    for name, shapes in drawn.items():
        make_raster(f"images/{name}", photo(shapes, 260, 260), crs=None)
    coco(tmp_path / "c.json", drawn, 260)
    assert run("images", "c.json", "-o", "chips", "--gsd", 0.3, "--place", "java", "-q") == 0
    assert {scene.place for scene in load_scenes(tmp_path / "chips", "train")} == {"java"}


def test_the_shipped_configuration_reads_the_folder_that_the_docs_name() -> None:
    root = REPOSITORY
    folder = read_config(root / "geoseg/train/finetune.yaml").data.scenes
    assert f"-o {folder}" in (root / "docs/dataset.md").read_text(encoding="utf-8")
    assert f"-o {folder}" in (root / "geoseg/train/finetune.yaml").read_text(encoding="utf-8")
