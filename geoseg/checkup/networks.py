"""The network alone, by every runtime and precision that this machine may run it in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from geoseg.checkup.rates import NetworkRate
from geoseg.errors import GeosegError
from geoseg.models.adapters import is_adapter_spec
from geoseg.models.averaged import averaged_if
from geoseg.models.graph_texts import is_graph
from geoseg.models.loading import load_model, model_file
from geoseg.models.traits import Traits
from geoseg.preview.estimate import time_of_tile
from geoseg.settings import Precision, Runtime

if TYPE_CHECKING:
    from geoseg.checkup.runs import Subject
    from geoseg.models.protocols import DenseModel, InstanceModel

OWN = "own"
"""Runtime or precision of a model that does not say."""


def network_rates(subject: Subject, *, averaged: bool) -> tuple[NetworkRate, ...]:
    """What runs as it was asked for, then all else that was left open; ``averaged`` over two views or not."""
    first = _rate(subject.plain, averaged=averaged)
    others = [
        _tried(subject, runtime, precision, averaged=averaged)
        for runtime, precision in _choices(subject)
        if (runtime, precision) != (first.runtime, first.precision)
    ]
    return (first, *others)


def _choices(subject: Subject) -> Iterator[tuple[Runtime, Precision]]:
    """Of runtimes and precisions, where the model is a file that leaves a choice."""
    spec = os.fspath(subject.model) if isinstance(subject.model, str | os.PathLike) else None
    if spec is None or is_adapter_spec(spec):
        return
    runtimes = _runtimes(spec)
    if subject.runtime != "auto":
        runtimes = (subject.runtime,)
    precisions: tuple[Precision, ...] = ("fp32", "bf16", "int8")
    if subject.precision != "auto":
        precisions = (subject.precision,)
    for runtime in runtimes:
        for precision in precisions:
            # Torch imitates bf16 on processors, slowly where they lack it; OpenVINO alone has int8.
            on_gpu = subject.traits.on_gpu and precision != "int8"
            if precision == "fp32" or runtime == "openvino" or on_gpu:
                yield runtime, precision


def _runtimes(spec: str) -> tuple[Runtime, ...]:
    """Those that run files of this kind."""
    path = model_file(spec)
    if not is_graph(path):
        return ("openvino", "torch")
    return ("openvino", "onnxruntime") if path.suffix.lower() == ".onnx" else ("openvino",)


def _tried(
    subject: Subject, runtime: Runtime, precision: Precision, *, averaged: bool
) -> NetworkRate:
    try:
        model = load_model(
            subject.model, device=subject.device, precision=precision, runtime=runtime
        )
    except GeosegError as error:
        return NetworkRate(runtime, precision, None, str(error))
    return _rate(model, averaged=averaged)


def _rate(plain: DenseModel | InstanceModel, *, averaged: bool) -> NetworkRate:
    """As runs ask it: two views side by side keep more cores busy than one."""
    model = averaged_if(plain, averaged, enlarged=False)
    traits, took = Traits.of(model), time_of_tile(model)
    runtime = traits.runtime.partition(" ")[0] or OWN
    return NetworkRate(runtime, traits.precision or OWN, took.core_mp / took.seconds)
