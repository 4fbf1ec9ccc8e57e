"""A model file as a graph for other runtimes: ``.onnx``, or OpenVINO's ``.xml`` and ``.bin``."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from geoseg.errors import ModelError, UsageError
from geoseg.files.atomic import output_errors, put_in_place, scratch_folder
from geoseg.files.digest import sha256_of
from geoseg.files.links import require_no_links
from geoseg.files.target import check_target
from geoseg.keywords import checked_keywords
from geoseg.models.certify import Certificate, certify
from geoseg.models.extras import INT8_OF_ANOTHER, require
from geoseg.models.graph_texts import GRAPHS, KEY, WEIGHTS_KEY, is_graph, weights_of
from geoseg.models.loading import check_names, dense_file
from geoseg.models.runtimes.choosing import load_dense
from geoseg.models.runtimes.dense import rounding_for
from geoseg.models.runtimes.graph import IMAGES, MAPS, build_graph, can_be_built
from geoseg.models.weights import (
    GraphRecord,
    Metadata,
    load_arrays,
    model_sha256,
    read_metadata,
)
from geoseg.pages.notebook import Shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

    from geoseg.settings import Precision

_OPSET = 17
"""Of ONNX: onnxruntime 1.12 and OpenVINO 2023 know it."""


@dataclass(frozen=True, slots=True, repr=False)
class ExportedModel(Shown):
    """What was written."""

    output: Path
    """The graph; its numbers lie beside an ``.xml``, in the file of the same name and ``.bin``."""
    sha256: str
    """The identity of the graph, as runs record it."""
    source: Path
    """The model file."""
    source_sha256: str
    """Of the model file."""
    certificate: Certificate
    """Whether its maps can be independent of the tiles, found by running the graph."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        told = asdict(self) | {"certificate": self.certificate.as_dict()}
        return told | {"output": str(self.output), "source": str(self.source)}


@checked_keywords
def export_model(
    model: str | Path,
    output: str | Path,
    *,
    precision: Precision = "auto",
    overwrite: bool = False,
) -> ExportedModel:
    """Write a dense model as a graph that runs without torch.

    Thresholds, calibration and scores go along; the graph is certified by itself.

    Args:
        model: "default" or a .safetensors file.
        output: .onnx, or .xml for OpenVINO, whose numbers go into a .bin beside it.
        precision: "auto" and "fp32"; "int8" for ``.xml`` and networks whose ranges were measured;
            "bf16" is chosen when a graph is run.
        overwrite: Replace the output if it is there already.

    Raises:
        MissingDependencyError: torch or onnx is needed and not installed; the message names the extra.
        GeosegError: The model or the output cannot be used; one sentence.
    """
    target = check_target(Path(output), GRAPHS, overwrite=overwrite)
    check_target(weights_of(target), None, overwrite=overwrite)
    if weights_of(target) != target:
        require_no_links([target, weights_of(target)])
    _check_precision(precision, target)
    source = dense_file(model)
    if is_graph(source):
        raise UsageError(f"{source} is a graph already; name the .safetensors file it came from")
    with output_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(target) as folder:
        made = folder / target.name
        certificate = _write(source, made, "int8" if precision == "int8" else "fp32")
        with output_errors(target):
            for part in dict.fromkeys((weights_of(made), made)):  # numbers first: no graph without
                put_in_place(part, target.with_name(part.name))
    return ExportedModel(target, model_sha256(target), source, sha256_of(source), certificate)


def _check_precision(precision: Precision, target: Path) -> None:
    check_names("auto", precision)
    if precision == "int8" and target.suffix.lower() != ".xml":
        raise UsageError(
            f"int8 goes into OpenVINO's .xml files, not into {target.name}; name an .xml file, or leave "
            "--precision out"
        )
    if precision == "bf16":
        raise UsageError(
            "a graph holds 32-bit floats, and bf16 is chosen when it is run; export it without "
            "--precision and run it with --precision bf16"
        )


def _write(source: Path, path: Path, precision: Literal["fp32", "int8"]) -> Certificate:
    """Write a graph, look at it, and write what was found into it."""
    metadata = read_metadata(source)
    record = GraphRecord(source_sha256=sha256_of(source), precision=precision)
    write = _write_onnx if path.suffix.lower() == ".onnx" else _write_openvino
    write(source, metadata.model_copy(update={"graph": record}), path)
    certificate = certify(load_dense(path, device="cpu", precision=precision, runtime="auto"))
    record = record.model_copy(update={"certificate": certificate.as_dict()})
    retell = _retell_onnx if path.suffix.lower() == ".onnx" else _retell_openvino
    retell(path, metadata.model_copy(update={"graph": record}))
    return certificate


def _write_openvino(source: Path, metadata: Metadata, path: Path) -> None:
    precision = metadata.graph_precision
    if can_be_built(metadata.architecture):
        arrays, _ = load_arrays(source)
        graph = build_graph(arrays, metadata, rounding_for(precision, arrays))
    elif precision == "int8":
        advice = "export it without --precision"
        raise UsageError(INT8_OF_ANOTHER.format(path=source, advice=advice))
    else:
        graph = _through_onnx(source, metadata, path)
    _save_openvino(graph, metadata, path)


def _through_onnx(source: Path, metadata: Metadata, path: Path) -> Any:  # noqa: ANN401
    from geoseg.models.runtimes.given import read_graph

    between = path.with_suffix(".onnx")
    _write_onnx(source, metadata, between)
    try:
        return read_graph(between, metadata)
    finally:
        between.unlink()


def _save_openvino(graph: Any, metadata: Metadata, path: Path) -> None:  # noqa: ANN401
    from geoseg.models.runtimes.library import openvino

    openvino().save_model(graph, path, compress_to_fp16=False)
    graph.set_rt_info(metadata.model_dump_json(), [KEY, "metadata"])
    graph.set_rt_info(sha256_of(weights_of(path)), [KEY, WEIGHTS_KEY])
    openvino().save_model(graph, path, compress_to_fp16=False)  # the same numbers again


def _retell_openvino(path: Path, metadata: Metadata) -> None:
    from geoseg.models.runtimes.library import core

    # Read from a copy: the file that is written must not be mapped.
    copied = path.with_name("before.xml")
    shutil.move(path, copied)
    shutil.move(weights_of(path), weights_of(copied))
    graph = core().read_model(copied)
    _save_openvino(graph, metadata, path)
    del graph
    copied.unlink()
    weights_of(copied).unlink()


def _write_onnx(source: Path, metadata: Metadata, path: Path) -> None:
    require("torch", f"exporting {source.name} as a graph", "torch")
    require("onnx", f"writing {path.name}", "onnx")
    import torch

    from geoseg.models.dense import TorchDenseModel

    side = 4 * metadata.architecture.stride_px
    axes = {0: "batch", 2: "height", 3: "width"}
    with _exporting(source):
        torch.onnx.export(
            _probabilities(TorchDenseModel.from_file(source, device="cpu").network),
            (torch.zeros((1, len(metadata.mean), side, side)),),
            str(path),
            input_names=[IMAGES],
            output_names=[MAPS],
            dynamic_axes={IMAGES: axes, MAPS: axes},
            opset_version=_OPSET,
            dynamo=False,
        )
    _retell_onnx(path, metadata)


@contextmanager
def _exporting(source: Path) -> Iterator[None]:
    """What torch cannot express becomes a sentence; its warnings on traced shapes are for others."""
    import warnings

    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
        raise ModelError(
            f"torch cannot write the network of {source} as ONNX ({str(error).splitlines()[0]})"
        ) from error


def _probabilities(network: nn.Module) -> nn.Module:
    """The network and a sigmoid, on images that were scaled before."""
    from torch import nn

    return nn.Sequential(network, nn.Sigmoid()).eval()


def _retell_onnx(path: Path, metadata: Metadata) -> None:
    import onnx

    model = onnx.load(path)
    del model.metadata_props[:]
    model.metadata_props.add(key=KEY, value=metadata.model_dump_json())
    onnx.save(model, path)
