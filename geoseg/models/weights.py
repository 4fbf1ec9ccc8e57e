"""Model files: one safetensors file with everything about the model in its JSON metadata.

Safetensors hold numbers only, so a file from anywhere can be opened without running its code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AliasChoices, Field, FiniteFloat, ValidationError

from geoseg.errors import ModelError
from geoseg.files.atomic import output_errors, replacing
from geoseg.files.digest import sha256_of
from geoseg.files.parse import ParseError, parse_json
from geoseg.models.graph_texts import graph_sha256, is_graph, read_graph_text, sidecar_of
from geoseg.models.measured import names_measured, network_alone
from geoseg.models.records import Calibration, Record, Validation

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

METADATA_KEY = "geoseg"
"""Key of the JSON text within the safetensors header."""
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Channels = Annotated[int, Field(gt=0, le=4096)]

_ZIP, _PICKLE = b"PK", re.compile(rb"\x80[\x02-\x05]")


class Architecture(Record):
    """What to build before the tensors fit."""

    family: Literal["unet", "graph"] = "unet"
    """Decoder family of segmentation_models_pytorch; "graph": whatever an .onnx or .xml file computes."""
    encoder: str = "tu-tf_efficientnet_lite0"
    """Any encoder name of segmentation_models_pytorch; means nothing for graphs of other origin."""
    depth: int = Field(default=4, ge=3, le=5)
    """Halvings of the resolution; the stride is 2 ** depth."""
    decoder_channels: tuple[Channels, ...] = (128, 64, 48, 32)
    """Channels of the decoder's stages, coarse to fine, one per halving; where the last one is left
    out, the head doubles the resolution."""
    heads: tuple[str, ...] = ("body", "contact", "edge")
    """Names of the maps in order."""

    @property
    def stride_px(self) -> int:
        """Read windows start at multiples of this."""
        return int(2**self.depth)

    @property
    def head_px(self) -> int:
        """Pixels of the maps, along each side, for every one that the head reads."""
        return int(2 ** (self.depth - len(self.decoder_channels)))


class Decoding(Record):
    """How maps become buildings; chosen on validation data. All values are 0..1."""

    body_threshold: float = Field(default=0.45, gt=0, le=1)
    """Pixels with this body or more can belong to a building."""
    seed_threshold: float = Field(default=0.55, gt=0, le=1)
    """Body pixels with this seed score or more start a building."""
    join_threshold: float = Field(default=1.0, gt=0, le=1)
    """Buildings that meet at this seed score or more may be one, as the calibration judges; none
    may at the seed threshold or above."""
    contact_weight: float = Field(default=1.0, ge=0, le=1)
    """How much the contact map lowers the seed score."""
    edge_weight: float = Field(default=0.5, ge=0, le=1)
    """How much the edge map lowers the seed score."""
    min_mean_body: float = Field(
        default=0.5,
        ge=0,
        le=1,
        # The second is what files from before 1.0 call it.
        validation_alias=AliasChoices("min_mean_body", "min_confidence"),
    )
    """Buildings with a lower mean body are dropped as ``unsure``: the raw value, not the
    probability."""

    @property
    def joins(self) -> bool:
        """Whether buildings that meet may be one."""
        return self.join_threshold < self.seed_threshold

    def as_levels(self) -> dict[str, int]:
        """The same as grey levels, 0..255, by the names that the decoder uses."""
        return {name: round(value * 255) for name, value in self}


class GraphRecord(Record):
    """What only models in .onnx and .xml files have to say."""

    output: Literal["maps", "logits"] = "maps"
    """Logits still need the sigmoid."""
    precision: Literal["fp32", "int8"] = "fp32"
    """In which numbers it was exported."""
    weights_sha256: str = ""
    """SHA-256 of the file with the graph's numbers, checked when it is loaded; empty: not checked."""
    source_sha256: str = ""
    """SHA-256 of the model file that it was exported from."""
    certificate: dict[str, Any] | None = None
    """What ``geoseg certify`` found about the graph when it was exported."""


class DataSource(Record):
    """One data set that the model saw."""

    name: str
    """Its name, with the place where it has several."""
    licence: str
    """Licence and owner."""


class Metadata(Record):
    """Everything about a model but its tensors."""

    format_version: Literal[1] = 1
    name: str
    geoseg_version: str = "0"
    architecture: Architecture = Architecture()
    bands: tuple[str, ...] = ("red", "green", "blue")
    mean: tuple[FiniteFloat, FiniteFloat, FiniteFloat] = (0.5, 0.5, 0.5)
    """Subtracted from values scaled to 0..1, per band."""
    std: tuple[Positive, Positive, Positive] = (0.5, 0.5, 0.5)
    """Divided by afterwards, per band."""
    gsd_m: tuple[Positive, Positive] | None = None
    """Range of pixel sizes trained for, metres."""
    halo_px: int = Field(ge=0, le=65_536)
    """Receptive field to one side, rounded up to the stride."""
    decoding: Decoding = Decoding()
    tta: bool = False
    """Thresholds were chosen on maps averaged over two views, so that is how it predicts unless told
    otherwise."""
    tta_native: bool = False
    """Photos that need not be enlarged are looked at in two views all the same."""
    calibration: Calibration | None = None
    """None: confidence is the raw mean of body."""
    validation: Validation | None = None
    """How thresholds and calibration were chosen."""
    sources: tuple[DataSource, ...] = ()
    metrics: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Scores on held-out places: place to score name to value."""
    training: dict[str, str] = Field(default_factory=dict)
    """How it was trained, in words."""
    notes: tuple[str, ...] = ()
    """What users should know, a paragraph each."""
    graph: GraphRecord | None = None
    """None: the model is no graph, or one that says no more."""

    @property
    def graph_precision(self) -> Literal["fp32", "int8"]:
        """In which numbers the graph was exported."""
        return "fp32" if self.graph is None else self.graph.precision

    def for_other_weights(self) -> dict[str, Any]:
        """Thresholds, views and calibration, for weights that came of these and were not tuned yet."""
        fitted = self.calibration
        inherited = None if fitted is None else fitted.model_copy(update={"inherited": True})
        return {
            "decoding": self.decoding,
            "tta": self.tta,
            "tta_native": self.tta_native,
            "calibration": inherited,
        }


def save_weights(
    state: Mapping[str, torch.Tensor | NDArray[np.generic]], metadata: Metadata, path: Path
) -> None:
    """Write tensors (floats as fp16) and metadata; the file appears complete or not at all."""
    from safetensors.numpy import save

    tensors = as_stored(state)
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(save(tensors, {METADATA_KEY: metadata.model_dump_json()}))


def as_stored(
    state: Mapping[str, torch.Tensor | NDArray[np.generic]],
) -> dict[str, NDArray[np.generic]]:
    """Tensors as a model file holds them: floats as fp16."""
    return {name: _to_half(tensor) for name, tensor in state.items()}


def load_weights(path: Path) -> tuple[dict[str, torch.Tensor], Metadata]:
    """Read the network's tensors (floats as fp32) and checked metadata, to go on learning from."""
    from safetensors.torch import load_file

    metadata = read_metadata(path)
    with _reading(path):
        tensors = load_file(path)
    return {name: _to_single(one) for name, one in network_alone(tensors).items()}, metadata


def load_arrays(path: Path) -> tuple[dict[str, NDArray[np.generic]], Metadata]:
    """Read tensors as they are stored, what was measured among them, without torch, and checked metadata."""
    from safetensors.numpy import load_file

    metadata = read_metadata(path)
    with _reading(path):
        arrays: dict[str, NDArray[np.generic]] = load_file(path)
    return arrays, metadata


def holds_ranges(path: Path) -> bool:
    """Whether a .safetensors file holds what int8 needs, by its header alone."""
    from safetensors import safe_open

    with _reading(path), safe_open(path, framework="numpy") as file:
        return names_measured(file.keys())


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what safetensors raises into a ModelError."""
    from safetensors import SafetensorError

    if is_graph(path):
        raise ModelError(
            f"{path} is a graph to run, without tensors to go on with; name the .safetensors file that "
            "it was exported from"
        )

    try:
        yield
    except (OSError, SafetensorError) as error:
        raise _not_a_model(path, str(error)) from error


def read_metadata(path: Path) -> Metadata:
    """Read and check the metadata alone; quick, whatever the size of the file."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise ModelError(f"there is no model file {path}; name a .safetensors file or 'default'")
    if is_graph(path):
        return _graph_metadata(path)
    if _looks_pickled(path):
        raise ModelError(
            f"{path} is a pickle (.pt, .pth, .ckpt), which can run code when opened, and is "
            "refused; export the model as .safetensors with geoseg train"
        )
    try:
        with safe_open(path, framework="numpy") as file:  # "pt" would load torch
            text = (file.metadata() or {}).get(METADATA_KEY)
    except (OSError, SafetensorError) as error:
        raise _not_a_model(path, str(error)) from error
    if text is None:
        raise _not_a_model(path, "its header has no geoseg metadata: it comes from elsewhere")
    return parse_metadata(path, text)


def _graph_metadata(path: Path) -> Metadata:
    found = read_graph_text(path)
    if found is None:
        raise _not_a_model(
            path,
            f"it holds no geoseg metadata, and there is no {sidecar_of(path).name} beside it "
            "(docs/models.md says what to put there; a YOLO-seg export is named as onnx:model.onnx)",
        )
    metadata = parse_metadata(found.where, found.metadata)
    if not found.weights_sha256:
        return metadata
    graph = metadata.graph or GraphRecord()
    return metadata.model_copy(
        update={"graph": graph.model_copy(update={"weights_sha256": found.weights_sha256})}
    )


def model_sha256(path: Path) -> str:
    """The identity of a model in a file, or in the two files of an .xml."""
    return graph_sha256(path) if is_graph(path) else sha256_of(path)


def parse_metadata(path: Path, text: str) -> Metadata:
    """The metadata in the header of the model file ``path``.

    Raises:
        ModelError: They are none.
    """
    try:
        return Metadata.model_validate(parse_json(text))
    except ParseError as error:
        raise _not_a_model(path, f"of its metadata, {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _not_a_model(path, f"metadata {where}: {first['msg']}") from error


def _not_a_model(path: Path, reason: str) -> ModelError:
    return ModelError(
        f"{path} is not a usable geoseg model file: {reason}; give a file written by geoseg train, "
        "or 'default' for the built-in model"
    )


def _looks_pickled(path: Path) -> bool:
    """Zip archives (torch.save) and bare pickles; not a safetensors header of the same first bytes."""
    with path.open("rb") as file:
        head = file.read(9)
    if head[8:] == b"{":  # eight bytes of length, then JSON
        return False
    return head.startswith(_ZIP) or _PICKLE.match(head) is not None


def _to_half(tensor: torch.Tensor | NDArray[np.generic]) -> NDArray[np.generic]:
    import numpy as np

    if not isinstance(tensor, np.ndarray):
        tensor = tensor.detach().cpu()
        tensor = (tensor.half() if tensor.is_floating_point() else tensor).numpy()
    floats = np.issubdtype(tensor.dtype, np.floating)
    return np.asarray(tensor, np.float16 if floats else None, order="C")


def _to_single(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
