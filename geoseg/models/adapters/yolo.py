"""Segmentation models of ultralytics: YOLOv8-seg, YOLO11-seg and later.

ultralytics is AGPL-3.0 and its weights are pickles: opening one runs the code in it. So it is never
a dependency of geoseg, and only a local file that the user names is opened.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import MissingDependencyError, ModelError
from geoseg.models.adapters.common import (
    UNPICKLING_ERRORS,
    all_cropped,
    first_line,
    local_file,
)
from geoseg.models.device import choose_device
from geoseg.models.protocols import Instance
from geoseg.models.torchvision_repair import ensure_torchvision

STRIDE_PX = 32
SCORE_THRESHOLD = 0.25
MOST_INSTANCES = 1000
QUIET = {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true", "YOLO_VERBOSE": "false"}
"""ultralytics installs packages and asks the network unless told otherwise."""


def load_yolo(text: str, device: str) -> Yolo:
    """The model in a local ``.pt`` file. Opening it runs the code in it: only open what you trust."""
    path = local_file(text, "YOLO file", (".pt",))
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    ensure_torchvision()
    try:
        from ultralytics import YOLO
    except ImportError as error:
        raise MissingDependencyError(
            "yolo: models need ultralytics (AGPL-3.0): pip install 'geoseg[yolo]'"
        ) from error
    try:
        network = YOLO(path, task="segment")
    except UNPICKLING_ERRORS as error:
        raise ModelError(
            f"ultralytics cannot open {path}: {first_line(error)}; give a .pt file that it wrote"
        ) from error
    if network.task != "segment":
        raise ModelError(
            f"{path} is a model for {network.task}; a segmentation model (...-seg) is needed"
        )
    return Yolo(network, path, device)


class Yolo:
    """An ``InstanceModel`` around ``ultralytics.YOLO``; masks come at the image's pixels."""

    sha256 = ""
    """Of the file, where it comes from one."""

    def __init__(
        self,
        network: Any,  # noqa: ANN401  # ultralytics.YOLO
        path: Path,
        device: str = "auto",
    ) -> None:
        self.gsd_m: tuple[float, float] | None = None
        self.name = path.stem
        self._network = network
        self.device = choose_device(device)
        """Where the network runs."""

    def predict_instances(self, images: NDArray[np.uint8]) -> list[list[Instance]]:
        """(batch, 3, height, width) RGB to the instances of every image."""
        height, width = images.shape[2:]
        results = self._network.predict(
            # ultralytics takes (height, width, BGR) arrays.
            [np.ascontiguousarray(image[::-1].transpose(1, 2, 0)) for image in images],
            imgsz=[-(-side // STRIDE_PX) * STRIDE_PX for side in (height, width)],
            conf=SCORE_THRESHOLD,
            max_det=MOST_INSTANCES,
            retina_masks=True,
            device=self.device,
            verbose=False,
        )
        return [_instances(result) for result in results]


def _instances(result: Any) -> list[Instance]:  # noqa: ANN401  # ultralytics Results
    if result.masks is None:
        return []
    masks = result.masks.data.cpu().numpy() > 0.5  # noqa: PLR2004  # a probability
    return all_cropped(masks, result.boxes.conf.cpu().numpy())
