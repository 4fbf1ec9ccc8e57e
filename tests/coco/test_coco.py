"""Buildings to COCO and back; pycocotools is the oracle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from commands import invoke
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from output_tables import WHOLE
from rasterio.features import rasterize
from tries import tries

from geoseg.coco import from_coco, to_coco
from geoseg.coco.read import Imported
from geoseg.coco.rle import compress, decode_crop, decompress, encode_crop
from geoseg.coco.segmentation import annotation_shape
from geoseg.coco.write import Exported
from geoseg.errors import OutputExistsError, UnreadableVectorError, UsageError
from geoseg.export.frames import FrameLayer
from geoseg.export.output import write_frame, write_layers
from geoseg.vectors.load import load

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pycocotools")
Maker = Callable[..., Path]
Placer = Callable[..., Affine]
UTM = "EPSG:32645"
MASKS = hnp.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def ground(transform: Affine, *pixel_shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    t = transform
    matrix = [t.a, t.b, t.d, t.e, t.c, t.f]
    shapes = [shapely.affinity.affine_transform(shape, matrix) for shape in pixel_shapes]
    return gpd.GeoDataFrame(
        {
            "building_id": np.arange(5, 5 + len(shapes)),
            "area_m2": [shape.area for shape in shapes],
            "confidence": np.float32(0.75),
        },
        geometry=shapes,
        crs=UTM,
    )


HOUSE = shapely.box(3, 4, 13, 10)
RING = shapely.box(20, 20, 40, 40).difference(shapely.box(25, 25, 35, 33))
AT_BORDER = shapely.box(50, -5, 70, 6)
OUTSIDE = shapely.box(100, 100, 110, 110)


@pytest.fixture
def raster(make_raster: Maker) -> Path:
    return make_raster("ortho.tif", np.zeros((3, 48, 64), np.uint8))


@pytest.fixture
def buildings(utm_transform: Placer) -> gpd.GeoDataFrame:
    return ground(utm_transform(), HOUSE, RING, AT_BORDER, OUTSIDE)


# Run lengths


@tries(40)
@given(mask=MASKS, row=st.integers(0, 3), col=st.integers(0, 3))
def test_run_lengths_are_those_of_pycocotools(mask: NDArray[np.bool_], row: int, col: int) -> None:
    tools = pytest.importorskip("pycocotools.mask")
    whole = np.zeros((mask.shape[0] + row + 1, mask.shape[1] + col), np.uint8, order="F")
    whole[row : row + mask.shape[0], col:] = mask
    expected = tools.encode(whole)
    found = encode_crop(mask, row, col, whole.shape)
    assert found["size"] == list(expected["size"])
    np.testing.assert_array_equal(tools.decode(found), whole)
    assert found["counts"] == expected["counts"].decode()
    part, top, left = decode_crop(found)
    again = np.zeros_like(whole)
    again[top : top + part.shape[0], left : left + part.shape[1]] = part
    np.testing.assert_array_equal(again, whole)


@given(counts=st.lists(st.integers(0, 2**40), max_size=9))
def test_compression_is_reversible(counts: list[int]) -> None:
    assert decompress(compress(counts)) == counts


def test_uncompressed_counts_and_nonsense() -> None:
    mask, row, col = decode_crop({"size": [4, 3], "counts": [5, 2, 5]})
    assert (row, col, mask.tolist()) == (1, 1, [[True], [True]])
    with pytest.raises(UnreadableVectorError, match="does not fit"):
        decode_crop({"size": [2, 2], "counts": [1, 9]})


# Export


@pytest.mark.parametrize("masks", ["polygons", "rle"])
def test_pycocotools_sees_the_buildings(
    masks: str, buildings: gpd.GeoDataFrame, raster: Path, tmp_path: Path
) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    path = tmp_path / "coco.json"
    assert to_coco(buildings, path, [raster], masks=masks).annotations == 3
    api = coco.COCO(path)
    assert api.getCatIds(catNms=["building"]) == [1]
    expected = [HOUSE, RING, shapely.intersection(AT_BORDER, shapely.box(0, 0, 64, 48))]
    for annotation, shape in zip(api.loadAnns(api.getAnnIds()), expected, strict=True):
        drawn = rasterize([shape], out_shape=(48, 64))
        np.testing.assert_array_equal(api.annToMask(annotation), drawn)
        assert annotation["area"] == pytest.approx(shape.area)
        left, top, right, bottom = shape.bounds
        assert annotation["bbox"] == pytest.approx([left, top, right - left, bottom - top])
        assert annotation["score"] == 0.75


def test_every_image_gets_its_part(
    buildings: gpd.GeoDataFrame,
    raster: Path,
    make_raster: Maker,
    utm_transform: Placer,
    tmp_path: Path,
) -> None:
    east = make_raster("east.tif", np.zeros((3, 48, 64), np.uint8), transform=utm_transform(col=64))
    assert to_coco(buildings, tmp_path / "coco.json", [raster, east]).annotations == 4
    content = json.loads((tmp_path / "coco.json").read_text())
    assert [one["image_id"] for one in content["annotations"]] == [1, 1, 1, 2]
    again = from_coco(tmp_path / "coco.json", rasters=[east, raster])
    assert set(again["image"]) == {"ortho.tif", "east.tif"}
    parts = again[again["building_id"] == 7].geometry.union_all()
    inside = buildings.geometry[2].intersection(parts.envelope)
    assert parts.symmetric_difference(inside).area < 0.01


def test_other_crs_are_projected(buildings: gpd.GeoDataFrame, raster: Path, tmp_path: Path) -> None:
    to_coco(buildings.to_crs(4326), tmp_path / "coco.json", [raster])
    content = json.loads((tmp_path / "coco.json").read_text())
    assert content["annotations"][0]["bbox"] == pytest.approx([3, 4, 10, 6], abs=0.02)


# Import


@pytest.mark.parametrize("masks", ["polygons", "rle"])
def test_there_and_back(
    masks: str, buildings: gpd.GeoDataFrame, raster: Path, tmp_path: Path
) -> None:
    inside = buildings.iloc[:2]
    to_coco(inside, tmp_path / "coco.json", [raster], masks=masks)
    again = from_coco(tmp_path / "coco.json", rasters=raster)
    done = from_coco(tmp_path / "coco.json", tmp_path / "again.gpkg", rasters=str(raster))
    assert done == Imported(buildings=2, output=tmp_path / "again.gpkg")
    stored = gpd.read_file(done.output, layer="buildings")
    for frame in (again, stored):
        assert frame.crs == inside.crs
        assert frame["building_id"].tolist() == inside["building_id"].tolist()
        assert frame["score"].tolist() == [0.75, 0.75]
        for one, other in zip(frame.geometry, inside.geometry, strict=True):
            assert one.geom_type == "Polygon"
            assert one.symmetric_difference(other).area < 1e-6


@pytest.mark.parametrize("suffix", WHOLE)
def test_any_format_in_and_out(
    suffix: str, buildings: gpd.GeoDataFrame, raster: Path, tmp_path: Path
) -> None:
    source, again = tmp_path / f"b{suffix}", tmp_path / f"again{suffix}"
    write_frame(buildings, source)
    assert to_coco(str(source), tmp_path / "coco.json", raster).as_dict() == {
        "annotations": 3,
        "outside": 1,
        "repaired": 0,
        "without_geometry": 0,
        "too_small": 0,
        "no_score": 0,
        "gone": 0,
    }
    assert from_coco(tmp_path / "coco.json", again, rasters=[raster]).buildings == 3
    stored = load(again, "buildings").frame.sort_values("building_id")
    assert stored["building_id"].tolist() == [5, 6, 7]
    assert stored["image"].tolist() == ["ortho.tif"] * 3


def test_a_file_without_annotations_is_a_layer_without_rows(raster: Path, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps({"images": [], "annotations": []}))
    done = from_coco(tmp_path / "c.json", tmp_path / "c.gpkg", rasters=[raster])
    assert done.buildings == 0
    stored = gpd.read_file(tmp_path / "c.gpkg")
    assert (stored.crs, list(stored.columns[:2])) == (UTM, ["coco_id", "image"])


def test_a_layer_of_several_is_named(
    buildings: gpd.GeoDataFrame, raster: Path, tmp_path: Path
) -> None:
    path = tmp_path / "b.gpkg"
    write_layers([FrameLayer("a", buildings), FrameLayer("b", buildings.iloc[:1])], path)
    with pytest.raises(UnreadableVectorError, match="a, b"):
        to_coco(path, tmp_path / "coco.json", [raster])
    assert to_coco(path, tmp_path / "coco.json", [raster], layer="b").annotations == 1
    with pytest.raises(UsageError, match="--raster"):
        to_coco(buildings, tmp_path / "other.json", [])


def test_masks_from_elsewhere(raster: Path, tmp_path: Path) -> None:
    content = {
        "images": [{"id": 9, "file_name": "x/other.png", "height": 48, "width": 64}],
        "categories": [{"id": 4, "name": "roof"}],
        "annotations": [
            {"id": 1, "image_id": 9, "category_id": 4, "segmentation": [[1, 1, 5, 1, 5, 5]]},
            {
                "id": 2,
                "image_id": 9,
                "category_id": 4,
                "segmentation": [[10, 10, 12, 10, 12, 12, 10, 12], [20, 20, 22, 20, 22, 22]],
            },
            {
                "id": 3,
                "image_id": 9,
                "category_id": 4,
                "segmentation": {"size": [48, 64], "counts": [48 * 64]},
            },
        ],
    }
    (tmp_path / "c.json").write_text(json.dumps(content))
    frame = from_coco(tmp_path / "c.json", rasters=[raster])
    assert frame.geometry.geom_type.tolist() == ["Polygon", "MultiPolygon"]
    assert frame["category"].tolist() == ["roof", "roof"]
    assert frame["score"].isna().all()
    assert frame.geometry.area.tolist() == pytest.approx([8 * 0.09, 6 * 0.09])


# What goes wrong


def test_nothing_is_overwritten_unasked(
    buildings: gpd.GeoDataFrame, raster: Path, tmp_path: Path
) -> None:
    path = tmp_path / "coco.json"
    path.write_text("mine")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        to_coco(buildings, path, [raster])
    assert path.read_text() == "mine"
    to_coco(buildings, path, [raster], overwrite=True)
    (tmp_path / "o.gpkg").write_text("mine")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        from_coco(path, tmp_path / "o.gpkg", rasters=[raster])


def test_a_bow_tie_is_mended(raster: Path, tmp_path: Path, utm_transform: Placer) -> None:
    tie = shapely.Polygon([(5, 5), (15, 15), (15, 5), (5, 15)])
    exported = to_coco(ground(utm_transform(), tie), tmp_path / "coco.json", [raster])
    assert exported == Exported(annotations=1, outside=0, repaired=1)


def test_bad_input_is_said(
    buildings: gpd.GeoDataFrame, raster: Path, make_raster: Maker, tmp_path: Path
) -> None:
    path = tmp_path / "coco.json"
    with pytest.raises(UsageError, match="polygons, rle"):
        to_coco(buildings, path, [raster], masks="boxes")
    with pytest.raises(UnreadableVectorError, match="set_crs"):
        to_coco(buildings.set_crs(None, allow_override=True), path, [raster])
    with pytest.raises(UsageError, match=r"allowed are \.json"):
        to_coco(buildings, tmp_path / "coco.txt", [raster])
    with pytest.raises(UsageError, match="of 1 building none touches"):
        to_coco(buildings.iloc[3:], path, [raster])
    assert not path.exists()
    assert to_coco(buildings, path, [raster]) == Exported(annotations=3, outside=1)
    with pytest.raises(UsageError, match="allowed are"):
        from_coco(path, tmp_path / "out.tab", rasters=[raster])
    small = make_raster("small.tif", np.zeros((3, 8, 8), np.uint8))
    with pytest.raises(UsageError, match="48 x 64"):
        from_coco(path, rasters=[small])
    with pytest.raises(UsageError, match=r"ortho\.tif .*--raster"):
        from_coco(path, rasters=[small, small])
    for text, match in (("{", "not JSON"), ("[]", "not a COCO file")):
        path.write_text(text)
        with pytest.raises(UnreadableVectorError, match=match):
            from_coco(path, rasters=[raster])
    with pytest.raises(UnreadableVectorError, match="cannot be read"):
        from_coco(tmp_path / "absent.json", rasters=[raster])


def test_the_command_line(buildings: gpd.GeoDataFrame, raster: Path, tmp_path: Path) -> None:
    source, coco, again = (tmp_path / name for name in ("b.gpkg", "c.json", "again.geojson"))
    buildings.to_file(source, layer="buildings")
    result = invoke("to-coco", source, coco, "--raster", raster)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("annotations  3\n")
    result = invoke("from-coco", coco, again, "--raster", raster)
    assert result.exit_code == 0, result.output
    assert len(gpd.read_file(again)) == 3


def test_an_rle_of_another_size_than_its_image_is_refused_before_it_is_made() -> None:
    huge = {"size": [2_000_000, 2_000_000], "counts": [0, 10, 4_000_000_000_000 - 10]}
    with pytest.raises(UnreadableVectorError, match="of 2000000 x 2000000 pixels, the image of 64"):
        annotation_shape(huge, 7, (64, 64))
