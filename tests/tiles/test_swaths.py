"""Reading ahead: whatever the windows, the pixels are the mosaic's and failures lie on one lattice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import draw_scene
from half_lost import without_right_half
from hypothesis import given
from hypothesis import strategies as st
from painted import PaintedModel, paint_town
from rasterio.shutil import copy as copy_raster

import geoseg
from geoseg.errors import UnreadableRasterError
from geoseg.raster import Mosaic, layout
from geoseg.raster.source import inspect
from geoseg.tiles import plan
from geoseg.tiles.packed import PackedRows
from geoseg.tiles.swaths import SwathReader, divided
from geoseg.tiles.tally import Tally
from geoseg.types import Window

windows = st.builds(
    Window, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 9), st.integers(1, 9)
)


@given(windows, windows)
def test_what_is_shared_and_what_is_not_are_the_window(window: Window, before: Window) -> None:
    shared, new = divided(window, before)
    count = np.zeros((window.height, window.width), int)
    for part in (shared, new):
        if part is not None:
            assert part.intersection(window) == part
            count[part.slices_in(window)] += 1
    assert (count == 1).all()
    assert shared is None or shared.intersection(before) == shared


def read_all(path: Path, asked: list[Window], **options: Any) -> list[Any]:
    options = {"readers": 1, "skip_errors": False, "tally": Tally(), **options}
    with Mosaic.open([path], gsd_range_m=None) as mosaic, SwathReader(mosaic, **options) as reader:
        return list(reader.swaths(asked))


@pytest.mark.parametrize("readers", [1, 3])
def test_swaths_hold_the_pixels_of_the_mosaic(make_raster: Any, readers: int) -> None:
    valid = np.ones((300, 400), bool)
    valid[50:90, 30:200] = False
    path = make_raster("a.tif", draw_scene(300, 400), mask=valid)
    asked = [
        Window(0, 0, 80, 130), Window(0, 100, 80, 130), Window(0, 210, 80, 190),
        Window(60, 0, 80, 130), Window(60, 100, 80, 130), Window(64, 100, 120, 130),
        Window(250, 300, 64, 128),
    ]  # fmt: skip
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        for window, swath in zip(asked, read_all(path, asked, readers=readers), strict=True):
            block = mosaic.read(window)
            assert swath.block.window == window
            assert (swath.block.valid == block.valid).all()
            assert (swath.block.image[:, block.valid] == block.image[:, block.valid]).all()


def test_what_cannot_be_read_does_not_depend_on_the_windows(make_raster: Any) -> None:
    path = make_raster("a.tif", draw_scene(512, 512), tiled=True, blockxsize=128, blockysize=128)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    whole = [Window(0, 0, 512, 512)]
    with pytest.raises(UnreadableRasterError, match=r"a\.tif: rows"):
        read_all(path, whole)
    (swath,) = read_all(path, whole, skip_errors=True)
    assert 0 < len(swath.failed) < 64
    for side in (96, 200):
        parts = [
            Window(row, col, side, side)
            for row in range(0, 512, side)
            for col in range(0, 512, side)
        ]
        found = read_all(path, parts, skip_errors=True)
        assert frozenset().union(*(part.failed for part in found)) == swath.failed
        for part in found:
            common = part.block.window.intersection(swath.block.window)
            assert common is not None
            here, there = (common.slices_in(w) for w in (part.block.window, swath.block.window))
            assert (part.block.valid[here] == swath.block.valid[there]).all()


@pytest.mark.parametrize("skip_errors", [True, False])
def test_a_vrt_that_lost_a_file_is_refused(make_raster: Any, skip_errors: bool) -> None:
    # GDAL reads zeros in its place, after one error or, in several threads, after none.
    vrt = without_right_half(make_raster("a.tif", draw_scene(256, 256)))
    with pytest.raises(UnreadableRasterError, match=r"a\.vrt names gone\.tif, which is not there"):
        read_all(vrt, [Window(0, 0, 256, 256)], skip_errors=skip_errors)
    outer = vrt.with_name("outer.vrt")
    outer.write_text(vrt.read_text().replace("a.tif", "a.vrt").replace("gone.tif", "a.vrt"))
    with pytest.raises(
        UnreadableRasterError, match=r"outer\.vrt names gone\.tif, which is not there"
    ):
        read_all(outer, [Window(0, 0, 256, 256)], skip_errors=skip_errors)


@pytest.mark.parametrize("panel_px", [1, 48, 100])
@pytest.mark.parametrize("layout", [{}, {"tiled": True, "blockxsize": 64, "blockysize": 64}])
def test_panels_never_show(
    make_raster: Any, monkeypatch: pytest.MonkeyPatch, panel_px: int, layout: dict[str, Any]
) -> None:
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (3, 24, 31)).astype(np.uint8).repeat(5, 1).repeat(7, 2)
    options: dict[str, Any] = {"tile_px": 48, "overlap_px": 8, "shape": "raw", "batch": 2}
    whole = geoseg.predict(make_raster("a.tif", noise), model=PaintedModel(), **options)
    monkeypatch.setattr(plan, "PANEL_PX", panel_px)
    path = make_raster("b.tif", noise, **layout)
    parts = geoseg.predict(path, model=PaintedModel(), **options)
    assert len(whole) > 10
    assert whole.geometry.to_wkb().equals(parts.geometry.to_wkb())
    columns = ["geometry", "source"]
    assert whole.drop(columns=columns).equals(parts.drop(columns=columns))


def test_a_wide_tiled_raster_is_not_read_from_side_to_side(
    make_raster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    widest = 0
    read = Mosaic.read

    def watch(self: Mosaic, window: Window) -> Any:
        nonlocal widest
        widest = max(widest, window.width)
        return read(self, window)

    monkeypatch.setattr(Mosaic, "read", watch)
    monkeypatch.setattr(plan, "PANEL_PX", 128)
    town, houses = paint_town(64, 1024)
    path = make_raster("a.tif", town, tiled=True, blockxsize=64, blockysize=64)
    frame = geoseg.predict(path, model=PaintedModel(), tile_px=64, shape="raw")
    assert len(frame) == houses
    assert widest == 128


@pytest.mark.parametrize("tiled", [True, False])
def test_a_virtual_raster_lies_as_its_files_do(
    make_raster: Any, monkeypatch: pytest.MonkeyPatch, tiled: bool
) -> None:
    blocks = {"tiled": True, "blockxsize": 64, "blockysize": 64} if tiled else {}
    path = make_raster("a.tif", draw_scene(300, 200), **blocks)
    virtual = path.with_suffix(".vrt")
    copy_raster(path, virtual, driver="VRT")
    text = re.sub(r'block[XY]Size="\d+"', "", virtual.read_text())
    square = '<VRTRasterBand blockXSize="64" blockYSize="64" '
    virtual.write_text(text.replace("<VRTRasterBand ", square))
    assert layout.lies_in_rows(inspect(str(path))) is not tiled
    assert not layout.lies_in_rows(inspect(str(virtual)))  # narrow: GDAL keeps its rows decoded
    monkeypatch.setattr(layout, "WIDE_PX", 200)
    assert layout.lies_in_rows(inspect(str(virtual))) is not tiled


@given(st.integers(1, 9), st.integers(1, 30), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_packed_rows_come_back(step: int, rows: int, cols: int, seed: int) -> None:
    array = np.random.default_rng(seed).integers(0, 3, (2, rows, cols)).astype(np.uint8)
    array[:, : rows // 2] = 0
    packed = PackedRows.of(array, step)
    for index, start in enumerate(range(0, rows, step)):
        expected, piece = array[:, start : start + step], packed.piece(index)
        assert (expected == (0 if piece is None else piece)).all()
        assert (piece is None) == (not expected.any())
    assert len(packed.packed) == -(-rows // step)
