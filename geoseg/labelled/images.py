"""Scenes of separate images with COCO annotations, masks or YOLO's texts; they need no place on the ground."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from geoseg.addresses.secrets import bare_name
from geoseg.errors import DatasetError, UsageError
from geoseg.labelled.drawn import ImageLabels
from geoseg.labelled.order import in_order, split_in_order
from geoseg.labelled.pixels import (
    COLOURS,
    TURNED_ASIDE,
    missing,
    opened,
    orientation_of,
    upright,
)
from geoseg.labelled.request import LEAST_KNOWN_PX, SMALLEST_CHIP_PX, Chip, PackOptions, Pair, Tick
from geoseg.labelled.strips import Region, divide
from geoseg.raster.bands import BandChoice, choose_bands
from geoseg.raster.blank_search import given_fills, isolated_fills
from geoseg.raster.source import inspect
from geoseg.raster.spectrum import band_signs
from geoseg.raster.stretch import Stretch, percentile_stretch
from geoseg.scenes.scene import Scene
from geoseg.types import FILL_GREY, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geoseg.raster.blank import Fill

_SAMPLE_PX = 128
_GSD_SLACK = 0.1
"""A pixel size that the user gives may be rounded this much."""


@dataclass(frozen=True, slots=True)
class Header:
    """What an image says about itself."""

    path: Path
    """The file."""
    shape: tuple[int, int]
    """Height and width, pixels."""
    count: int
    """Bands without the alpha band."""
    dtype: str
    """Data type of the first band."""
    bands: BandChoice
    """Which bands are read."""
    located: bool
    """Whether it has a CRS and so a place."""
    orientation: int = 1
    """How it is to be turned once it is read, by EXIF; ``shape`` is that of the turned image."""


@dataclass(frozen=True, slots=True)
class _Pixels:
    """How numbers become pixels, the same for all images."""

    stretch: Stretch | None
    """To eight bits; None: as they are."""
    fills: tuple[Fill, ...]
    """Numbers that are no image."""


def read_header(path: Path, wanted_bands: Sequence[int] | None = None) -> Header:
    """Size, bands and whether it has a place; no pixel is read."""
    with opened(path) as dataset:
        bands = choose_bands(path.name, dataset.colorinterp, wanted_bands, band_signs(dataset))
        count = dataset.count - (bands.alpha is not None)
        located = dataset.crs is not None or dataset.gcps[1] is not None
        turn = 1 if located else orientation_of(dataset, path)
        return Header(path, dataset.shape, count, dataset.dtypes[0], bands, located, turn)


def _turned(header: Header, labelled: tuple[int, int] | None, found: Counter[str]) -> Header:
    """The header of the image that the labels were drawn on, upright or as it is stored.

    Raises:
        DatasetError: Both have the size of the labels.
    """
    if header.orientation == 1:
        return header
    height, width = header.shape
    shape = (width, height) if header.orientation in TURNED_ASIDE else header.shape
    if labelled == header.shape == shape:
        raise DatasetError(
            f"{header.path.name} is to be turned (EXIF orientation {header.orientation}), and its size "
            "does not tell whether it was labelled upright or lying; save it upright, for instance "
            "with 'mogrify -auto-orient', and see that the labels fit"
        )
    if labelled == header.shape:
        return replace(header, orientation=1)
    found["images_turned"] += 1
    return replace(header, shape=shape)


def image_chips(
    pair: Pair,
    place: str,
    labels: ImageLabels,
    options: PackOptions,
    tick: Tick,
    found: Counter[str],
) -> Iterator[Chip]:
    """Every chip with a known pixel, one image after the other.

    Args:
        pair: Images with their labels.
        place: Its name.
        labels: The labels of each image.
        options: How to pack.
        tick: Told how many images are done, and of how many.
        found: Counts of what was found in the labels; added to.
    """
    chosen = labels.choose(in_order(pair.images), found)
    if not chosen:
        raise DatasetError(f"{pair.name} has labels for none of the images that were given")
    headers = [
        _turned(read_header(path, options.bands), labels.size_of(path), found) for path in chosen
    ]
    _alike(headers)
    samples = [] if headers[0].dtype == "uint8" else [_sample(header) for header in headers]
    fills = _fills(headers, samples, options)
    stretch = _stretch(headers, samples, fills, options)
    areas = [header.shape[0] * header.shape[1] for header in headers]
    splits = split_in_order(chosen, areas, options.val_share)
    for done, (header, split) in enumerate(zip(headers, splits, strict=True), start=1):
        side = split if pair.split == "blocks" else pair.split
        scene, twice = _scene(header, pair, place, labels, _Pixels(stretch, fills), found)
        if min(header.shape) < SMALLEST_CHIP_PX:
            found["images_small"] += 1
        alone = len(headers) == 1 and pair.split == "blocks"
        regions = _divided(scene, options) if alone else [Region(_whole(scene), side)]
        for region in regions:
            yield from _cut(scene, twice, region, options.chip_px, found)
        tick(done, len(headers))


def _scene(
    header: Header,
    pair: Pair,
    place: str,
    labels: ImageLabels,
    pixels: _Pixels,
    found: Counter[str],
) -> tuple[Scene, NDArray[np.bool_]]:
    """The whole image as one scene, and where labels overlap."""
    gsd_m = _gsd_m(header, pair.gsd_m)
    image, valid = _read(header, pixels)
    marked = labels.of(header.path, header.shape, gsd_m, found)
    nodata = ~valid | missing(image, marked.numbers)
    found["nodata_px"] += int(nodata.sum())
    scene = Scene(
        f"{place}_{Path(bare_name(header.path)).stem}",
        place,
        "train",
        gsd_m,
        image,
        marked.numbers,
        nodata | marked.unknown,
        blobs=labels.blobs,
        licence=pair.licence,
    )
    return scene, marked.twice


def _gsd_m(header: Header, asked_m: float | None) -> float:
    """The image's own pixel size, where it has a place; such images are not resampled."""
    if not header.located:
        if asked_m is None:
            raise UsageError(
                f"{header.path.name} has no place on the ground, so its pixel size is unknown; "
                "give it in metres with --gsd"
            )
        return asked_m
    own_m = inspect(str(header.path)).pixel.gsd_m
    if asked_m is not None and abs(asked_m / own_m - 1) > _GSD_SLACK:
        raise UsageError(
            f"{header.path.name} has pixels of {own_m:.3g} m, not of {asked_m:g} m as --gsd says, "
            "and images with masks are not resampled; leave --gsd out, or warp images and masks"
        )
    return own_m


def _read(header: Header, how: _Pixels) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """(height, width, 3) with FILL_GREY where invalid, and (height, width) True where valid."""
    with opened(header.path) as dataset:
        pixels: NDArray[Any] = dataset.read(list(header.bands.rgb))
        valid = dataset.dataset_mask() > 0
    valid = valid & np.isfinite(pixels).all(axis=0) & ~_held(pixels, how.fills)
    image = np.moveaxis(pixels if how.stretch is None else how.stretch.apply(pixels), 0, 2)
    image = np.ascontiguousarray(image, np.uint8)
    image[~valid] = FILL_GREY
    return upright(image, header.orientation), upright(valid, header.orientation)


def _held(pixels: NDArray[Any], fills: Sequence[Fill]) -> NDArray[np.bool_]:
    """(height, width), True where (bands, height, width) hold exactly a fill's numbers."""
    held = np.zeros(pixels.shape[1:], np.bool_)
    for fill in fills:
        held |= fill.within(pixels, 0.0)
    return held


def _alike(headers: Sequence[Header]) -> None:
    """Refuse images that cannot be read alike."""
    for what, values in (
        ("bands", {header.count: header.path.name for header in headers}),
        ("data type", {header.dtype: header.path.name for header in headers}),
    ):
        if len(values) > 1:
            listed = ", ".join(f"{name} has {value}" for value, name in values.items())
            raise DatasetError(
                f"the images of one data set need the same {what}, but {listed}; convert them, "
                "for instance with gdal_translate"
            )


def _fills(
    headers: Sequence[Header], samples: Sequence[NDArray[Any]], options: PackOptions
) -> tuple[Fill, ...]:
    """What the user says is no image, and what lies far from all other numbers.

    Eight bits have no number far from all others; their large areas are told from roofs by labels.
    """
    given = given_fills(headers[0].path.name, headers[0].dtype, COLOURS, options.nodata)
    if options.keep_blank or not samples:
        return given
    return given + isolated_fills(np.concatenate(samples, axis=1))


def _stretch(
    headers: Sequence[Header],
    samples: Sequence[NDArray[Any]],
    fills: Sequence[Fill],
    options: PackOptions,
) -> Stretch | None:
    """One for all images, so that the same number is the same grey everywhere."""
    if options.stretch is not None:
        return Stretch(*options.stretch)
    if headers[0].dtype == "uint8":
        return None
    numbers = np.concatenate(samples, axis=1)
    return percentile_stretch(numbers[:, ~_held(numbers[:, None], fills)[0]])


def _sample(header: Header) -> NDArray[Any]:
    """(bands, n) valid pixels from all over the image."""
    height, width = (min(side, _SAMPLE_PX) for side in header.shape)
    with opened(header.path) as dataset:
        drawn: NDArray[Any] = dataset.read(list(header.bands.rgb), out_shape=(3, height, width))
        valid = dataset.dataset_mask(out_shape=(height, width)) > 0
    return drawn[:, valid & np.isfinite(drawn).all(axis=0)]


def _whole(scene: Scene) -> Window:
    return Window(0, 0, *scene.labels.shape)


def _divided(scene: Scene, options: PackOptions) -> list[Region]:
    """A single image is divided like the ground of a mosaic."""
    numbers = np.arange(1, int(scene.labels.max()) + 1)
    middles = ndimage.center_of_mass(scene.labels > 0, scene.labels, numbers)
    centres = np.array(middles, float).reshape(-1, 2)[:, ::-1]
    margin_px = -int(-options.margin_m // scene.gsd_m)
    return divide(_whole(scene), centres, share=options.val_share, margin_px=margin_px)


def _cut(
    scene: Scene, twice: NDArray[np.bool_], region: Region, chip_px: int, found: Counter[str]
) -> Iterator[Chip]:
    """The scene's chips in a region; those with hardly a known pixel are left out."""
    windows = region.chips(chip_px)
    whole = len(windows) == 1 and region.window == _whole(scene)
    for window in windows:
        rows, cols = window.slices_in(_whole(scene))
        if np.count_nonzero(~scene.ignore[rows, cols]) < LEAST_KNOWN_PX:
            found["chips_unknown"] += 1
            continue
        name = scene.name if whole else f"{scene.name}_{window.row_off:06d}_{window.col_off:06d}"
        piece = replace(scene.part(rows, cols), name=name, split=region.split)
        yield Chip(piece, float(twice[rows, cols].sum()) * scene.gsd_m**2)
