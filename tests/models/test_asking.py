"""The one place that rounds what a model answers."""

import numpy as np
import pytest

from geoseg.models.asking import core_maps, quantize
from geoseg.types import Window


def test_levels_are_the_nearest() -> None:
    levels = np.arange(255)
    for share, above in ((0.25, 0), (0.49, 0), (0.51, 1), (0.75, 1)):
        probabilities = ((levels + share) / 255).astype(np.float32)
        assert (quantize(probabilities) == levels + above).all(), share


def test_every_level_comes_back() -> None:
    levels = np.arange(256).astype(np.uint8)
    assert (quantize(levels.astype(np.float32) / np.float32(255)) == levels).all()


def test_what_lies_halfway_goes_to_the_even_level() -> None:
    halfway = np.array([0.5, 1.5, 126.5, 127.5], np.float32) / np.float32(255)
    exactly = halfway * np.float32(255) == np.array([0.5, 1.5, 126.5, 127.5], np.float32)
    assert exactly.all()
    assert quantize(halfway).tolist() == [0, 2, 126, 128]


@pytest.mark.parametrize("core", [Window(0, 0, 8, 8), Window(2, 3, 4, 5)], ids=str)
def test_a_part_of_the_maps_is_the_maps_part(core: Window) -> None:
    from painted import PaintedModel

    images = np.random.default_rng(1).integers(0, 256, (2, 3, 8, 8)).astype(np.uint8)
    maps = core_maps(PaintedModel(), images, core)
    rows, cols = core.slices_in(Window(0, 0, 8, 8))
    assert (quantize(maps) == images[:, :, rows, cols]).all()
