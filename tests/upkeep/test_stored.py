"""What stored maps say of the ground: the same as the model that made them, without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from commands import exit_code, invoke
from conftest import UTM, transform_at
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.features import rasterize

import geoseg
from geoseg.errors import GeosegError, MapsError, UnsupportedRasterError, UsageError
from geoseg.settings import PredictSettings
from geoseg.upkeep.looking import RasterMaps
from geoseg.upkeep.stored import stored_maps

SIDE = 210
TILES: dict[str, Any] = {"tile_px": 96, "gsd_m": 0.3}


class Bright:
    """Takes the red of each pixel for the probability of a building."""

    version = "1"
    gsd_m = None
    stride_px = 16
    halo_px = 16
    heads = ("body", "contact")

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return images[:, :2].astype(np.float32) / np.float32(255)


def cells() -> NDArray[np.object_]:
    """Squares of 6 m, 9 m apart."""
    at = transform_at()
    rows, cols = np.divmod(np.arange(36), 6)
    x, y = at.c + 2 + cols * 9.5, at.f - 8 - rows * 9.5
    return np.asarray(shapely.box(x, y, x + 6, y + 6), dtype=object)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dark ground, some old buildings still bright, a corner without image."""
    path = tmp_path_factory.mktemp("photo") / "photo.tif"
    rng = np.random.default_rng(5)
    pixels = np.ones((3, SIDE, SIDE), dtype=np.uint8)
    pixels[0] = rng.random((SIDE, SIDE)) < 0.02
    standing = rasterize(cells()[:20], (SIDE, SIDE), transform=transform_at()) > 0
    pixels[:, standing] = rng.integers(60, 250, (3, int(standing.sum())), dtype=np.uint8)
    pixels[:, 160:, 160:] = 0
    with rasterio.open(
        path, "w", driver="GTiff", dtype="uint8", count=3, height=SIDE, width=SIDE, crs=UTM,
        transform=transform_at(), nodata=0, photometric="rgb",
    ) as target:  # fmt: skip
        target.write(pixels)
    return path


@pytest.fixture(scope="module")
def stored(photo: Path) -> Path:
    """All maps, in three parts."""
    folder = photo.parent / "run"
    for index in range(3):
        geoseg.maps(photo, folder, part=(index, 3), model=Bright(), **TILES)
    return folder


@pytest.fixture(scope="module")
def probability(stored: Path) -> Path:
    """The raster that is made of them."""
    path = stored.parent / "probability.tif"
    geoseg.maps(stored, path)
    return path


def layers() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """An old layer, and a new one that found 16 of its 36."""
    old = gpd.GeoDataFrame({"id": np.arange(36)}, geometry=cells(), crs=UTM)
    new = gpd.GeoDataFrame(
        {"building_id": np.arange(16), "confidence": 0.99},
        geometry=shapely.buffer(cells()[:16], 0.6, join_style="mitre"),
        crs=UTM,
    )
    return old, new


def test_the_means_are_those_of_the_model(photo: Path, stored: Path, probability: Path) -> None:
    outlines = np.array(
        [*cells(), shapely.box(0, 0, 1, 1), shapely.Polygon()], dtype=object
    )  # the last two are nowhere
    utm = CRS.from_user_input(UTM)
    said = RasterMaps.of([str(photo)], Bright(), PredictSettings.of(**TILES)).under(outlines, utm)
    assert np.isfinite(said).sum() == 35
    assert np.array_equal(stored_maps(stored).under(outlines, utm), said, equal_nan=True)
    # 255 levels as 254: rounded by half a level at most
    rounded = stored_maps(probability).under(outlines, utm)
    assert np.allclose(rounded, said, atol=0.5 / 254, equal_nan=True)
    assert np.abs(rounded - said)[:35].max() > 0


def test_an_update_is_the_same_with_the_raster_and_with_its_maps(
    photo: Path, stored: Path, probability: Path
) -> None:
    old, new = layers()
    looked = RasterMaps.of([str(photo)], Bright(), PredictSettings.of(**TILES))
    done = [geoseg.update(old, new, maps=maps) for maps in (looked, stored, str(probability))]
    assert set(done[0].rows["decision"]) == {"kept", "gone", "unseen"}
    assert done[0].rows.equals(done[1].rows)
    assert done[0].notes == done[1].notes
    assert list(done[0].rows["decision"]) == list(done[2].rows["decision"])
    assert any("1 of 20 old buildings that were not found" in note for note in done[1].notes)


def test_the_command_takes_stored_maps(stored: Path, tmp_path: Path) -> None:
    for frame, name in zip(layers(), ("old", "new"), strict=True):
        frame.to_file(tmp_path / f"{name}.gpkg")
    out = tmp_path / "out.gpkg"
    given = ["update", tmp_path / "old.gpkg", tmp_path / "new.gpkg", "-o", out]
    assert exit_code(*given, "--maps", stored) == 0
    rows = gpd.read_file(out, layer="buildings")
    assert rows["ev_prob"].notna().sum() == 19
    refused = invoke(*given, "--maps", stored, "--raster", "photo.tif", "--overwrite").exception
    assert "--raster (raster) and --maps (maps) exclude each other" in str(refused)


def test_maps_that_lack_what_is_needed_or_lie_elsewhere_are_refused(
    photo: Path, stored: Path, tmp_path: Path
) -> None:
    old, new = layers()
    geoseg.maps(photo, tmp_path / "part", part=(0, 3), model=Bright(), **TILES)
    away = shapely.transform(cells(), lambda xy: xy + np.array([90_000, 0]))
    gone = gpd.GeoDataFrame({"id": np.arange(36)}, geometry=away, crs=UTM)
    there = gpd.GeoDataFrame(geometry=away[:16], crs=UTM)
    (tmp_path / "empty").mkdir()
    for kind, words, refused in (
        (MapsError, "parts 1/3, 2/3 are missing", lambda: (old, new, tmp_path / "part")),
        (MapsError, "holds no stored maps", lambda: (old, new, tmp_path / "empty")),
        (UsageError, "neither a folder of maps", lambda: (old, new, tmp_path / "nothing")),
        (UnsupportedRasterError, "no raster of probabilities", lambda: (old, new, photo)),
        (UsageError, "no old building lies on the imagery", lambda: (gone, there, stored)),
    ):
        before, after, maps = refused()
        with pytest.raises(kind, match=words) as caught:
            geoseg.update(before, after, maps=maps)
        assert isinstance(caught.value, GeosegError)
        assert "\n" not in str(caught.value)


def test_probabilities_are_no_photo(probability: Path) -> None:
    old, new = layers()
    with pytest.raises(UsageError, match="holds probabilities by geoseg maps and is no photo"):
        geoseg.update(old, new, raster=probability)
    with pytest.raises(UsageError, match="holds probabilities by geoseg maps and is no photo"):
        geoseg.compare(old, new, likely=True, new_raster=probability)


@pytest.mark.parametrize("verb", [geoseg.predict, geoseg.maps, geoseg.info])
def test_no_verb_takes_probabilities_for_a_photo(
    probability: Path, tmp_path: Path, verb: Callable[..., object]
) -> None:
    written = [] if verb is geoseg.info else [tmp_path / "x.gpkg"]
    with pytest.raises(UsageError, match=r"is no photo; name the photo .*--maps") as caught:
        verb(probability, *written, model=Bright())
    assert "\n" not in str(caught.value)
    assert not any(tmp_path.glob("*.gpkg"))


def test_what_no_model_needs_is_refused(stored: Path) -> None:
    old, new = layers()
    with pytest.raises(UsageError, match=r"leave out --model \(model\) and --tta"):
        geoseg.update(old, new, maps=stored, model="other.safetensors", tta=True)
    with pytest.raises(UsageError, match="no model looks at any imagery"):
        geoseg.update(old, new, precision="int8")
    with pytest.raises(UsageError, match="or is a folder of stored maps; int"):
        geoseg.update(old, new, maps=3)  # type: ignore[arg-type]
