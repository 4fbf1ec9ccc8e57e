"""Masks as people have them: read rightly, or counted, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import invoke
from labelled_town import coco, houses, photo, save
from numpy.typing import NDArray
from rasterio.features import rasterize

import geoseg
from geoseg.errors import DatasetError, UnreadableRasterError, UsageError
from geoseg.labelled.codes import parse_value, read_codes
from geoseg.labelled.pack import Packed
from geoseg.scenes.scene import Scene, load_scenes

SIDE = 280
HOUSES = houses(SIDE, SIDE)
ROOFS: NDArray[np.uint8] = rasterize(HOUSES, out_shape=(SIDE, SIDE)).astype(np.uint8)
Packer = Callable[..., tuple[Packed, list[Scene]]]


@pytest.fixture
def pack(tmp_path: Path) -> Packer:
    """Packs masks, one per photo of the same town."""

    def pack(*masks: NDArray[Any], suffix: str = ".png", saved: Any = (), **options: Any) -> Any:
        for number, mask in enumerate(masks, start=1):
            save(tmp_path / f"images/t_{number}.png", photo(HOUSES, SIDE, SIDE))
            save(tmp_path / f"masks/t_{number}{suffix}", mask, **dict(saved))
        packed = geoseg.pack_dataset(
            tmp_path / "images", tmp_path / "masks", tmp_path / "c", gsd_m=0.3, place="t", **options
        )
        return packed, load_scenes(tmp_path / "c", "train") + load_scenes(tmp_path / "c", "val")

    return pack


def is_the_town(scene: Scene) -> bool:
    return bool(((scene.labels > 0) == (ROOFS > 0))[~scene.ignore].all())


COLOURED = np.stack([ROOFS * 255, ROOFS * 0, ROOFS * 0])
ON_WHITE = np.stack([np.full_like(ROOFS, 255), 255 - ROOFS * 255, 255 - ROOFS * 255])
GREY = np.stack([ROOFS * 255] * 3)
NUMBERS = rasterize([(shape, number) for number, shape in enumerate(HOUSES, 300)],
                    out_shape=(SIDE, SIDE), dtype="uint16")  # fmt: skip


@pytest.mark.parametrize(
    ("mask", "blobs", "options"),
    [
        (ROOFS, True, {}),
        (ROOFS * 255, True, {}),
        (GREY, True, {}),
        (COLOURED, True, {}),
        (NUMBERS, False, {}),
        (NUMBERS, True, {"mask_kind": "binary"}),
        (ON_WHITE, True, {"mask_building": ["#ff0000"]}),
        (1 - ROOFS, True, {"mask_building": [0]}),
        (ROOFS + 1, True, {"mask_building": [2]}),
    ],
)
def test_what_masks_mean(pack: Packer, mask: Any, blobs: bool, options: dict[str, Any]) -> None:
    packed, scenes = pack(mask, mask, **options)
    assert all(is_the_town(scene) and scene.blobs is blobs for scene in scenes)
    assert {scene.labels.max() for scene in scenes} == {len(HOUSES)}
    assert not any(
        name.startswith("mask") and count for name, count in packed.findings["t"].items()
    )


def test_255_beside_0_and_1_is_unknown(pack: Packer) -> None:
    mask = ROOFS.copy()
    mask[:50] = 255
    packed, scenes = pack(mask, ROOFS)
    assert all(is_the_town(scene) and scene.blobs for scene in scenes)
    unknown = {scene.name: int(scene.ignore.sum()) for scene in scenes}
    assert unknown == {"t_t_1": 50 * SIDE, "t_t_2": 0}
    assert packed.findings["t"]["mask_unknown_px"] == 50 * SIDE


def test_255_may_be_either_where_no_mask_holds_both(pack: Packer) -> None:
    with pytest.raises(DatasetError, match=r"--mask-building 1,255 or --mask-unknown 255"):
        pack(ROOFS, ROOFS * 255)
    _, scenes = pack(ROOFS, ROOFS * 255, mask_building=[1, 255])
    assert all(map(is_the_town, scenes))
    _, scenes = pack(ROOFS, ROOFS * 255, mask_unknown=[255], overwrite=True)
    assert sorted(int(scene.labels.max()) for scene in scenes) == [0, len(HOUSES)]


def test_inverted_masks_are_found(pack: Packer) -> None:
    with pytest.raises(DatasetError, match="2 of 2 masks of masks look inverted"):
        pack(1 - ROOFS, 255 - 255 * ROOFS)
    packed, _ = pack(ROOFS, ROOFS, 1 - ROOFS)
    assert packed.findings["t"]["masks_inverted"] == 1


def test_a_dense_town_does_not_look_inverted(pack: Packer) -> None:
    dense = np.ones((SIDE, SIDE), np.uint8)
    dense[::70] = dense[:, ::70] = 0  # streets
    dense[1::70] = dense[:, 1::70] = 0
    for row in range(20, SIDE, 70):  # courtyards, fewer than three per block
        for col in range(20, SIDE, 70):
            dense[row : row + 8, col : col + 8] = 0
            dense[row : row + 8, col + 20 : col + 28] = 0
    packed, _ = pack(dense, dense)
    assert not packed.findings["t"]["masks_inverted"]


def test_noise_between_black_and_white(pack: Packer) -> None:
    rng = np.random.default_rng(1)
    noisy = np.clip(ROOFS * 255.0 + rng.normal(0, 6, ROOFS.shape), 0, 255).astype(np.uint8)
    packed, scenes = pack(noisy, noisy)
    assert all(is_the_town(scene) and scene.blobs for scene in scenes)
    assert packed.findings["t"]["masks_noisy"] == 2
    many = rasterize(
        [(shape, n % 255 + 1) for n, shape in enumerate(HOUSES)], out_shape=(SIDE, SIDE)
    )
    assert not read_codes(save(Path(packed.folder) / "many.png", many.astype(np.uint8))).noisy


def test_jpeg_masks_are_black_and_white(pack: Packer) -> None:
    _, scenes = pack(GREY, GREY, suffix=".jpg")
    assert all(
        np.mean((scene.labels > 0) != (ROOFS > 0)) < 0.01 and scene.blobs for scene in scenes
    )
    with pytest.raises(DatasetError, match="JPEG does not keep"):
        pack(COLOURED, COLOURED, suffix=".jpg", overwrite=True)


@pytest.mark.parametrize(
    ("palette", "numbers"),
    [
        ({0: (255, 255, 255), 1: (0, 0, 0)}, 1 - ROOFS),  # black is number 1: the ground
        ({0: (0, 0, 0), 1: (128, 0, 0), 255: (224, 224, 192)}, ROOFS),
        ({0: (255, 255, 255), 1: (128, 0, 0)}, ROOFS),  # no black at all: number 0 is the ground
    ],
)
def test_palettes(pack: Packer, palette: dict[int, Any], numbers: Any) -> None:
    _, scenes = pack(numbers, numbers, saved={"palette": palette})
    assert all(is_the_town(scene) and scene.blobs for scene in scenes)


def test_nodata_of_a_mask_is_unknown(pack: Packer) -> None:
    mask = ROOFS.copy()
    mask[:50] = 9
    packed, scenes = pack(mask, suffix=".tif", saved={"nodata": 9}, val_share=0)
    assert (is_the_town(scenes[0]), int(scenes[0].ignore.sum())) == (True, 50 * SIDE)
    assert packed.findings["t"]["mask_unknown_px"] == 50 * SIDE


def test_empty_and_full_masks_are_counted(pack: Packer) -> None:
    packed, _ = pack(ROOFS, ROOFS * 0, ROOFS * 0 + 1)
    found = packed.findings["t"]
    assert (found["masks_empty"], found["masks_full"], found["masks_inverted"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("mask", "options", "error", "message"),
    [
        (ROOFS + 1, {}, DatasetError, "holds background, 0 or black: they hold 1, 2; name"),
        (ON_WHITE, {}, DatasetError, "they hold #ff0000, #ffffff"),
        (ROOFS, {"mask_building": [7]}, UsageError, "--mask-building 7: no mask of masks holds it; they hold 0, 1"),
        (ROOFS, {"mask_unknown": [7]}, UsageError, "--mask-unknown 7"),
        (ROOFS, {"mask_building": ["red"]}, UsageError, "'red' is no value of a mask"),
        (ROOFS, {"mask_building": [1], "mask_unknown": [1]}, UsageError, "both building and unknown"),
        (ROOFS, {"mask_building": [1], "mask_kind": "instances"}, UsageError, "leave one of the two"),
        (ROOFS.astype(np.complex64), {}, DatasetError, "complex numbers"),
    ],
)  # fmt: skip
def test_masks_that_do_not_say_what_is_building(
    pack: Packer, mask: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    suffix = ".tif" if mask.dtype.kind == "c" else ".png"
    with pytest.raises(error, match=message):
        pack(mask, suffix=suffix, **options)


def test_values_on_the_command_line(tmp_path: Path) -> None:
    assert (parse_value("7"), parse_value("#0100fF")) == (7, 0x0100FF)
    image = save(tmp_path / "a.png", photo(HOUSES, SIDE, SIDE))
    mask = save(tmp_path / "m.png", ROOFS + 1)
    run = ("dataset", image, mask, "-o", tmp_path / "c", "--gsd", "0.3", "--json")
    assert invoke(*run, "--mask-building", "2", "--mask-unknown", "1").exception is not None
    assert invoke(*run, "--mask-building", "2").exit_code == 0


# Names


def test_masks_are_found_by_name_and_folder(tmp_path: Path) -> None:
    for folder, turn in (("west", 0), ("east", 1)):
        save(tmp_path / f"images/{folder}/1.png", np.rot90(photo(HOUSES, SIDE, SIDE), turn, (1, 2)))
        save(tmp_path / f"masks/{folder}/1.png", np.rot90(ROOFS, turn))
    images = [tmp_path / "images/west", tmp_path / "images/east"]
    for image, mask in zip(images, ("west", "east"), strict=True):
        geoseg.pack_dataset(image, tmp_path / "masks" / mask, tmp_path / f"c_{mask}", gsd_m=0.3)
    with pytest.raises(DatasetError, match="without a mask"):  # both of them have one name
        geoseg.pack_dataset(images, tmp_path / "masks/west", tmp_path / "c", gsd_m=0.3)
    with pytest.raises(UsageError, match=r"holds folders \(east, west\) and no labels"):
        geoseg.pack_dataset(images, tmp_path / "masks", tmp_path / "c", gsd_m=0.3)


def test_names_with_words_for_the_kind(tmp_path: Path) -> None:
    for number in (1, 2):
        save(tmp_path / f"images/{number}_sat.png", photo(HOUSES, SIDE, SIDE))
        save(tmp_path / f"masks/{number}_mask.png", ROOFS)
    save(tmp_path / "masks/9.png", ROOFS)
    packed = geoseg.pack_dataset(tmp_path / "images", tmp_path / "masks", tmp_path / "c", gsd_m=0.3)
    (found,) = packed.findings.values()
    assert (found["masks_renamed"], found["masks_unused"]) == (2, 1)


def test_two_images_or_two_masks_of_one_name(tmp_path: Path) -> None:
    def run() -> None:
        geoseg.pack_dataset(tmp_path / "images", tmp_path / "masks", tmp_path / "c", gsd_m=0.3)

    save(tmp_path / "images/a.png", photo(HOUSES, SIDE, SIDE))
    save(tmp_path / "masks/a.tif", ROOFS)
    save(tmp_path / "masks/a.jpg", GREY)
    with pytest.raises(DatasetError, match=r"a\.png may have the masks .*a\.jpg and .*a\.tif"):
        run()
    (tmp_path / "masks/a.jpg").unlink()
    save(tmp_path / "images/a.jpg", photo(HOUSES, SIDE, SIDE))
    with pytest.raises(DatasetError, match=r"2 images have one mask, a\.tif"):
        run()


# Images


def turned(path: Path, orientation: int, pixels: NDArray[Any]) -> Path:
    """A JPEG whose camera lay on its side."""
    image = pytest.importorskip("PIL.Image").fromarray(np.moveaxis(pixels, 0, 2))
    exif = image.getexif()
    exif[274] = orientation
    path.parent.mkdir(exist_ok=True)
    image.save(path, exif=exif.tobytes(), quality=95)
    return path


def test_photos_are_turned_as_they_were_labelled(tmp_path: Path) -> None:
    shapes = houses(280, 330)
    upright = photo(shapes, 280, 330)
    roofs = rasterize(shapes, out_shape=(280, 330)).astype(np.uint8)
    lying = np.rot90(upright, 1, (1, 2))  # 6: to be turned clockwise to be seen upright
    image = turned(tmp_path / "images/a.jpg", 6, lying)
    save(tmp_path / "upright.png", roofs)
    save(tmp_path / "lying.png", np.ascontiguousarray(np.rot90(roofs, 1)))
    for mask, shape, count in (("upright.png", (280, 330), 1), ("lying.png", (330, 280), 0)):
        packed = geoseg.pack_dataset(
            image, tmp_path / mask, tmp_path / mask[:3], gsd_m=0.3, val_share=0
        )
        (scene,) = load_scenes(tmp_path / mask[:3], "train")
        assert scene.labels.shape == shape
        assert ((scene.image.mean(axis=2) > 135) == (scene.labels > 0)).mean() > 0.98
        assert packed.findings["a"]["images_turned"] == count
    half = turned(tmp_path / "images/b.jpg", 3, upright)
    with pytest.raises(DatasetError, match="EXIF orientation 3"):
        geoseg.pack_dataset(half, tmp_path / "upright.png", tmp_path / "c", gsd_m=0.3)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_other_formats_are_turned_too(tmp_path: Path, suffix: str) -> None:
    shapes = houses(280, 330)
    lying = np.rot90(photo(shapes, 280, 330), 1, (1, 2))
    image = pytest.importorskip("PIL.Image").fromarray(np.moveaxis(lying, 0, 2))
    exif = image.getexif()
    exif[274] = 6
    path = tmp_path / f"a{suffix}"
    image.save(
        path,
        exif=exif if suffix != ".tif" else None,
        tiffinfo={274: 6} if suffix == ".tif" else None,
    )
    save(tmp_path / "upright.png", rasterize(shapes, out_shape=(280, 330)).astype(np.uint8))
    geoseg.pack_dataset(path, tmp_path / "upright.png", tmp_path / "c", gsd_m=0.3, val_share=0)
    (scene,) = load_scenes(tmp_path / "c", "train")
    assert scene.labels.shape == (280, 330)
    assert ((scene.image.mean(axis=2) > 135) == (scene.labels > 0)).mean() > 0.97


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_truncated_images_are_refused(tmp_path: Path, suffix: str) -> None:
    image = save(tmp_path / f"images/a{suffix}", photo(HOUSES, SIDE, SIDE))
    labels = coco(tmp_path / "l.json", {image.name: HOUSES}, SIDE)
    whole = image.read_bytes()
    image.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableRasterError, match=rf"a\{suffix}"):
        geoseg.pack_dataset(image.parent, labels, tmp_path / "c", gsd_m=0.3)
    assert not (tmp_path / "c").exists()
