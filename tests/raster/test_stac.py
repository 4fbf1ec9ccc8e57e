"""STAC items as rasters."""

import json
from pathlib import Path

import pytest
from conftest import RasterMaker, draw_scene
from painted import PaintedModel, paint_town
from remote_server import Server

import geoseg
from geoseg.errors import UnreachableRasterError, UnreadableRasterError
from geoseg.raster.given import raster_names


def item(folder: Path, **assets: dict[str, object]) -> Path:
    path = folder / "item.json"
    path.write_text(json.dumps({"type": "Feature", "stac_version": "1.0.0", "assets": assets}))
    return path


def test_the_picture_of_an_item_is_read(make_raster: RasterMaker) -> None:
    raster = make_raster("a.tif", draw_scene(40, 50))
    other = {"href": "./missing.tif", "roles": ["data"]}
    by_key = item(make_raster.folder, nir=other, visual={"href": "./a.tif"})
    assert geoseg.info(by_key, model=PaintedModel()).rasters[0].width == 50
    by_role = item(make_raster.folder, nir=other, rgb={"href": str(raster), "roles": ["visual"]})
    assert raster_names(by_role) == [str(raster)]


def test_an_item_on_a_server(make_raster: RasterMaker) -> None:
    make_raster("a.tif", draw_scene(40, 50))
    item(make_raster.folder, image={"href": "a.tif"})
    with Server(make_raster.folder) as server:
        assert raster_names(server.address("item.json")) == [server.address("a.tif")]
        assert geoseg.info(server.address("item.json"), model=PaintedModel()).rasters[0].width == 50


def test_an_item_is_asked_for_again_and_a_missing_one_is_told(make_raster: RasterMaker) -> None:
    item(make_raster.folder, image={"href": "a.tif"})
    with Server(make_raster.folder) as server:
        server.order(drop=0.5)  # the first connection
        assert raster_names(server.address("item.json")) == [server.address("a.tif")]
        assert len(server.requests()) == 2
        server.order()
        with pytest.raises(UnreachableRasterError, match="404 Not Found") as caught:
            raster_names(server.address("none.json", "?key=s3cr3t"))
        assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("properties", "day"),
    [
        ({"datetime": "2024-05-17T10:20:30Z"}, "2024-05-17"),
        (
            {
                "datetime": None,
                "start_datetime": "2024-05-17T10:00:00Z",
                "end_datetime": "2024-05-17T11:00:00Z",
            },
            "2024-05-17",
        ),
        (
            {
                "datetime": None,
                "start_datetime": "2024-05-17T10:00:00Z",
                "end_datetime": "2024-06-17T10:00:00Z",
            },
            None,
        ),
        ({"datetime": 7}, None),
        ({}, None),
        ([], None),
    ],
)
def test_the_day_of_an_item_is_its_buildings(
    make_raster: RasterMaker, properties: object, day: str | None
) -> None:
    make_raster("a.tif", paint_town(60, 60)[0])
    path = item(make_raster.folder, visual={"href": "a.tif"})
    path.write_text(json.dumps(json.loads(path.read_text()) | {"properties": properties}))
    found = geoseg.predict(path, model=PaintedModel())
    assert set(found["image_date"].dropna()) == ({day} if day else set())
    told = geoseg.predict(path, model=PaintedModel(), date="2020-01-02")
    assert set(told["image_date"]) == {"2020-01-02"}


def test_an_item_without_a_picture_is_told(tmp_path: Path) -> None:
    path = item(tmp_path, B04={"href": "b4.tif"}, B03={"href": "b3.tif"})
    with pytest.raises(UnreadableRasterError, match=r"no asset .* visual or image.*\(B04, B03\)"):
        raster_names(path)


@pytest.mark.parametrize("content", ["{", "[]", '{"type": "FeatureCollection"}'])
def test_other_json_is_no_item(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(UnreadableRasterError):
        geoseg.info(path, model=PaintedModel())
