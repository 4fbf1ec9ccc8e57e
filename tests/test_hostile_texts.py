"""Files of JSON and YAML that would bring a reader down: every door says so in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file
from tries import first

import geoseg
from geoseg.coco.document import load_coco
from geoseg.errors import GeosegError
from geoseg.labelled.pairs import read_list
from geoseg.models.catalogue import describe_model
from geoseg.scenes.scene import load_scene
from geoseg.train.config import read_config
from geoseg.vectors.layers import open_layer
from geoseg.vectors.metadata import read_metadata

DEEP = {
    "nested": "[" * 2000 + "]" * 2000,
    "never closed": '{"a":' * 100_000,
    "long number": "9" * 5000,
}
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


def _model(path: Path, text: str, key: str = "geoseg") -> Path:
    path = path.with_suffix(".safetensors")
    save_file({"a": np.zeros(1)}, path, metadata={key: text})
    return path


def _scene(path: Path, text: str) -> None:
    np.savez(path.with_suffix(".npz"), about=np.array(text))
    load_scene(path.with_suffix(".npz"))


def _parquet(path: Path, text: str) -> None:
    path = path.with_suffix(".parquet")
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({"geo": text}), path)
    open_layer(path)


def _coco(path: Path, text: str) -> None:
    path.write_text(f'{{"images": [], "annotations": {text}')
    load_coco(path)


def _geojson(path: Path, text: str) -> None:
    path = path.with_suffix(".geojson")
    geometry = f'{{"type": "Polygon", "coordinates": {text}}}'
    path.write_text(
        f'{{"type":"FeatureCollection","features":[{{"type":"Feature","geometry":{geometry}}}]}}'
    )
    geoseg.report(path)


DOORS: dict[str, Callable[[Path, str], object]] = {
    "model": lambda path, text: geoseg.load_model(_model(path, text)),
    "Mask R-CNN": lambda path, text: geoseg.load_model(_model(path, text, "geoseg_maskrcnn")),
    "list of models": lambda path, text: describe_model(_model(path, text, "geoseg_maskrcnn")),
    "COCO": _coco,
    "scene": _scene,
    "GeoParquet": _parquet,
    "GeoJSON": _geojson,
    # YAML, which takes seconds over them.
    "configuration": lambda path, text: (path.write_text(text), read_config(path)),
    "list of pairs": lambda path, text: (path.write_text(text), read_list(path)),
}


@pytest.mark.parametrize("text", DEEP)
@pytest.mark.parametrize("door", first(len(DOORS) - 2, DOORS))
def test_json_that_brings_readers_down_is_refused(tmp_path: Path, door: str, text: str) -> None:
    if (door, text) == ("GeoJSON", "long number"):
        pytest.skip("GDAL reads it as a geometry without coordinates")
    with pytest.raises(GeosegError) as caught:
        DOORS[door](tmp_path / "a.json", DEEP[text])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("door", ["configuration", "list of pairs"])
@pytest.mark.parametrize("text", [LAUGHS, "a: &a [*a]", "a: 2026-13-45", "a: 1" + "0" * 4000])
def test_yaml_that_brings_readers_down_is_refused(tmp_path: Path, door: str, text: str) -> None:
    with pytest.raises(GeosegError) as caught:
        DOORS[door](tmp_path / "a.yaml", text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("text", DEEP)
def test_metadata_that_bring_readers_down_are_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.geojson"
    head = f'{{"type": "FeatureCollection", "geoseg": {DEEP[text]}'
    path.write_text(head + ', "features": []}')
    assert read_metadata(path) == {}


@pytest.mark.parametrize(
    "absurd",
    [
        '"halo_px": 1e30',
        '"halo_px": 10000000000000',
        '"halo_px": 208, "gsd_m": [0.1, 1e999]',
        '"halo_px": 208, "std": [NaN, 1, 1]',
        '"halo_px": 208, "architecture": {"decoder_channels": [100000000, 64, 48, 32]}',
    ],
)
def test_a_model_file_of_absurd_numbers_is_refused(tmp_path: Path, absurd: str) -> None:
    with pytest.raises(GeosegError, match=r"halo_px|gsd_m|std|decoder_channels"):
        geoseg.load_model(_model(tmp_path / "a", f'{{"name": "a", {absurd}}}'))
