"""Which pieces of a scene a training sees."""

from __future__ import annotations

import numpy as np
import pytest

from geoseg.scenes.scene import Scene
from geoseg.train.config import TrainConfig
from geoseg.train.crops import CropDataset

pytestmark = pytest.mark.thorough


def test_crops_of_a_review_hold_known_ground() -> None:
    """A checked plot is a hundredth of the scene: crops by lot would miss it nearly always."""
    ignore = np.ones((640, 640), bool)
    ignore[300:364, 500:564] = False
    labels = np.zeros((640, 640), np.uint16)
    labels[310:330, 510:530] = 1
    image = np.zeros((640, 640, 3), np.uint8)
    scene = Scene("town", "town", "train", 0.3, image, labels, ignore)
    config = TrainConfig.model_validate(
        {"output": "out", "data": {"scenes": "chips", "crop_px": 128, "gsd_m": (0.3, 0.3)}}
    )
    crops = CropDataset([scene], config, first=0, length=100)
    drawn = [crops.crop(number) for number in range(100)]
    assert np.mean([bool((one.ignore == 0).any()) for one in drawn]) > 0.4
    again = CropDataset([scene], config, first=7, length=1).crop(0)
    np.testing.assert_array_equal(again.ignore, drawn[7].ignore)
