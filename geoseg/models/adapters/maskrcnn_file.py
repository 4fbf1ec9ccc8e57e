"""Mask R-CNN in files: tensors, and as JSON in the safetensors header all that is needed to build it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from geoseg.errors import ModelError
from geoseg.files.parse import ParseError, parse_json
from geoseg.models.adapters.maskrcnn_network import MaskRcnnRecord

if TYPE_CHECKING:
    import torch
    from torch import nn

METADATA_KEY = "geoseg_maskrcnn"
"""Key of the JSON text within the safetensors header."""


def save_maskrcnn(network: nn.Module, record: MaskRcnnRecord, path: str | Path) -> None:
    """Write tensors and record as one safetensors file."""
    from safetensors.torch import save_file

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _state(network).items()}
    save_file(tensors, path, metadata={METADATA_KEY: record.model_dump_json()})


def _state(network: nn.Module) -> dict[str, torch.Tensor]:
    return dict(network.state_dict())


def read_maskrcnn(path: Path) -> tuple[MaskRcnnRecord, dict[str, torch.Tensor]]:
    """Record and tensors of a file that ``save_maskrcnn`` wrote."""
    from safetensors.torch import load_file

    return _read_record(path), load_file(path)


def fill(network: nn.Module, tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Put the tensors of a file into the network that its record describes."""
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        first = str(error).splitlines()[1:2] or [str(error)]
        raise ModelError(
            f"the tensors of {path} do not fit its record ({first[0].strip()[:200]}); write record "
            "and tensors of one network with geoseg.models.adapters.maskrcnn.save_maskrcnn"
        ) from error


def holds_maskrcnn(path: Path) -> bool:
    """Whether a safetensors file has the record of a Mask R-CNN."""
    return METADATA_KEY in _header(path)


def load_backbone(network: Any, path: Path) -> None:  # noqa: ANN401  # MaskRCNN
    """Fill the ResNet of a network from a safetensors file of torchvision's names."""
    from safetensors.torch import load_file

    _header(path)
    tensors = load_file(path)
    body = network.backbone.body
    wanted = {name for name in body.state_dict() if not name.endswith("num_batches_tracked")}
    missing = sorted(wanted - tensors.keys())
    if missing:
        raise ModelError(
            f"{path} lacks {len(missing)} tensors of the ResNet, {missing[0]} first; give the state "
            "dict of torchvision's ResNet of the same name, or a Mask R-CNN of geoseg"
        )
    fill(
        body, {name: tensor for name, tensor in tensors.items() if name in body.state_dict()}, path
    )


def _header(path: Path) -> dict[str, str]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{path} cannot be read as safetensors: {error}; pickles (.pt, .pth) are not opened, "
            "docs/models.md shows how to turn one into safetensors"
        ) from error


def _read_record(path: Path) -> MaskRcnnRecord:
    text = _header(path).get(METADATA_KEY)
    if text is None:
        raise ModelError(
            f"{path} has no {METADATA_KEY} record in its header; write it with "
            "geoseg.models.adapters.maskrcnn.save_maskrcnn"
        )
    try:
        return MaskRcnnRecord.model_validate(parse_json(text))
    except (ParseError, ValidationError) as error:
        raise ModelError(f"the record in the header of {path} is not valid: {error}") from error
