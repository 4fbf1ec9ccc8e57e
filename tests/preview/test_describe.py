"""What ``geoseg info`` says, and that it warns of what spoils results."""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from commands import invoke
from conftest import UTM, RasterMaker, draw_scene, transform_at
from painted import PaintedModel
from pyproj import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning
from rasterio.shutil import copy as copy_raster
from safetensors.numpy import save_file

from geoseg.errors import ModelError, UnreadableRasterError, UsageError
from geoseg.models.traits import Traits
from geoseg.models.weights import Architecture, Metadata
from geoseg.preview.describe import MosaicInfo, describe
from geoseg.preview.estimate import estimate_run, measured_s_per_mp
from geoseg.raster import jpeg
from geoseg.settings import PredictSettings
from geoseg.tiles.lattice import Lattice
from geoseg.types import Grid

RGBA = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
IMAGE = draw_scene(100, 120)


NEEDS = Traits(
    kind="maps", name="needs", class_name="Needs", gsd_m=(0.2, 0.6), halo_px=32, stride_px=16
)


def look(*paths: Path, **options: object) -> MosaicInfo:
    return describe(list(paths), NEEDS, PredictSettings.of(**options))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    metadata = Metadata(
        name="a tiny model", architecture=Architecture(depth=4), gsd_m=(0.2, 0.6), halo_px=224
    )
    path = tmp_path / "tiny.safetensors"
    save_file(
        {"weight": np.zeros(1, np.float32)}, path, metadata={"geoseg": metadata.model_dump_json()}
    )
    return path


def test_a_plain_raster(make_raster: RasterMaker) -> None:
    seen = look(make_raster("a.tif", IMAGE))
    raster = seen.rasters[0]
    assert (raster.width, raster.height, raster.bands, raster.dtype) == (120, 100, 3, "uint8")
    assert raster.crs == "EPSG:32645 (WGS 84 / UTM zone 45N)"
    assert raster.gsd_m == seen.grid_gsd_m == pytest.approx(0.3, rel=1e-3)
    assert raster.validity == "none"
    assert raster.valid_share == 1
    assert raster.layout.startswith("striped (")
    assert not seen.resampled
    assert seen.warnings == ()
    assert seen.megapixels == 0.012
    assert seen.tiles == 1
    assert 0 < seen.time.least_minutes < seen.time.most_minutes
    assert "--measure" in seen.time.basis


@pytest.mark.parametrize(
    ("made", "validity"),
    [({"nodata": 0}, "nodata 0"), ({"mask": IMAGE[0] > 100}, "mask")],
    ids=["nodata", "mask"],
)
def test_what_marks_validity(
    make_raster: RasterMaker, made: dict[str, object], validity: str
) -> None:
    assert look(make_raster("a.tif", IMAGE, **made)).rasters[0].validity == validity


def test_the_share_of_valid_pixels(make_raster: RasterMaker) -> None:
    alpha = np.full((1, 100, 120), 255, dtype=np.uint8)
    alpha[:, :80] = 0
    seen = look(make_raster("a.tif", np.concatenate([IMAGE, alpha]), colors=RGBA))
    assert seen.rasters[0].validity == "alpha band 4"
    assert seen.rasters[0].valid_share == pytest.approx(0.2)
    assert "only about 20%" in seen.warnings[0]


def test_layouts(make_raster: RasterMaker) -> None:
    tiled = make_raster(
        "tiled.tif", IMAGE, tiled=True, blockxsize=64, blockysize=32, compress="deflate"
    )
    cog = tiled.with_name("cog.tif")
    copy_raster(tiled, cog, driver="COG", blocksize=128)
    with rasterio.open(tiled, "r+") as dataset:
        dataset.build_overviews([2, 4])
    assert look(tiled).rasters[0].layout == "tiled (64 x 32), DEFLATE, 2 overviews"
    assert look(cog).rasters[0].layout.startswith("COG, ")


def test_tiles_are_those_of_the_run(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", IMAGE)
    assert look(path, tile_px=96).tiles == 4 * 4  # cores of 32 px
    with pytest.raises(UsageError, match="--tile"):
        look(path, tile_px=64)


def test_warnings_about_pixel_sizes(make_raster: RasterMaker) -> None:
    coarse = look(make_raster("a.tif", IMAGE, transform=transform_at(2.0)))
    assert "enlarged 3.3 times to the model's 0.6 m" in coarse.warnings[0]
    assert look(make_raster("d.tif", IMAGE, transform=transform_at(1.1))).warnings == ()
    assert coarse.resampled
    mercator = Affine(0.6, 0, 0, 0, -0.6, 8_399_737.9)
    seen = look(make_raster("b.tif", IMAGE, crs="EPSG:3857", transform=mercator))
    assert "nominally 0.6 m but 0.301 m on the ground" in seen.warnings[0]
    feet = Affine(1, 0, 985_000, 0, -1, 210_000)
    assert look(make_raster("c.tif", IMAGE, crs="EPSG:2263", transform=feet)).warnings == ()


def test_a_black_frame_without_nodata(make_raster: RasterMaker) -> None:
    framed = IMAGE.copy()
    framed[:, :, :30] = 0
    path = make_raster("a.tif", framed)
    seen = look(path)
    assert "about 25.0% of the pixels are blank" in seen.warnings[0]
    assert "pure black (0) in large areas" in seen.warnings[0]
    assert "--keep-blank" in seen.warnings[0]
    assert seen.rasters[0].blank_share == 0.25
    assert seen.rasters[0].valid_share == 0.75
    kept = look(path, keep_blank=True)
    assert "about 25% of its pixels are pure black" in kept.warnings[0]
    assert "--nodata 0" in kept.warnings[0]
    assert kept.rasters[0].valid_share == 1
    assert look(path, nodata=(0,)).warnings == ()
    assert look(make_raster("b.tif", framed, nodata=0)).warnings == ()


def test_a_raster_off_the_firsts_pixels(make_raster: RasterMaker) -> None:
    first = make_raster("a.tif", IMAGE)
    second = make_raster("b.tif", IMAGE, transform=transform_at(left=352_000.1))
    seen = look(first, second)
    assert seen.warnings == (
        "b.tif does not lie on the pixels of a.tif and is resampled onto them",
    )
    assert [raster.resampled for raster in seen.rasters] == [False, True]


def test_a_damaged_raster(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", draw_scene(400, 500))
    path.write_bytes(path.read_bytes()[:300_000])
    assert "cannot be read" in look(path).warnings[0]


def test_a_mosaic_over_many_latitudes(make_raster: RasterMaker) -> None:
    paths = [
        make_raster(f"{top}.tif", IMAGE, crs="EPSG:3857", transform=Affine(0.4, 0, 0, 0, -0.4, top))
        for top in (1e6, 4e6)
    ]
    assert any("vary from" in warning for warning in look(*paths).warnings)


def test_the_command_prints_json(make_raster: RasterMaker, weights: Path) -> None:
    path = make_raster("a.tif", IMAGE.astype(np.uint16))
    result = invoke("info", path, "--model", weights, "--json", "--bands", "3,2,1")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert printed["rasters"][0]["path"] == str(path)
    assert printed["rasters"][0]["rgb"] == [3, 2, 1]
    assert printed["grid_width"] == 120
    assert len(printed["stretch"]) == 2


def test_the_command_prints_a_table_and_warnings(make_raster: RasterMaker, weights: Path) -> None:
    image = IMAGE.copy()
    image[:, :50] = 0
    path = make_raster("odd [name].tif", image, crs=UTM)
    result = invoke("info", path, "--model", weights)
    assert result.exit_code == 0, result.output
    for text in ("odd [name].tif", "EPSG:32645", "0.300 m", "striped", "Warning:", "pure black"):
        assert text in " ".join(result.stdout.split())


def test_errors_come_out_as_they_are(make_raster: RasterMaker, weights: Path) -> None:
    missing = invoke("info", make_raster.folder / "absent.tif", "--model", weights)
    assert isinstance(missing.exception, UnreadableRasterError)
    path = make_raster("a.tif", IMAGE)
    assert isinstance(
        invoke("info", path, "--model", weights, "--bands", "x").exception, UsageError
    )
    assert isinstance(invoke("info", path, "--model", "absent.safetensors").exception, ModelError)


def test_time_grows_with_tiles_and_context() -> None:
    grids = [Grid(CRS(UTM), transform_at(), side, side, 0.3) for side in (4096, 8192)]
    wide, narrow = (estimate_run(Lattice(grids[1], tile, 208, 16)) for tile in (1184, 480))
    assert narrow.least_minutes > 1.5 * wide.least_minutes
    small = estimate_run(Lattice(grids[0], 1184, 208, 16))
    assert wide.least_minutes / small.least_minutes == pytest.approx(4, rel=0.1)
    flipped = estimate_run(Lattice(grids[0], 1184, 208, 16), tta=True)
    assert 1.5 * small.least_minutes < flipped.least_minutes < 2 * small.least_minutes
    eight_bits = estimate_run(Lattice(grids[0], 1184, 208, 16), precision="int8")
    assert small.least_minutes / 4 < eight_bits.least_minutes < small.least_minutes


def test_time_measured_on_one_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 9.0, 10.0, 12.0])  # the first tile warms up, the second takes 2 s
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    model = PaintedModel()
    seen_mp = (512 + 2 * model.halo_px) ** 2 / 1e6
    assert measured_s_per_mp(model) == pytest.approx(2 / seen_mp)


def test_the_command_measures(make_raster: RasterMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoseg.models.loading.load_model", lambda *_, **__: PaintedModel())
    result = invoke("info", make_raster("a.tif", IMAGE), "--measure", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["time"]["basis"] == "one tile, measured here"


def test_the_modules_are_light_to_import() -> None:
    import subprocess
    import sys

    code = (
        "import sys, geoseg.cli.info; print([m for m in ('rasterio', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("compress", "known", "told"),
    [("JPEG", "other", 1), ("JPEG", None, 0), ("DEFLATE", "other", 0)],
)
def test_another_decoder_of_jpeg_is_told(
    compress: str,
    known: str | None,
    told: int,
    make_raster: RasterMaker,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    copy_raster(make_raster("a.tif", IMAGE), tmp_path / "b.tif", compress=compress)
    monkeypatch.setattr(jpeg, "KNOWN_SHA256", known or probe_sha256())
    jpeg.decodes_as_tuned.cache_clear()
    warnings = look(tmp_path / "b.tif").warnings
    jpeg.decodes_as_tuned.cache_clear()
    assert ["b.tif: stored as JPEG" in warning for warning in warnings].count(True) == told


def probe_sha256() -> str:
    with (
        pytest.warns(NotGeoreferencedWarning),
        rasterio.open(jpeg.PROBE) as probe,
    ):
        return sha256(probe.read().tobytes()).hexdigest()


def test_the_decoder_here_is_the_tuning_s_or_a_later_one() -> None:
    assert jpeg.decodes_as_tuned() == (probe_sha256() == jpeg.KNOWN_SHA256)
    assert jpeg.decodes_as_tuned() or rasterio.__version__ != "1.4.4"
