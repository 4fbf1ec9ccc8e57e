"""Graphs that files bring (``.onnx``, ``.xml``), made to take bytes and to give probabilities.

What they take decides: bytes go in as they are, and the graph scales them itself; floats are the values
scaled to 0..1, less the mean and divided by the standard deviation of the model's metadata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geoseg.errors import ModelError
from geoseg.files.digest import sha256_of
from geoseg.models.graph_texts import graph_sha256, weights_of
from geoseg.models.runtimes.graph import IMAGES, MAPS, normalised
from geoseg.models.runtimes.library import core, operations
from geoseg.models.runtimes.unlike import unlike_its_file
from geoseg.models.weights import read_metadata

if TYPE_CHECKING:
    from pathlib import Path

    from geoseg.models.weights import Metadata

_AXES = 4
FLOATS = ("f32", "float32", "tensor(float)")
BYTES = ("u8", "uint8", "tensor(uint8)")
"""Names of kinds of numbers, by OpenVINO, numpy and onnxruntime."""


def checked_metadata(path: Path) -> tuple[Metadata, str]:
    """The metadata of a graph and its identity.

    Raises:
        ModelError: it is missing, broken, foreign, or its numbers are another graph's.
    """
    metadata = read_metadata(path)
    identity, weights = graph_sha256(path), weights_of(path)
    wanted = "" if metadata.graph is None else metadata.graph.weights_sha256
    if wanted and sha256_of(weights) != wanted:
        raise ModelError(
            f"{weights} does not belong to the graph of {path.name}: its SHA-256 is not "
            f"{wanted[:12]}..., which was written when that was exported; copy both files together, or "
            "export the model again"
        )
    return metadata, identity


def read_graph(path: Path, metadata: Metadata) -> Any:  # noqa: ANN401  # an openvino.Model
    """The graph of a file, as :func:`geoseg.models.runtimes.graph.build_graph` would make it.

    Raises:
        ModelError: OpenVINO cannot read it or would compute something else, or it does not fit the metadata.
    """
    try:
        graph = core().read_model(path)
    except RuntimeError as error:
        raise ModelError(f"OpenVINO cannot read {path}: {reason_of(error)}") from error
    if unlike := unlike_its_file(graph):
        other = (
            "run with" if path.suffix.lower() == ".onnx" else "export it to an .onnx file and use"
        )
        raise ModelError(
            f"OpenVINO would compute another network than {path} holds: it has {unlike}; {other} "
            "--runtime onnxruntime"
        )
    check_ends(
        path, metadata, [_end(each) for each in graph.inputs], [_end(o) for o in graph.outputs]
    )
    _make_bytes_in(graph, metadata)
    if metadata.graph is not None and metadata.graph.output == "logits":
        (result,) = graph.get_results()
        logits = result.input_value(0)
        result.input(0).replace_source_output(operations().sigmoid(logits).output(0))
    graph.outputs[0].get_tensor().set_names({MAPS})
    graph.validate_nodes_and_infer_types()
    return graph


End = tuple[str, list[int | None]]
"""What goes in or comes out: the kind of numbers, and the shape, None where it is open."""


def check_ends(path: Path, metadata: Metadata, inputs: list[End], outputs: list[End]) -> None:
    """Refuse graphs that do not take images and give maps.

    Raises:
        ModelError: saying what they take or give.
    """
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(
            f"{path} has {len(inputs)} inputs and {len(outputs)} outputs; a dense model takes images and "
            "gives maps, one of each"
        )
    (kind, taken), (_, given) = inputs[0], outputs[0]
    if kind not in FLOATS + BYTES:
        raise ModelError(f"{path} takes {kind}; images are given as bytes or as 32-bit floats")
    bands, heads = len(metadata.mean), metadata.architecture.heads
    if not _fits(taken, bands):
        raise ModelError(
            f"{path} takes images of shape {_shown(taken)}; they are given as (batch, {bands}, height, "
            "width). tf2onnx has --inputs-as-nchw and --outputs-as-nchw for that"
        )
    if not _fits(given, len(heads)):
        raise ModelError(
            f"{path} gives maps of shape {_shown(given)}, and its metadata name {len(heads)} of them "
            f"({', '.join(heads)}), which must be (batch, {len(heads)}, height, width)"
        )


def _fits(shape: list[int | None], channels: int) -> bool:
    """Whether channels may come second; where that is open, none of the other two may be so many."""
    if len(shape) != _AXES or shape[1] not in {None, channels}:
        return False
    return shape[1] == channels or shape[3] != channels


def _shown(shape: list[int | None]) -> str:
    return f"({', '.join('any' if side is None else str(side) for side in shape)})"


def _end(port: Any) -> End:  # noqa: ANN401  # of OpenVINO
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        return port.get_element_type().get_type_name(), [None] * _AXES
    sides = [side.get_length() if side.is_static else None for side in shape]
    return port.get_element_type().get_type_name(), sides


def _make_bytes_in(graph: Any, metadata: Metadata) -> None:  # noqa: ANN401
    """Put the scaling before graphs that take floats."""
    (taken,) = graph.get_parameters()
    if taken.get_element_type().get_type_name() not in FLOATS:
        return
    targets = taken.output(0).get_target_inputs()
    images = operations().parameter(taken.get_partial_shape(), np.uint8, name=IMAGES)
    scaled = normalised(images, metadata)
    for target in targets:
        target.replace_source_output(scaled.output(0))
    graph.add_parameters([images])
    graph.remove_parameter(taken)


def reason_of(error: RuntimeError) -> str:
    """What OpenVINO says, without where in its code."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(("Exception from", "Check"))]
    return told[0] if told else "it does not say why"
