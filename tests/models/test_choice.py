"""Which built-in model is asked where the choice is left to the imagery's pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from conftest import RasterMaker
from safetensors.numpy import save_file

from geoseg.errors import UnreadableRasterError
from geoseg.models import catalogue, loading
from geoseg.models.choice import ModelChoice, fitting
from geoseg.models.pixels import for_scenes, is_open
from geoseg.models.weights import Metadata
from geoseg.scenes.scene import Asked, Scene, Split, files_of_split, save_scene


@pytest.fixture
def built_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two models: for pixels up to 0.28 m, and for others."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for name, range_m in (("default", (0.28, 0.4)), ("fine", (0.2, 0.28))):
        record = Metadata(name=name, halo_px=224, gsd_m=range_m).model_dump_json()
        path = folder / f"{name}.safetensors"
        save_file({"weight": np.zeros(1, np.float32)}, path, metadata={"geoseg": record})
    for module in (loading, catalogue):
        monkeypatch.setattr(module, "DEFAULT_WEIGHTS", folder / "default.safetensors")
    return folder


@pytest.mark.parametrize(
    ("pixel_m", "use"),
    [(0.05, "fine"), (0.27, "fine"), (0.29, "default"), (0.4, "default"), (2.0, "default")],
)
@pytest.mark.usefixtures("built_in")
def test_the_pixels_of_the_first_raster_decide(
    pixel_m: float, use: str, make_raster: RasterMaker
) -> None:
    pixels = np.full((3, 64, 64), 100, np.uint8)
    raster = make_raster("a.tif", pixels, transform=_metres(pixel_m))
    other = make_raster("b.tif", pixels, transform=_metres(1.0))
    assert fitting("auto", [str(raster), str(other)]) == use


@pytest.mark.usefixtures("built_in")
def test_the_middle_pixel_size_of_packed_scenes_decides(tmp_path: Path) -> None:
    ground, photo = np.zeros((8, 8), np.uint16), np.zeros((8, 8, 3), np.uint8)
    for number, gsd_m in enumerate([0.53, 0.1, 0.3, 0.12]):
        split: Split = "val" if number else "train"
        scene = Scene(f"s{number}", "here", split, gsd_m, photo, ground, ground > 0)
        save_scene(scene, tmp_path)

    def asked(split: Asked) -> str:
        return for_scenes("auto", files_of_split(tmp_path, split))

    assert asked("all") == "fine"  # 0.1, 0.12, 0.3, 0.53
    assert asked("val") == "fine"  # 0.1, 0.12, 0.3
    assert asked("train") == "default"
    assert for_scenes("mine.onnx", [tmp_path / "none.npz"]) == "mine.onnx"


def _metres(side_m: float) -> Affine:
    # On the zone's middle meridian pixels are larger on the ground than they say, by 0.04 %.
    return Affine(side_m * 0.9996, 0, 500_000, 0, -side_m * 0.9996, 5_000_000)


@pytest.mark.usefixtures("built_in")
def test_what_was_asked_for_counts_before_the_pixels_that_are_there(
    make_raster: RasterMaker,
) -> None:
    raster = make_raster("a.tif", np.full((3, 64, 64), 100, np.uint8), transform=_metres(0.1))
    assert fitting("auto", [str(raster)], 0.35) == "default"
    assert fitting("default", [str(raster)]) == "default"
    assert fitting("mine.onnx", [str(raster)]) == "mine.onnx"


@pytest.mark.usefixtures("built_in")
def test_imagery_without_pixels_of_its_own_is_for_the_default() -> None:
    assert fitting("auto", ["https://tiles.example/{z}/{x}/{y}.png"]) == "default"
    assert fitting("auto", [], 0.2) == "fine"
    assert fitting("auto", []) == "default"


@pytest.mark.usefixtures("built_in")
def test_a_raster_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRasterError, match="nowhere"):
        fitting("auto", [str(tmp_path / "nowhere.tif")])


@pytest.mark.usefixtures("built_in")
def test_a_choice_that_is_open_is_settled_raster_by_raster(make_raster: RasterMaker) -> None:
    open_choice = ModelChoice("auto", "cpu", "auto", "auto", tta=None, exact=False)
    assert is_open(open_choice.model)
    pixels = np.full((3, 64, 64), 100, np.uint8)
    fine = str(make_raster("fine.tif", pixels, transform=_metres(0.1)))
    coarse = str(make_raster("coarse.tif", pixels, transform=_metres(0.5)))
    assert open_choice.over([fine], None, None).model == "fine"
    assert open_choice.over([coarse], None, None).model == "default"
    assert open_choice.over([coarse], 0.25, None).model == "fine"
