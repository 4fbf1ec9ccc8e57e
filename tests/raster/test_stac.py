"""STAC items as rasters."""

import json
from pathlib import Path

import pytest
from conftest import RasterMaker, draw_scene
from painted import PaintedModel
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
