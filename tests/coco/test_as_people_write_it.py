"""COCO as labelling tools and people write it: read rightly, or counted, or refused in a sentence."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from commands import invoke
from conftest import UTM, transform_at
from hypothesis import given
from hypothesis import strategies as st
from rasterio.features import rasterize
from tries import tries

from geoseg.accuracy import evaluate
from geoseg.coco import from_coco, to_coco
from geoseg.coco.segmentation import annotation_shape
from geoseg.errors import (
    DatasetError,
    GeosegError,
    UnreadableVectorError,
    UnsupportedRasterError,
    UsageError,
)

Maker = Callable[..., Path]
SIZE = 48, 64
SQUARE = [10, 10, 20, 10, 20, 20, 10, 20]


def annotation(number: int = 1, **changed: Any) -> dict[str, Any]:
    return {"id": number, "image_id": 1, "category_id": 1, "segmentation": [SQUARE]} | changed


def content(*annotations: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "images": [{"id": 1, "file_name": "ortho.tif", "height": 48, "width": 64}],
        "categories": [{"id": 1, "name": "building"}],
        "annotations": list(annotations) or [annotation()],
    } | changed


@pytest.fixture
def raster(make_raster: Maker) -> Path:
    return make_raster("ortho.tif", np.zeros((3, *SIZE), np.uint8))


@pytest.fixture
def read(raster: Path, tmp_path: Path) -> Callable[..., gpd.GeoDataFrame]:
    def read(*annotations: dict[str, Any], **changed: Any) -> gpd.GeoDataFrame:
        path = tmp_path / "coco.json"
        path.write_text(json.dumps(content(*annotations, **changed)))
        return from_coco(path, rasters=raster)

    return read


def pixels(frame: gpd.GeoDataFrame) -> list[float]:
    """Areas in pixels of .3 m."""
    return [round(area / 0.09, 3) for area in frame.area]


# Several rasters


@tries(25)
@given(
    folders=st.lists(
        st.lists(st.sampled_from(["a", "b", "Süd 1"]), max_size=3).map("/".join),
        min_size=2,
        max_size=5,
        unique=True,
    ),
    backwards=st.booleans(),
)
def test_every_building_comes_back_to_its_raster(folders: list[str], backwards: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        root, houses = Path(name), []
        for number, folder in enumerate(folders):
            (root / folder).mkdir(parents=True, exist_ok=True)
            place = transform_at(col=100 * number)
            draw(root / folder / "1.tif", place)
            houses.append(
                shapely.transform(shapely.box(5, 5, 9 + number, 9), lambda xy, t=place: on(t, xy))
            )
        rasters = [root / folder / "1.tif" for folder in folders]
        before = gpd.GeoDataFrame({"building_id": range(len(houses))}, geometry=houses, crs=UTM)
        assert to_coco(before, root / "c.json", rasters).annotations == len(houses)
        again = from_coco(root / "c.json", rasters=rasters[::-1] if backwards else rasters)
        assert again["building_id"].tolist() == list(range(len(houses)))
        assert again["image"].nunique() == len(houses)
        for one, other in zip(again.geometry, houses, strict=True):
            assert one.symmetric_difference(other).area < 1e-6


def on(transform: Affine, xy: np.ndarray) -> np.ndarray:
    return np.column_stack(transform @ (xy[:, 0], xy[:, 1]))


def draw(path: Path, transform: Affine) -> None:
    options = {"height": 12, "width": 16, "count": 1, "dtype": "uint8", "crs": UTM}
    with rasterio.open(path, "w", driver="GTiff", transform=transform, **options):
        pass


def test_names_that_are_not_clear_are_refused(make_raster: Maker, tmp_path: Path) -> None:
    black = np.zeros((3, *SIZE), np.uint8)
    west, east = (make_raster(f"{side}/ortho.tif", black) for side in ("west", "east"))
    path = tmp_path / "c.json"
    path.write_text(json.dumps(content()))
    with pytest.raises(DatasetError, match=r"ortho\.tif, which may be west/ortho.tif or east"):
        from_coco(path, rasters=[west, east])
    with pytest.raises(DatasetError, match="given twice"):
        from_coco(path, rasters=[west, west])
    images = [
        {"id": number, "file_name": name, "height": 48, "width": 64}
        for number, name in enumerate(["C:\\data\\west\\ortho.tif", "C:\\data\\east\\ortho.tif"], 1)
    ]
    path.write_text(json.dumps(content(images=images)))
    assert from_coco(path, rasters=[east, west])["image"].tolist() == ["west/ortho.tif"]
    images[1]["file_name"] = "D:\\west\\ortho.tif"
    path.write_text(json.dumps(content(images=images)))
    with pytest.raises(DatasetError, match=r"several images of the name ortho\.tif"):
        from_coco(path, rasters=[west, east])
    with pytest.raises(UsageError, match="given twice"):
        to_coco(
            gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=UTM),
            path,
            [west, west],
            overwrite=True,
        )


def test_the_name_before_a_tool_renamed_it(make_raster: Maker, tmp_path: Path) -> None:
    black = np.zeros((3, *SIZE), np.uint8)
    rasters = [make_raster(f"{name}.tif", black) for name in ("north", "south")]
    images = [
        {"id": 1, "file_name": "north_tif.rf.00ff00ff.jpg", "height": 48, "width": 64},
        {"id": 2, "file_name": "x.jpg", "height": 48, "width": 64, "extra": {"name": "south.tif"}},
    ]
    path = tmp_path / "c.json"
    path.write_text(json.dumps(content(annotation(), annotation(2, image_id=2), images=images)))
    frame = from_coco(path, rasters=rasters)
    assert frame["image"].tolist() == ["north.tif", "south.tif"]
    assert frame.attrs["from_coco"] == {"images_renamed": 2}


def test_ids_of_images(read: Callable[..., gpd.GeoDataFrame]) -> None:
    image = content()["images"][0]
    assert read(images=[image, image]).attrs["from_coco"] == {"images_twice": 1}
    assert len(read(annotation(image_id="1"))) == 1
    assert len(read(annotation(image_id=1.0))) == 1
    with pytest.raises(DatasetError, match=r"the id 1 to ortho\.tif and to other\.tif"):
        read(images=[image, image | {"file_name": "other.tif"}])
    for stray in (None, 7, "x", [1]):
        frame = read(annotation(), annotation(2, image_id=stray))
        assert (len(frame), frame.attrs["from_coco"]) == (1, {"strays": 1})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"id": None}, "has the id None"),
        ({"file_name": None}, "has the file_name None"),
        ({"file_name": 5}, "has the file_name 5"),
        ({"height": None}, "has the height None"),
        ({"width": "wide"}, "has the width 'wide'"),
        ({"width": 63.5}, r"has the width 63\.5"),
    ],
)
def test_images_that_say_nothing(
    read: Callable[..., gpd.GeoDataFrame], changed: dict[str, Any], message: str
) -> None:
    image = content()["images"][0]
    assert len(read(images=[image | {"height": "48"}])) == 1
    with pytest.raises(UnreadableVectorError, match=f"number 1 of its images {message}"):
        read(images=[image | changed])


# Annotations


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"segmentation": []}, "empty"),
        ({"segmentation": None}, "empty"),
        ({"segmentation": {}}, "empty"),
        ({"segmentation": [[]]}, "empty"),
        ({"segmentation": [[1, 1, 5, 5]]}, "empty"),
        ({"segmentation": [], "bbox": [1, 1, 5, 5]}, "boxes"),
        ({"segmentation": [], "bbox": [1, 1, None, 5]}, "empty"),
        ({"iscrowd": 1}, "crowds"),
        ({"iscrowd": "1"}, "crowds"),
        ({"segmentation": {"size": list(SIZE), "counts": [5, 48 * 20, 48 * 44 - 5]}, "iscrowd": 1}, "crowds"),
        ({"segmentation": [[100, 100, 120, 100, 120, 120]]}, "outside"),
        ({"segmentation": [[-20, -20, -1, -20, -1, -1]]}, "outside"),
    ],
)  # fmt: skip
def test_what_is_no_building_is_counted(
    read: Callable[..., gpd.GeoDataFrame], changed: dict[str, Any], name: str
) -> None:
    frame = read(annotation(), annotation(2, **changed))
    assert frame["coco_id"].tolist() == [1]
    assert frame.attrs["from_coco"] == {name: 1}


@pytest.mark.parametrize(
    ("segmentation", "area", "name"),
    [
        (SQUARE, 100, "written_otherwise"),
        ([[10, 10], [20, 10], [20, 20], [10, 20]], 100, "written_otherwise"),
        ([[[10, 10], [20, 10], [20, 20], [10, 20]]], 100, "written_otherwise"),
        ([[str(number) for number in SQUARE]], 100, None),
        ([[60, 40, 70, 40, 70, 50, 60, 50]], 32, "cut"),
        ([[60, 40, 64.01, 40, 64.01, 48, 60, 48]], 32, None),
        ([[10, 10, 20, 20, 20, 10, 10, 20]], 50, "invalid"),
        ([SQUARE, [30, 10, 40, 10, 40, 20, 30, 20]], 200, None),
        ([SQUARE, [15, 10, 25, 10, 25, 20, 15, 20]], 150, None),
        ([SQUARE, [12, 12, 15, 12, 15, 15, 12, 15]], 100, "rings_inside"),
    ],
)
def test_outlines_as_tools_write_them(
    read: Callable[..., gpd.GeoDataFrame], segmentation: Any, area: float, name: str | None
) -> None:
    frame = read(annotation(segmentation=segmentation))
    assert pixels(frame) == [area]
    assert frame.attrs["from_coco"] == ({} if name is None else {name: 1})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_parts_are_united_as_pycocotools_does() -> None:
    tools = pytest.importorskip("pycocotools.mask")
    inner = [12, 12, 18, 12, 18, 18, 12, 18]
    apart = [30, 30, 40, 30, 40, 40]
    for rings in ([SQUARE, inner], [SQUARE, apart], [SQUARE, SQUARE]):
        ours = rasterize([annotation_shape(rings, 1, SIZE)], out_shape=SIZE)
        theirs = tools.decode(tools.merge(tools.frPyObjects(rings, *SIZE)))
        assert (ours != theirs).mean() < 0.01  # pycocotools draws borders in its own way


@pytest.mark.parametrize(
    "segmentation",
    [
        [[1, 2, 3, 4, 5, 6, 7]],
        [[1, 2, None, 4, 5, 6]],
        [[1, 2, "x", 4, 5, 6]],
        [[1, 2, 1e300, 4, 5, 6]],
        [[1, 2, 10**400, 4, 5, 6]],
        [[1, 2, float("inf"), 4, 5, 6]],
        [{"x": 1}, {"x": 2}, {"x": 3}],
        "polygon",
        7,
        {"size": [64, 48], "counts": [0, 10, 3062]},
        {"size": [48, 64, 3], "counts": [0, 10, 3062]},
        {"size": [None, 64], "counts": [0, 10, 3062]},
        {"size": list(SIZE), "counts": None},
        {"size": list(SIZE), "counts": [0, 5000]},
        {"size": list(SIZE), "counts": [0, 10**30]},
        {"size": list(SIZE), "counts": [0, -5]},
        {"size": list(SIZE), "counts": [0, 1.5]},
        {"size": list(SIZE), "counts": ["0", "5"]},
        {"size": list(SIZE), "counts": "\x01\x02"},
        {"size": list(SIZE), "counts": "oooooooooooooooooooooooo"},
    ],
)
def test_what_is_no_outline_is_refused_by_its_number(
    read: Callable[..., gpd.GeoDataFrame], segmentation: Any
) -> None:
    with pytest.raises(UnreadableVectorError, match="annotation 77"):
        read(annotation(77, segmentation=segmentation))


def test_columns_hold_what_there_is(read: Callable[..., gpd.GeoDataFrame], tmp_path: Path) -> None:
    frame = read(
        annotation(1, score=0.5, building_id=4),
        annotation(1, score="0.25", building_id="a"),
        annotation("x", score=None),
        annotation(None, score="high"),
    )
    assert frame["coco_id"].tolist() == ["1", "1", "x", "number 4"]
    np.testing.assert_array_equal(frame["score"], [0.5, 0.25, np.nan, np.nan])
    assert frame["building_id"].tolist()[:2] == ["4", "a"]
    assert frame["building_id"].isna().tolist() == [False, False, True, True]
    assert frame.attrs["from_coco"] == {"ids_repeated": 1, "no_score": 1}
    again = from_coco(tmp_path / "coco.json", tmp_path / "b.gpkg", rasters=tmp_path / "ortho.tif")
    assert again.as_dict()["findings"] == frame.attrs["from_coco"]
    assert len(gpd.read_file(tmp_path / "b.gpkg")) == 4


def test_categories(read: Callable[..., gpd.GeoDataFrame], tmp_path: Path) -> None:
    without = content()
    del without["categories"]
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(without))
    raster = tmp_path / "ortho.tif"
    assert from_coco(path, rasters=raster)["category"].tolist() == ["building"]
    for nonsense in (None, {}, ["x"], [{"id": None}]):
        assert read(categories=nonsense)["category"].tolist() == ["building"]
    frame = read(annotation(), annotation(2, category_id=9), annotation(3, category_id=None))
    assert frame["category"].tolist() == ["building", "category 9", "building"]
    assert frame.attrs["from_coco"] == {"no_class": 2}
    chosen = from_coco(path, rasters=raster, category="category 9")
    assert chosen["coco_id"].tolist() == [2]
    with pytest.raises(
        UsageError, match=r"no annotation of the category 'roof'; it has building, c"
    ):
        from_coco(path, rasters=raster, category="roof")


# Files


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: gzip.compress(text.encode()),
    ],
)
def test_marks_and_gzip(raster: Path, tmp_path: Path, encode: Callable[[str], bytes]) -> None:
    path = tmp_path / "coco.json.gz"
    path.write_bytes(encode(json.dumps(content())))
    assert len(from_coco(path, rasters=raster)) == 1


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (gzip.compress(b"{}" * 999, mtime=0)[:-9], "gzipped, but damaged"),
        (b"PK\x03\x04...", "a zip archive"),
        (b"[" * 100_000, "too deep"),
        (b"\xff\xfe\xff", "is not JSON"),
        (b'{"images": [], "annotations": [', "is it complete"),
        (b'{"images": {}, "annotations": []}', "number 1 of its images"),
        (b'{"images": [], "annotations": [5]}', "number 1 of its annotations"),
        (b"", "is not JSON"),
    ],
)
def test_what_is_no_coco_file(raster: Path, tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "coco.json"
    path.write_bytes(raw)
    with pytest.raises(UnreadableVectorError, match=message):
        from_coco(path, rasters=raster)


def test_rasters_without_a_place(make_raster: Maker, tmp_path: Path) -> None:
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(content()))
    black = np.zeros((3, *SIZE), np.uint8)
    bare = make_raster("bare.tif", black, crs=None)
    with pytest.raises(UnsupportedRasterError, match="has no CRS"):
        from_coco(path, rasters=bare)
    nowhere = make_raster("nowhere.tif", black, transform=Affine.identity())
    with pytest.raises(UnsupportedRasterError, match="no corner and pixel size"):
        from_coco(path, rasters=nowhere)


def test_columns_of_a_layer_that_coco_cannot_hold(raster: Path, tmp_path: Path) -> None:
    place = transform_at()
    house = shapely.transform(shapely.box(5, 5, 9, 9), lambda xy: on(place, xy))
    speck = shapely.transform(shapely.box(5.1, 5.1, 5.2, 5.2), lambda xy: on(place, xy))
    frame = gpd.GeoDataFrame(
        {"building_id": ["a", None], "confidence": ["sure", "0.5"], "area_m2": [1.0, np.nan]},
        geometry=[house, speck],
        crs=UTM,
    )
    done = to_coco(frame, tmp_path / "c.json", raster, masks="rle")
    assert (done.annotations, done.too_small, done.outside, done.no_score) == (1, 1, 0, 1)
    (one,) = json.loads((tmp_path / "c.json").read_text())["annotations"]
    assert (one["building_id"], one["area_m2"], "score" in one) == ("a", 1.0, False)
    source = tmp_path / "b.json"
    frame.to_file(source, driver="GeoJSON")
    with pytest.raises(UsageError, match="is an input"):
        to_coco(source, source, raster, overwrite=True)


def test_the_command_line_says_what_was_left_out(raster: Path, tmp_path: Path) -> None:
    path, out = tmp_path / "coco.json", tmp_path / "b.gpkg"
    path.write_text(json.dumps(content(annotation(), annotation(2, iscrowd=1))))
    result = invoke("from-coco", path, out, "--raster", raster)
    assert "1  marked as crowds (iscrowd)" in result.output
    result = invoke("from-coco", path, out, "--raster", raster, "--overwrite", "--json")
    assert json.loads(result.stdout)["findings"] == {"crowds": 1}
    result = invoke("from-coco", path, out, "--raster", raster, "--overwrite", "--category", "x")
    assert isinstance(result.exception, UsageError)


def test_evaluate_says_how_to_hold_coco_against_a_layer(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(content()))
    frame = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=UTM)
    with pytest.raises(UnreadableVectorError, match="geoseg from-coco"):
        evaluate(frame, path)


NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "1", "x", "[]"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)  # fmt: skip


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nonsense") / "ortho.tif"
    draw(path, transform_at())
    return path


@tries(150)
@given(
    key=st.sampled_from(
        ["id", "image_id", "category_id", "segmentation", "bbox", "iscrowd", "score", "building_id"]
    ),
    value=NONSENSE,
)
def test_nonsense_is_read_or_refused(key: str, value: Any, drawn: Path) -> None:
    path = drawn.with_name("c.json")
    image = {"id": 1, "file_name": "ortho.tif", "height": 12, "width": 16}
    both = [annotation(segmentation=[[1, 1, 9, 1, 9, 9]]), annotation(2)]
    both[1][key] = value
    path.write_text(json.dumps(content(*both, images=[image])))
    try:
        frame = from_coco(path, rasters=drawn)
    except GeosegError:
        return
    counted = sum(frame.attrs["from_coco"].values())
    assert len(frame) == 2 or counted
