from __future__ import annotations

import pytest

from geoseg.files.names import without_folders


def test_a_record_keeps_names_and_loses_folders() -> None:
    record = {
        "command": "geoseg predict '/home/jo/my maps/a.tif' C:\\\\maps\\\\b.tif out/b.gpkg --model yolo:/m/best.pt"
        " --aoi=../x/area.gpkg --tile 512 s3://bucket/c.tif",
        "sources": [{"path": "/home/jo/my maps/a.tif", "bands": [1, 2, 3]}, {"path": "mine/b.tif"}],
        "parameters": {"aoi": {"path": "C:\\maps\\area.gpkg"}, "gsd_m": 0.25, "tta": None},
        "grid": {"crs": "EPSG:32645", "unit": "m/px"},
        "model": {"path": "~/models/a.safetensors", "place": "https://host/x/a.tif"},
    }
    assert without_folders(record) == {
        "command": "geoseg predict a.tif b.tif b.gpkg --model yolo:best.pt --aoi=area.gpkg --tile 512"
        " c.tif",
        "sources": [{"path": "a.tif", "bands": [1, 2, 3]}, {"path": "b.tif"}],
        "parameters": {"aoi": {"path": "area.gpkg"}, "gsd_m": 0.25, "tta": None},
        "grid": {"crs": "EPSG:32645", "unit": "m/px"},
        "model": {"path": "a.safetensors", "place": "a.tif"},
    }


@pytest.mark.parametrize(
    ("line", "told"), [(None, None), ("unclosed '/home/jo/a.tif", "a.tif"), (["/a/b"], ["b"])]
)
def test_any_command_is_told_without_folders(line: object, told: object) -> None:
    assert without_folders({"command": line}) == {"command": told}
