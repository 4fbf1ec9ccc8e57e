"""Models of Detectron2 through its ``DefaultPredictor``."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from yaml import YAMLError

from geoseg.errors import MissingDependencyError, ModelError
from geoseg.models.adapters.common import (
    UNPICKLING_ERRORS,
    all_cropped,
    first_line,
    local_file,
)
from geoseg.models.device import choose_device
from geoseg.models.protocols import Instance


def load_detectron2(text: str, device: str) -> Detectron2:
    """The model of ``config.yaml,weights.pth``, both local files."""
    names = text.split(",")
    if len(names) != 2:  # noqa: PLR2004  # a configuration and weights
        raise ModelError(
            f"detectron2: takes config.yaml,weights.pth, got {text!r}; name both files"
        )
    config = local_file(names[0], "Detectron2 configuration", (".yaml", ".yml"))
    weights = local_file(names[1], "Detectron2 weights", (".pth",))
    refuse_code(weights)
    try:
        from detectron2.config import get_cfg
        from detectron2.engine import DefaultPredictor
    except ImportError as error:
        raise MissingDependencyError(
            "detectron2: models need Detectron2, which is not on PyPI and hence no extra of geoseg: "
            "pip install 'git+https://github.com/facebookresearch/detectron2.git'"
        ) from error
    settings = get_cfg()
    try:
        settings.merge_from_file(str(config), allow_unsafe=False)
    except (AssertionError, AttributeError, LookupError, TypeError, ValueError, YAMLError) as error:
        raise ModelError(
            f"Detectron2 cannot read {config}: {first_line(error)}; give the file that "
            "the model was trained with"
        ) from error
    settings.MODEL.WEIGHTS = str(weights)
    settings.MODEL.DEVICE = str(choose_device(device))
    return Detectron2(DefaultPredictor(settings), weights.stem, settings.MODEL.DEVICE)


def refuse_code(path: Path) -> None:
    """Raise unless a ``.pth`` file holds tensors and plain values alone."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch remarks on what the next lines say
            torch.load(path, map_location="cpu", weights_only=True)
    except UNPICKLING_ERRORS as error:
        raise ModelError(
            f"{path} does not open as plain tensors, so opening it could run code, and it is "
            "refused; save it again as torch.save({'model': network.state_dict()}, path)"
        ) from error


class Detectron2:
    """An ``InstanceModel`` around a predictor: BGR image in, ``{"instances": Instances}`` out."""

    sha256 = ""
    """Of the file, where it comes from one."""

    def __init__(
        self,
        predictor: Any,  # noqa: ANN401  # DefaultPredictor
        name: str = "detectron2",
        device: str = "",
    ) -> None:
        self.gsd_m: tuple[float, float] | None = None
        self.name = name
        self.device = device
        """Where the network runs; empty: unknown."""
        self._predictor = predictor

    def predict_instances(self, images: NDArray[np.uint8]) -> list[list[Instance]]:
        """(batch, 3, height, width) RGB to the instances of every image."""
        return [self._one(image) for image in images]

    def _one(self, image: NDArray[np.uint8]) -> list[Instance]:
        # DefaultPredictor takes (height, width, BGR) and turns it to the network's order itself.
        found = self._predictor(np.ascontiguousarray(image[::-1].transpose(1, 2, 0)))["instances"]
        found = found.to("cpu")
        masks = found.pred_masks.numpy().astype(np.bool_)
        return all_cropped(masks, found.scores.numpy())
