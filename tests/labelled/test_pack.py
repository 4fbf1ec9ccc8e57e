"""Packing: labels land on their pixels, whatever the form and the CRS."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from affine import Affine
from conftest import transform_at
from labelled_town import coco, houses, on_ground, photo
from numpy.typing import NDArray

import geoseg
from geoseg.errors import (
    DatasetError,
    OutputExistsError,
    UnreadableRasterError,
    UnreadableVectorError,
    UnsupportedRasterError,
    UsageError,
)
from geoseg.labelled.pairs import make_pair, read_list
from geoseg.labelled.strips import Region, widened
from geoseg.scenes.scene import Scene, load_scene, load_scenes
from geoseg.types import Window

HEIGHT, WIDTH = 300, 600
TOWN = houses(HEIGHT, WIDTH)
Maker = Callable[..., Path]


@pytest.fixture
def ortho(make_raster: Maker) -> Path:
    return make_raster("ortho.tif", photo(TOWN, HEIGHT, WIDTH))


def scenes_of(folder: Path) -> list[Scene]:
    return load_scenes(folder, "train") + load_scenes(folder, "val")


def window_of(scene: Scene) -> tuple[slice, slice]:
    row, col = (int(part) for part in scene.name.split("_")[-2:])
    height, width = scene.labels.shape
    return slice(row, row + height), slice(col, col + width)


def roofs_and_labels(scene: Scene) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    known = ~scene.ignore
    return (scene.image.mean(axis=2) > 135)[known], (scene.labels > 0)[known]


@pytest.mark.parametrize("crs", ["EPSG:32645", "EPSG:4326", "EPSG:3857"])
def test_labels_lie_on_the_roofs_in_any_crs(ortho: Path, tmp_path: Path, crs: str) -> None:
    labels = tmp_path / "labels.gpkg"
    on_ground(TOWN, crs=crs).to_file(labels)
    packed = geoseg.pack_dataset(ortho, labels, tmp_path / "chips", chip_px=256, licence="CC0")
    scenes = scenes_of(tmp_path / "chips")
    for scene in scenes:
        roofs, labelled = roofs_and_labels(scene)
        np.testing.assert_array_equal(roofs, labelled)
        assert max(scene.labels.shape) <= 256
        assert (scene.place, scene.gsd_m, scene.licence) == (
            "ortho",
            pytest.approx(0.3, rel=1e-3),
            "CC0",
        )
    assert packed.findings["ortho"]["features"] == len(TOWN)
    counted = {side: part.chips for side, part in packed.places["ortho"].items()}
    assert counted == {side: sum(s.split == side for s in scenes) for side in ("train", "val")}


def test_patterns_stand_for_what_they_match(ortho: Path, tmp_path: Path) -> None:
    labels = on_ground(TOWN)
    named = geoseg.pack_dataset(ortho, labels, tmp_path / "named", chip_px=256)
    found = geoseg.pack_dataset(ortho.parent / "or*.tif", labels, tmp_path / "found", chip_px=256)
    assert found.places == named.places
    with pytest.raises(UnreadableRasterError, match=r"no file matches .*none\*\.tif; check the"):
        geoseg.pack_dataset(ortho.parent / "none*.tif", labels, tmp_path / "no", chip_px=256)


def test_only_what_a_list_says_is_a_pattern(tmp_path: Path) -> None:
    folder, other = tmp_path / "site[1]", tmp_path / "site1"
    (folder / "a_folder").mkdir(parents=True)
    other.mkdir()
    for path in (folder / "a_1.tif", folder / "a_2.tif", other / "b.tif"):
        path.touch()
    listed = folder / "pairs.yaml"
    listed.write_text("- {images: a_*, labels: x.gpkg}\n- {images: b.tif, labels: x.gpkg}\n")
    found, missing = read_list(listed)
    assert found.images == (folder / "a_1.tif", folder / "a_2.tif")
    assert missing.images == (folder / "b.tif",)
    listed.write_text("- {images: b*.tif, labels: x.gpkg}\n")
    with pytest.raises(UnreadableRasterError, match="no file matches"):
        read_list(listed)


def test_addresses_are_no_patterns(tmp_path: Path) -> None:
    signed = Path("/vsicurl/https:/127.0.0.1/a.tif?x=1")
    assert make_pair([signed], tmp_path / "labels.gpkg").images == (signed,)


def test_no_crop_sees_training_and_held_out_ground(ortho: Path, tmp_path: Path) -> None:
    geoseg.pack_dataset(ortho, on_ground(TOWN), tmp_path / "chips", chip_px=256, margin_m=6)
    side = np.zeros((HEIGHT, WIDTH), "U5")
    for scene in scenes_of(tmp_path / "chips"):
        assert (side[window_of(scene)] == "").all()
        side[window_of(scene)] = scene.split
    train, val = (np.flatnonzero((side == name).any(axis=0)) for name in ("train", "val"))
    assert np.abs(train[:, None] - val).min() > 20  # 6 m of 0.3 m
    assert 0.1 < len(val) / WIDTH < 0.3
    assert (np.diff(val) == 1).all()


def test_a_building_that_reaches_across_is_ignored_in_training(ortho: Path, tmp_path: Path) -> None:
    long = shapely.box(20, 288, 580, 296)
    packed = geoseg.pack_dataset(ortho, on_ground([*TOWN, long]), tmp_path / "c", margin_m=6)
    assert packed.findings["ortho"]["across"] == 1
    for scene in scenes_of(tmp_path / "c"):
        rows, _ = window_of(scene)
        cut = scene.ignore[288 - rows.start : 296 - rows.start, 40:60]
        assert cut.all() if scene.split == "train" else not cut.any()


def test_a_rotated_raster_is_packed_upright(make_raster: Maker, tmp_path: Path) -> None:
    turned = transform_at() * Affine.rotation(25)
    ortho = make_raster("turned.tif", photo(TOWN, HEIGHT, WIDTH), transform=turned)
    geoseg.pack_dataset(ortho, on_ground(TOWN, turned), tmp_path / "chips", val_share=0)
    for scene in scenes_of(tmp_path / "chips"):
        roofs, labelled = roofs_and_labels(scene)
        assert (roofs == labelled).mean() > 0.97
        assert scene.ignore.mean() > 0.2


def test_finer_rasters_are_averaged_unless_asked_otherwise(
    make_raster: Maker, tmp_path: Path
) -> None:
    fine = transform_at(0.1)
    ortho = make_raster("fine.tif", photo(TOWN, HEIGHT, WIDTH), transform=fine)
    labels = on_ground(TOWN, fine)
    for gsd_m, wanted in ((None, 0.2), (0.1, 0.1), (0.3, 0.3)):
        geoseg.pack_dataset(ortho, labels, tmp_path / "c", gsd_m=gsd_m, val_share=0, overwrite=True)
        assert scenes_of(tmp_path / "c")[0].gsd_m == pytest.approx(wanted, rel=1e-3)


def test_pixels_that_are_no_numbers_are_nodata_and_counted(
    make_raster: Maker, tmp_path: Path
) -> None:
    pixels = photo(TOWN, HEIGHT, WIDTH).astype(np.float32)
    pixels[:, :90, :90] = np.nan
    ortho = make_raster("float.tif", pixels)
    packed = geoseg.pack_dataset(ortho, on_ground(TOWN), tmp_path / "chips", val_share=0)
    (scene,) = scenes_of(tmp_path / "chips")
    assert scene.ignore[:90, :90].all()
    assert scene.ignore.sum() == 90 * 90 == packed.findings["float"]["nodata_px"]
    assert packed.findings["float"]["without_pixels"] == 9


def test_areas_of_interest_and_to_ignore(ortho: Path, tmp_path: Path) -> None:
    aoi, ignore = tmp_path / "aoi.gpkg", tmp_path / "ignore.geojson"
    on_ground([shapely.box(0, 0, 450, 300)]).to_file(aoi)
    on_ground([shapely.box(30, 30, 60, 60)], crs="EPSG:4326").to_file(ignore)
    geoseg.pack_dataset(ortho, on_ground(TOWN), tmp_path / "c", aoi=aoi, ignore=ignore, val_share=0)
    (scene,) = scenes_of(tmp_path / "c")
    assert scene.labels.shape == (300, 450)
    expected = np.zeros((300, 450), bool)
    expected[30:60, 30:60] = True
    assert (scene.ignore == expected).mean() > 0.999


def test_the_record_says_what_was_packed(ortho: Path, tmp_path: Path) -> None:
    over = shapely.box(4, 4, 20, 20)
    geoseg.pack_dataset(ortho, on_ground([*TOWN, over]), tmp_path / "chips")
    record = json.loads((tmp_path / "chips/dataset.json").read_text())
    assert record["pairs"][0]["images"] == [str(ortho)]
    assert record["findings"]["ortho"]["overlapping"] >= 1
    assert sum(record["overlap_m2"].values()) > 1


# --- separate images ---


@pytest.fixture
def pictures(make_raster: Maker) -> dict[str, list[shapely.Geometry]]:
    """Three images without a place in the folder ``photos``."""
    drawn = {f"town_{number}.tif": houses(280, 280, seed=number) for number in (1, 2, 10)}
    for name, shapes in drawn.items():
        make_raster(f"photos/{name}", photo(shapes, 280, 280), crs=None)
    return drawn


def test_coco_on_images_without_a_place(
    pictures: dict[str, list[shapely.Geometry]], tmp_path: Path
) -> None:
    labels = coco(tmp_path / "labels.json", pictures, 280)
    packed = geoseg.pack_dataset(
        tmp_path / "photos", labels, tmp_path / "chips", gsd_m=0.3, val_share=0.3, place="town"
    )
    scenes = {scene.name: scene for scene in scenes_of(tmp_path / "chips")}
    assert {name: scene.split for name, scene in scenes.items()} == {
        "town_town_1": "train", "town_town_2": "train", "town_town_10": "val",
    }  # fmt: skip
    for scene in scenes.values():
        np.testing.assert_array_equal(*roofs_and_labels(scene))
        assert scene.labels.max() == 81
        assert not scene.blobs
    assert packed.findings["town"]["features"] == 3 * 81


def test_crowds_are_unknown_and_categories_are_asked_for(
    pictures: dict[str, list[shapely.Geometry]], tmp_path: Path
) -> None:
    labels = coco(tmp_path / "labels.json", pictures, 280)
    content = json.loads(labels.read_text())
    crowd = {"size": [280, 280], "counts": [0, 280 * 10, 280 * 270]}  # the first ten columns
    content["annotations"] += [
        {"id": 999, "image_id": 0, "category_id": 1, "iscrowd": 1, "segmentation": crowd},
        {"id": 1000, "image_id": 0, "category_id": 2, "segmentation": [[9, 9, 29, 9, 29, 29]]},
    ]
    labels.write_text(json.dumps(content))
    arguments = (tmp_path / "photos", labels, tmp_path / "c")
    with pytest.raises(UsageError, match="building, car"):
        geoseg.pack_dataset(*arguments, gsd_m=0.3)
    with pytest.raises(UsageError, match="tree"):
        geoseg.pack_dataset(*arguments, gsd_m=0.3, category="tree")
    geoseg.pack_dataset(*arguments, gsd_m=0.3, category="building", place="t")
    scene = load_scene(tmp_path / "c/t_town_1.npz")
    assert scene.ignore[:, :10].all()
    assert not scene.ignore[:, 10:].any()
    assert scene.labels.max() == 81


def test_coco_on_rasters_with_a_place_is_one_mosaic(make_raster: Maker, tmp_path: Path) -> None:
    halves = {}
    for number, start in enumerate((0, 300)):
        shapes = houses(300, 300, seed=number)
        halves[f"part{number}.tif"] = shapes
        make_raster(
            f"parts/part{number}.tif", photo(shapes, 300, 300), transform=transform_at(col=start)
        )
    labels = coco(tmp_path / "labels.json", halves, 300)
    geoseg.pack_dataset(tmp_path / "parts", labels, tmp_path / "chips", val_share=0)
    (scene,) = scenes_of(tmp_path / "chips")
    assert scene.labels.shape == (300, 600)
    np.testing.assert_array_equal(*roofs_and_labels(scene))


def test_crowds_and_boxes_on_the_ground_are_unknown(ortho: Path, tmp_path: Path) -> None:
    labels = coco(tmp_path / "labels.json", {"ortho.tif": TOWN}, HEIGHT)
    content = json.loads(labels.read_text())
    content["images"][0]["width"] = WIDTH
    crowd = {"segmentation": [[0, 0, 60, 0, 60, 60, 0, 60]], "iscrowd": 1}
    box = {"segmentation": [], "bbox": [300, 200, 20, 10]}
    content["annotations"] += [
        {"id": number, "image_id": 0, "category_id": 1, **one}
        for number, one in enumerate([crowd, box], 900)
    ]
    labels.write_text(json.dumps(content))
    packed = geoseg.pack_dataset(ortho, labels, tmp_path / "c", val_share=0)
    (scene,) = scenes_of(tmp_path / "c")
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[:60, :60] = expected[200:210, 300:320] = True
    np.testing.assert_array_equal(scene.ignore, expected)
    found = packed.findings["ortho"]
    assert (found["crowds"], found["boxes"]) == (1, 1)


def test_rasters_that_coco_does_not_list_are_no_background(
    ortho: Path, make_raster: Maker, tmp_path: Path
) -> None:
    other = make_raster("o.tif", photo(TOWN, HEIGHT, WIDTH), transform=transform_at(col=WIDTH))
    labels = coco(tmp_path / "labels.json", {"ortho.tif": TOWN, "x.tif": []}, HEIGHT)
    labels.write_text(labels.read_text().replace(f'"width": {HEIGHT}', f'"width": {WIDTH}'))
    packed = geoseg.pack_dataset([ortho, other], labels, tmp_path / "c", val_share=0)
    assert {scene.labels.shape for scene in scenes_of(tmp_path / "c")} == {(HEIGHT, WIDTH)}
    assert packed.findings["ortho"]["images_unlisted"] == 1


@pytest.mark.parametrize("blobs", [False, True])
def test_masks_hold_numbers_or_blobs(
    pictures: dict[str, list[shapely.Geometry]], make_raster: Maker, tmp_path: Path, blobs: bool
) -> None:
    from rasterio.features import rasterize

    for name, shapes in pictures.items():
        numbered = [(shape, 255 if blobs else number) for number, shape in enumerate(shapes, 1)]
        mask = rasterize(numbered, out_shape=(280, 280)).astype(np.uint8)
        make_raster(f"masks/{name}", mask, crs=None)
    (tmp_path / "masks/town_1.tif.aux.xml").write_text("GDAL leaves such files behind")
    geoseg.pack_dataset(tmp_path / "photos", tmp_path / "masks", tmp_path / "c", gsd_m=0.3)
    for scene in scenes_of(tmp_path / "c"):
        np.testing.assert_array_equal(*roofs_and_labels(scene))
        assert scene.labels.max() == 81
        assert scene.blobs is blobs


@pytest.mark.parametrize("located", [True, False])
def test_large_blank_areas_are_unknown_but_white_roofs_are_not(
    make_raster: Maker, tmp_path: Path, located: bool
) -> None:
    pixels = photo([], 300, 300)
    pixels[:, :60, :60] = 0
    pixels[:, 200:260, 200:260] = 255  # nobody labelled this
    pixels[:, 100:160, 100:160] = 255
    roof = shapely.box(100, 100, 160, 160)
    ortho = make_raster("photo.tif", pixels, crs=None if not located else "EPSG:32645")
    labels = on_ground([roof]) if located else coco(tmp_path / "c.json", {"photo.tif": [roof]}, 300)
    gsd_m = None if located else 0.3
    packed = geoseg.pack_dataset(ortho, labels, tmp_path / "out", val_share=0, gsd_m=gsd_m)
    (scene,) = scenes_of(tmp_path / "out")
    assert scene.ignore.sum() == 2 * 60 * 60 == packed.findings["photo"]["nodata_px"]
    assert not scene.ignore[100:160, 100:160].any()
    assert (scene.labels[100:160, 100:160] > 0).all()


def test_a_single_image_with_a_mask_is_divided_like_ground(
    make_raster: Maker, tmp_path: Path
) -> None:
    ortho = make_raster("big.tif", photo(TOWN, HEIGHT, WIDTH), crs=None)
    roofs = (photo(TOWN, HEIGHT, WIDTH).mean(axis=0) > 135).astype(np.uint8)
    mask = make_raster("mask.tif", roofs, crs=None)
    geoseg.pack_dataset(ortho, mask, tmp_path / "c", gsd_m=0.3, margin_m=6)
    splits = {scene.split for scene in scenes_of(tmp_path / "c")}
    assert splits == {"train", "val"}


# --- bad input ---


def no_crs(folder: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it has none
        on_ground(TOWN).set_crs(None, allow_override=True).to_file(folder / "l.gpkg")
    return folder / "l.gpkg"


def elsewhere(folder: Path) -> Path:
    frame = on_ground(TOWN)
    frame.geometry = frame.translate(50_000)
    frame.to_file(folder / "l.gpkg")
    return folder / "l.gpkg"


def everything(folder: Path) -> Path:
    on_ground([shapely.box(0, 0, WIDTH, HEIGHT)]).to_file(folder / "l.gpkg")
    return folder / "l.gpkg"


def lines(folder: Path) -> Path:
    frame = on_ground(TOWN)
    frame.geometry = frame.boundary
    frame.to_file(folder / "l.gpkg")
    return folder / "l.gpkg"


def broken_json(folder: Path) -> Path:
    (folder / "l.json").write_text('{"images": [')
    return folder / "l.json"


def several_layers(folder: Path) -> Path:
    for layer in ("roofs", "sheds"):
        on_ground(TOWN[:50]).to_file(folder / "l.gpkg", layer=layer)
    return folder / "l.gpkg"


def nobody(folder: Path) -> Path:
    on_ground(TOWN)[:0].to_file(folder / "l.gpkg")
    return folder / "l.gpkg"


@pytest.mark.parametrize(
    ("labels", "options", "error", "message"),
    [
        (broken_json, {}, UnreadableVectorError, "is not JSON"),
        (several_layers, {}, UnreadableVectorError, "name one of them"),
        (several_layers, {"layer": "halls"}, UnreadableVectorError, "halls"),
        (nobody, {}, DatasetError, "holds no feature"),
        (no_crs, {}, UnreadableVectorError, "has no CRS"),
        (elsewhere, {}, DatasetError, "none of its 200 features lies on the raster"),
        (everything, {}, DatasetError, "pixels are building"),
        (lines, {}, UnreadableVectorError, "no polygon layer"),
        (lambda folder: folder / "none.gpkg", {}, UnreadableVectorError, "no such file"),
        (None, {"chip_px": 100}, UsageError, "must not be smaller than the crops"),
        (None, {"val_share": 0.9}, UsageError, "0 to 0.5"),
        (None, {"gsd_m": -1}, UsageError, "pixel size on the ground"),
        (None, {"bands": (1, 9, 2)}, UsageError, "no band 9"),
    ],
)
def test_bad_input_is_one_sentence(
    ortho: Path,
    tmp_path: Path,
    labels: Any,
    options: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    given = on_ground(TOWN) if labels is None else labels(tmp_path)
    with pytest.raises(error, match=message):
        geoseg.pack_dataset(ortho, given, tmp_path / "chips", **options)
    assert not list(tmp_path.glob("chips*"))


def test_a_layer_of_several_can_be_named(ortho: Path, tmp_path: Path) -> None:
    labels = several_layers(tmp_path)
    packed = geoseg.pack_dataset(ortho, labels, tmp_path / "chips", layer="sheds", val_share=0)
    (findings,) = packed.findings.values()
    assert findings["features"] == 50


@pytest.mark.parametrize("collected", [False, True])
def test_parts_that_touch_or_overlap_are_buildings_of_their_own(
    ortho: Path, tmp_path: Path, collected: bool
) -> None:
    row = shapely.box(0, 0, 20, 20), shapely.box(20, 0, 40, 20), shapely.box(35, 10, 60, 30)
    parts = [*TOWN, *row]
    one = shapely.GeometryCollection(parts) if collected else shapely.MultiPolygon(parts)
    packed = geoseg.pack_dataset(ortho, on_ground([one]), tmp_path / "chips", val_share=0)
    (sides,) = packed.places.values()
    (apart,) = geoseg.pack_dataset(
        ortho, on_ground(parts), tmp_path / "apart", val_share=0
    ).places.values()
    assert sides["train"].buildings == apart["train"].buildings >= len(TOWN)
    assert sides["train"].building_pixels == apart["train"].building_pixels
    (findings,) = packed.findings.values()
    assert (findings["features"], findings["multi_part"], findings["invalid"]) == (1, 1, 0)


@pytest.mark.thorough
def test_geoparquet_labels(ortho: Path, tmp_path: Path) -> None:
    on_ground(TOWN, crs="EPSG:4326").to_parquet(tmp_path / "l.parquet")
    packed = geoseg.pack_dataset(ortho, tmp_path / "l.parquet", tmp_path / "chips", val_share=0)
    (sides,) = packed.places.values()
    assert sides["train"].buildings == len(TOWN)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"segmentation": [[1, 2, 3]]}, "annotation 0: its segmentation is neither"),
        ({"segmentation": [["a", 2, 3, 4, 5, 6]]}, "annotation 0: its segmentation is neither"),
        ({"segmentation": [[1, 2, 3, 4, 5, float("nan")]]}, "a corner is no number"),
        ({"segmentation": {"size": [280, 280]}}, "annotation 0: its segmentation is neither"),
        ({"segmentation": {"size": [280], "counts": "a"}}, "annotation 0: its segmentation"),
        ({"image_id": None}, None),
    ],
)
def test_annotations_that_mean_nothing(
    pictures: dict[str, list[shapely.Geometry]],
    tmp_path: Path,
    changed: dict[str, Any],
    message: str | None,
) -> None:
    labels = coco(tmp_path / "labels.json", pictures, 280)
    content = json.loads(labels.read_text())
    content["annotations"][0] |= changed
    labels.write_text(json.dumps(content))
    arguments = (tmp_path / "photos", labels, tmp_path / "c")
    if message:
        with pytest.raises(UnreadableVectorError, match=message):
            geoseg.pack_dataset(*arguments, gsd_m=0.3)
        return
    (findings,) = geoseg.pack_dataset(*arguments, gsd_m=0.3).findings.values()
    assert findings["strays"] == 1
    assert findings["features"] == 3 * 81 - 1


def test_coco_entries_need_their_keys_and_names_of_their_own(
    pictures: dict[str, list[shapely.Geometry]], tmp_path: Path
) -> None:
    labels = coco(tmp_path / "labels.json", pictures, 280)
    content = json.loads(labels.read_text())
    content["images"].append(content["images"][0] | {"id": 77, "file_name": "b/town_1.tif"})
    labels.write_text(json.dumps(content))
    arguments = (tmp_path / "photos", labels, tmp_path / "c")
    with pytest.raises(DatasetError, match=r"several images of the name town_1\.tif"):
        geoseg.pack_dataset(*arguments, gsd_m=0.3)
    del content["images"][1]["width"]
    labels.write_text(json.dumps(content))
    with pytest.raises(UnreadableVectorError, match="number 2 of its images has no 'width'"):
        geoseg.pack_dataset(*arguments, gsd_m=0.3)


def located_mask(make_raster: Maker, folder: Path, mask: NDArray[Any], col: int = 0) -> Any:
    make_raster("located/a.tif", photo(TOWN, HEIGHT, WIDTH), transform=transform_at())
    make_raster("masks/a.tif", mask, transform=transform_at(col=col))
    return folder / "located", folder / "masks", folder / "c"


def roofs() -> NDArray[np.uint8]:
    return (photo(TOWN, HEIGHT, WIDTH).mean(axis=0) > 135).astype(np.uint8)


def test_masks_of_other_ground_or_size_are_refused(make_raster: Maker, tmp_path: Path) -> None:
    moved = located_mask(make_raster, tmp_path, roofs(), col=7)
    with pytest.raises(DatasetError, match="corners lie 7 pixels apart"):
        geoseg.pack_dataset(*moved)
    arguments = located_mask(make_raster, tmp_path, roofs())
    with pytest.raises(UsageError, match="not of 1 m as --gsd says"):
        geoseg.pack_dataset(*arguments, gsd_m=1.0)
    assert not (tmp_path / "c").exists()
    geoseg.pack_dataset(*arguments)


@pytest.mark.parametrize(
    ("other", "apart"),
    [
        (Affine(3e-6, 0, 85.3 + 9e-6, 0, -3e-6, 27.7 + 9e-6), 4),
        (Affine(0, 3e-6, 85.3, 3e-6, 0, 27.7), 849),
    ],
    ids=["moved", "transposed"],
)
def test_masks_of_other_ground_in_degrees_are_refused(
    make_raster: Maker, tmp_path: Path, other: Affine, apart: int
) -> None:
    """By pixels: numbers that differ by less than a hundred-thousandth are a metre apart in degrees."""
    place = Affine(3e-6, 0, 85.3, 0, -3e-6, 27.7)
    make_raster("located/a.tif", photo(TOWN, HEIGHT, WIDTH), transform=place, crs="EPSG:4326")
    make_raster("masks/a.tif", roofs(), transform=other, crs="EPSG:4326")
    with pytest.raises(DatasetError, match=f"corners lie {apart} pixels apart"):
        geoseg.pack_dataset(tmp_path / "located", tmp_path / "masks", tmp_path / "c")


@pytest.mark.parametrize(
    ("dtype", "background", "message"),
    [("float32", 0.5, "holds fractions"), ("int16", -1, "holds negative numbers")],
)
def test_masks_hold_whole_numbers(
    make_raster: Maker, tmp_path: Path, dtype: str, background: float, message: str
) -> None:
    mask = np.where(roofs() > 0, 1, background).astype(dtype)
    with pytest.raises(DatasetError, match=message):
        geoseg.pack_dataset(*located_mask(make_raster, tmp_path, mask))


def test_masks_of_classes_are_pointed_out(make_raster: Maker, tmp_path: Path) -> None:
    classes = roofs().astype(np.float32)
    classes[:20, :20] = 2  # roads, say
    classes[-5:, -5:] = np.nan
    packed = geoseg.pack_dataset(*located_mask(make_raster, tmp_path, classes))
    (findings,) = packed.findings.values()
    assert (findings["features"], findings["scattered"]) == (2, 1)


def test_an_area_to_ignore_that_leaves_nothing(ortho: Path, tmp_path: Path) -> None:
    all_of_it = everything(tmp_path)
    with pytest.raises(DatasetError, match="would be empty"):
        geoseg.pack_dataset(ortho, on_ground(TOWN), tmp_path / "chips", ignore=all_of_it)


def test_labels_without_a_pixel_leave_background_alone(ortho: Path, tmp_path: Path) -> None:
    speck = on_ground([shapely.box(5.1, 5.1, 5.3, 5.3)])
    with pytest.raises(DatasetError, match="pixels are background"):
        geoseg.pack_dataset(ortho, speck, tmp_path / "chips")


def test_images_that_do_not_belong_together(
    pictures: dict[str, list[shapely.Geometry]], make_raster: Maker, tmp_path: Path
) -> None:
    labels = coco(tmp_path / "labels.json", pictures, 280)
    arguments = (tmp_path / "photos", labels, tmp_path / "c")
    with pytest.raises(UsageError, match="--gsd"):
        geoseg.pack_dataset(*arguments)
    make_raster("photos/town_2.tif", np.zeros((5, 280, 280), np.uint8), crs=None)
    with pytest.raises(DatasetError, match="the same bands"):
        geoseg.pack_dataset(*arguments, gsd_m=0.3)
    make_raster("photos/town_2.tif", np.zeros((3, 200, 280), np.uint8), crs=None)
    with pytest.raises(DatasetError, match="200 x 280"):
        geoseg.pack_dataset(*arguments, gsd_m=0.3)
    (tmp_path / "photos/town_2.tif").unlink()
    with pytest.raises(DatasetError, match=r"1 image that cannot be found, such as town_2\.tif"):
        geoseg.pack_dataset(*arguments, gsd_m=0.3)
    (tmp_path / "masks").mkdir()
    with pytest.raises(DatasetError, match="without a mask"):
        geoseg.pack_dataset(tmp_path / "photos", tmp_path / "masks", tmp_path / "c", gsd_m=0.3)


def test_rasters_that_cannot_be_used(ortho: Path, make_raster: Maker, tmp_path: Path) -> None:
    labels, out = on_ground(TOWN), tmp_path / "c"
    (tmp_path / "broken.tif").write_bytes(ortho.read_bytes()[:3000])
    with pytest.raises(UnreadableRasterError, match=r"broken\.tif"):
        geoseg.pack_dataset(tmp_path / "broken.tif", labels, out)
    five = make_raster("five.tif", np.ones((5, 90, 90), np.uint8), transform=transform_at(col=600))
    with pytest.raises(UnsupportedRasterError, match="same number of bands"):
        geoseg.pack_dataset([ortho, five], labels, out)
    assert not out.exists()


def test_what_is_there_is_kept_unless_it_may_go(ortho: Path, tmp_path: Path) -> None:
    out = tmp_path / "chips"
    geoseg.pack_dataset(ortho, on_ground(TOWN), out)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        geoseg.pack_dataset(ortho, on_ground(TOWN), out)
    before = sorted(path.name for path in out.iterdir())
    with pytest.raises(DatasetError):  # a failed run leaves the older data set as it was
        geoseg.pack_dataset(ortho, elsewhere(tmp_path), out, overwrite=True)
    assert sorted(path.name for path in out.iterdir()) == before
    geoseg.pack_dataset(ortho, on_ground(TOWN), out, val_share=0, overwrite=True)
    assert not load_scenes(out, "val")
    (out / "thesis.docx").write_text("do not delete")
    with pytest.raises(OutputExistsError, match=r"thesis\.docx"):
        geoseg.pack_dataset(ortho, on_ground(TOWN), out, overwrite=True)
    assert (out / "thesis.docx").exists()


def test_areas_in_memory_are_packed_and_recorded(ortho: Path, tmp_path: Path) -> None:
    town = on_ground(TOWN)
    area = town.iloc[:40].dissolve().envelope.to_frame("geometry").set_geometry("geometry")
    packed = geoseg.pack_dataset(ortho, town, tmp_path / "chips", aoi=area)
    assert "an area in memory" in (packed.folder / "dataset.json").read_text(encoding="utf-8")


def test_around_plots_the_photo_stays_as_unknown_ground() -> None:
    ground, limits = Window(100, 0, 50, 80), Window(0, 0, 170, 300)
    whole = widened(Region(ground, "train"), ground, limits, 30)
    assert whole == Region(Window(70, 0, 100, 110), "train")  # 20 rows are left below, none before
    left, right = (Region(Window(100, col, 50, 30), "val") for col in (0, 50))
    assert widened(left, ground, limits, 30).window == Window(70, 0, 100, 30)
    assert widened(right, ground, limits, 30).window == Window(70, 50, 100, 60)
    assert widened(right, ground, limits, 0) == right
