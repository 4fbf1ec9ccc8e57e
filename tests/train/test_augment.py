"""Pasted buildings, colours and haze of training crops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoseg.train.augment import build_augmentation, seeded
from geoseg.train.config import AugmentConfig
from geoseg.train.crop import Crop
from geoseg.train.paste import paste_buildings

pytestmark = pytest.mark.thorough

NOTHING = AugmentConfig(tilt=0, light=0, tint=0, blur=0, noise=0, haze=0)


def make_crop(seed: int, *, colour: int = 200, blobs: bool = False) -> Crop:
    """Squares of one colour on a ground of 90; the left margin is unknown."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((64, 64), np.uint16)
    for number in range(1, 6):
        row, col = rng.integers(0, 54, 2)
        labels[row : row + 10, col : col + 8] = number
    image = np.where(labels[..., None] > 0, colour, 90) * np.ones(3)
    ignore = np.zeros((64, 64), np.uint8)
    ignore[:, :4] = 1
    return Crop(image.astype(np.uint8), labels, ignore, blobs)


@given(st.integers(0, 2**32 - 1))
def test_pasting_adds_whole_buildings_and_touches_no_other(seed: int) -> None:
    crop, donor = make_crop(seed), make_crop(seed + 1, colour=30)
    rng = np.random.default_rng(seed)
    pasted = paste_buildings(crop, donor, rng)
    before = crop.labels > 0
    np.testing.assert_array_equal(pasted.labels[before], crop.labels[before])
    np.testing.assert_array_equal(pasted.ignore, crop.ignore)
    added = (pasted.labels > 0) & ~before
    assert not (added & (crop.ignore > 0)).any()
    donor_sizes = set(np.bincount(donor.labels.ravel())[1:].tolist())
    numbers = np.unique(pasted.labels[added])
    assert all(int((pasted.labels == number).sum()) in donor_sizes for number in numbers)


def test_pasted_buildings_look_like_the_donor_and_cast_a_shadow() -> None:
    crop = Crop(
        np.full((64, 64, 3), 90, np.uint8),
        np.zeros((64, 64), np.uint16),
        np.zeros((64, 64), np.uint8),
        blobs=False,
    )
    donor_labels = np.zeros((64, 64), np.uint16)
    donor_labels[28:38, 26:36] = 3
    image = np.where(donor_labels[..., None] > 0, 200, 90).astype(np.uint8) * np.ones(3, np.uint8)
    donor = Crop(image, donor_labels, crop.ignore, blobs=False)
    pasted = paste_buildings(crop, donor, np.random.default_rng(0))
    roof = pasted.labels > 0
    assert roof.sum() == 100
    assert np.median(pasted.image[roof]) > 195
    assert 5 < (pasted.image[~roof].max(axis=1) < 75).sum() < 150
    assert crop.image.max() == 90  # the crop itself is left alone


def test_blobs_and_single_buildings_are_not_mixed() -> None:
    crop = make_crop(1)
    assert paste_buildings(crop, make_crop(2, blobs=True), np.random.default_rng(0)) is crop


def changed(config: AugmentConfig, seed: int) -> np.ndarray:
    crop = make_crop(0)
    transform = build_augmentation(config)
    image: np.ndarray = seeded(transform, seed, image=crop.image, masks=[crop.labels])["image"]
    return image


def test_haze_takes_contrast() -> None:
    for seed in range(5):
        hazed = changed(NOTHING.model_copy(update={"haze": 1.0}), seed).astype(int)
        assert 0.5 * 110 < hazed.max(axis=(0, 1))[1] - hazed.min(axis=(0, 1))[1] < 0.95 * 110
        np.testing.assert_array_equal(
            hazed, changed(NOTHING.model_copy(update={"haze": 1.0}), seed)
        )


def test_the_range_of_colours_is_configurable() -> None:
    def spread(colour_range: float) -> float:
        config = NOTHING.model_copy(update={"light": 1.0, "colour_range": colour_range})
        return float(np.std([changed(config, seed).mean() for seed in range(24)]))

    assert spread(1.0) > 1.5 * spread(0.3)


def test_buildings_that_the_border_cuts_are_not_pasted() -> None:
    crop, donor = (make_crop(0, colour=colour) for colour in (200, 30))
    crop.labels[:], crop.ignore[:], donor.labels[:] = 0, 0, 0
    donor.labels[:9, 20:30] = 1
    pasted = paste_buildings(crop, donor, np.random.default_rng(0))
    assert not pasted.labels.any()
