"""Dense models that OpenVINO runs on the processor."""

from __future__ import annotations

import os
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geoseg.errors import ModelError, UsageError
from geoseg.files.digest import sha256_of
from geoseg.machine import processor_kind, usable_cores
from geoseg.models.extras import INT8_NEEDS_RANGES, INT8_NOT_IN_GRAPH, is_installed
from geoseg.models.facts import DenseFacts
from geoseg.models.forked import begin_threads
from geoseg.models.graph_texts import is_graph
from geoseg.models.images import check_images
from geoseg.models.measured import measured_in
from geoseg.models.runtimes.alike import made_alike
from geoseg.models.runtimes.cutting import cut
from geoseg.models.runtimes.given import checked_metadata, read_graph, reason_of
from geoseg.models.runtimes.graph import NORMALISED, build_graph
from geoseg.models.runtimes.interleaved import interleave, rounds_transposed
from geoseg.models.runtimes.library import capabilities, core, openvino_version, operations
from geoseg.models.runtimes.rounding import EightBits
from geoseg.models.strides import round_down, round_up
from geoseg.models.weights import Metadata, load_arrays
from geoseg.types import FILL_GREY, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from geoseg.settings import Precision

_KEPT = 8
"""Sizes whose graphs are at hand at once: a row of tiles has one for every size of window, and at its rim
one more for the image turned by half. Each holds 24 MB, its weights and code."""
_MOST_KEPT = 32
"""As many where a row turns out to have more: where cores are smaller than the context."""

_MOST_AT_ONCE = 16
"""Images computed at the same time, each of which takes some 200 MB; beyond are worker processes."""

_GREY = np.uint8(FILL_GREY)


@dataclass(slots=True)
class _Compiled:
    """A graph for images of one size and one part of them, and one thread of it."""

    graph: Any
    """An ``openvino.CompiledModel``, which others may hold too."""
    request: Any = None
    """The way to run it in that thread, which holds image and maps; None: not at present."""

    def begin(self, image: NDArray[np.uint8]) -> None:
        """Compute (bands, height, width)."""
        if self.request is None:
            self.request = self.graph.create_infer_request()
        self.request.start_async({0: image[None]})

    def let_go(self) -> None:
        """Of all memory but what its own weights and code take."""
        self.request = None
        self.graph.release_memory()


@dataclass(frozen=True, slots=True)
class _Job:
    """One image to be computed."""

    image: NDArray[np.uint8]
    """(bands, height, width)."""
    part: Window
    """What is computed of it, in whole strides."""
    wanted: tuple[slice, slice]
    """Rows and columns of the part's maps that are asked for."""
    maps: NDArray[np.float32]
    """(heads, height, width) where they go."""

    @property
    def key(self) -> tuple[int, int, Window]:
        """Which graphs can compute it."""
        return (*self.image.shape[1:], self.part)


class OpenVinoDenseModel(DenseFacts):
    """A graph on the processor.

    A graph is compiled for every size of image and part of it that is asked for, so that an answer
    depends on neither what came before nor on the batch: every image passes by itself. It passes by one
    thread, since sums of small images come out otherwise by two; cores are kept busy by several images.
    """

    device = "cpu"
    """Where it runs."""

    def __init__(
        self,
        graph: Any,  # noqa: ANN401  # an openvino.Model
        metadata: Metadata,
        *,
        sha256: str = "",
        precision: Precision = "auto",
        file: Path | None = None,
    ) -> None:
        super().__init__(metadata, sha256)
        self.precision = _checked(precision)
        """In what it computes."""
        self.runtime = openvino_version()
        """What runs it."""
        self.file = file
        """Where its tensors came from."""
        self.threads: int | None = None
        """How many it computes with, each an image of its own; None: one for every core."""
        self._graph = graph
        self._free: OrderedDict[tuple[int, int, Window], list[_Compiled]] = OrderedDict()
        self._last: set[tuple[int, int, Window]] = set()
        self._kept = _KEPT
        self._forgotten: set[tuple[int, int, Window]] = set()

    @classmethod
    def from_file(cls, path: Path, *, precision: Precision = "auto") -> OpenVinoDenseModel:
        """Read a model file (.safetensors); one that does not fit gives a ModelError."""
        arrays, metadata = load_arrays(path)
        try:
            graph = build_graph(arrays, metadata, rounding_for(precision, arrays))
        except ModelError as error:
            raise ModelError(
                f"the tensors in {path} do not fit the architecture that it names ({error}); the "
                "file is damaged, export it again"
            ) from error
        return cls(graph, metadata, sha256=sha256_of(path), precision=precision, file=path)

    @classmethod
    def from_graph(cls, path: Path, *, precision: Precision = "auto") -> OpenVinoDenseModel:
        """Read a graph (.onnx, .xml); one that does not fit its metadata gives a ModelError."""
        metadata, sha256 = checked_metadata(path)
        precision = held_precision(path, metadata, precision)
        graph = read_graph(path, metadata)
        return cls(graph, metadata, sha256=sha256, precision=precision, file=path)

    @property
    def at_once(self) -> int:
        """Images that it computes at the same time."""
        own = str(self.threads or os.environ.get("OMP_NUM_THREADS", ""))
        return min(int(own) if own.isdecimal() and int(own) else usable_cores(), _MOST_AT_ONCE)

    def predict_part(self, images: NDArray[np.uint8], part: Window) -> NDArray[np.float32]:
        """The maps of a part of the images alone: (batch, heads, part's height, part's width)."""
        (maps,) = self.predict_parts([(images, part)])
        return maps

    def predict_parts(
        self, asked: Sequence[tuple[NDArray[np.uint8], Window]]
    ) -> list[NDArray[np.float32]]:
        """``predict_part`` of each, computed together."""
        answers = []
        for images, part in asked:
            check_images(images, part, len(self.metadata.mean))
            shape = (len(images), len(self.heads), part.height, part.width)
            answers.append(np.empty(shape, np.float32))
        jobs = [
            job
            for (images, part), maps in zip(asked, answers, strict=True)
            for job in self._jobs(images, part, maps)
        ]
        self._forget_others({job.key for job in jobs})
        self._compute(jobs)
        return answers

    def _jobs(
        self, images: NDArray[np.uint8], part: Window, maps: NDArray[np.float32]
    ) -> Iterator[_Job]:
        computed = self._whole_strides(self._made_alike(images, part))
        wanted = part.slices_in(computed)
        for image, own in zip(images, maps, strict=True):
            yield _Job(np.ascontiguousarray(image), computed, wanted, own)

    def _made_alike(self, images: NDArray[np.uint8], part: Window) -> Window:
        # In other precisions a tile takes longer to compute than its graph to compile.
        if self.precision != "int8":
            return part
        height, width = images.shape[-2:]
        context_px = round_up(self.halo_px, self.stride_px)
        return made_alike(part, height, width, context_px=context_px)

    def _compute(self, jobs: Sequence[_Job]) -> None:
        begin_threads("OpenVINO")
        begun: deque[tuple[_Job, _Compiled]] = deque()
        at_once = self.at_once
        alike = Counter(job.key for job in jobs)
        try:
            for job in jobs:
                if len(begun) == at_once:
                    self._end(*begun.popleft())
                busy = sum(other.key == job.key for other, _ in begun)
                compiled = self._compiled_for(job, min(alike[job.key], at_once) - busy)
                compiled.begin(job.image)
                begun.append((job, compiled))
        finally:  # what has begun must end before its image goes
            while begun:
                self._end(*begun.popleft())

    def _end(self, job: _Job, compiled: _Compiled) -> None:
        compiled.request.wait()
        answer = compiled.request.get_output_tensor(0).data[0]  # (heads, height, width)
        job.maps[:] = answer[:, *job.wanted]
        self._free[job.key].append(compiled)

    def _whole_strides(self, part: Window) -> Window:
        """The part and what lacks to whole strides, in the padded image: mirrored ones become one."""
        stride = self.stride_px
        row_off, col_off = round_down(part.row_off, stride), round_down(part.col_off, stride)
        return Window(
            row_off,
            col_off,
            round_up(part.row_end, stride) - row_off,
            round_up(part.col_end, stride) - col_off,
        )

    def torch_network(self) -> nn.Module | None:
        """The same weights as a torch network, for certification; None where there is none."""
        if self.file is None or is_graph(self.file) or not is_installed("torch"):
            return None
        from geoseg.models.dense import TorchDenseModel

        network: nn.Module = TorchDenseModel.from_file(self.file, device="cpu").network
        return network

    def _compiled_for(self, job: _Job, lacking: int) -> _Compiled:
        """One that is free; ``lacking`` of them are made where none is."""
        free = self._free.setdefault(job.key, [])
        self._free.move_to_end(job.key)
        if not free:
            free.extend(self._compile(*job.key, lacking))
        return free.pop()

    def _forget_others(self, needed: set[tuple[int, int, Window]]) -> None:
        """Let go of what other sizes hold, which is as much as those that are needed will."""
        for key in self._last - needed:
            for compiled in self._free.get(key, ()):  # none if an earlier image of that call failed
                compiled.let_go()
        self._last = needed
        if needed & self._forgotten:  # they come back, row after row
            self._kept = min(2 * self._kept, _MOST_KEPT)
            self._forgotten.clear()
        others = [key for key in self._free if key not in needed]  # the oldest first
        for key in others[: max(0, len(others) + len(needed) - self._kept)]:
            del self._free[key]
            self._forgotten.add(key)

    def _compile(self, height: int, width: int, part: Window, threads: int) -> list[_Compiled]:
        """One graph for all threads: compiling takes longer than computing a tile."""
        stride = self.stride_px
        below, right = round_up(height, stride) - height, round_up(width, stride) - width
        graph = self._graph.clone()
        if below or right:
            _pad(graph, below, right)
        self._reshape(graph, height, width)
        cut(graph, part)
        if self.precision == "int8" and not rounds_transposed():
            interleave(graph)
        compiled = core().compile_model(graph, "CPU", _settings(self.precision, threads))
        return [_Compiled(compiled) for _ in range(threads)]

    def _reshape(self, graph: Any, height: int, width: int) -> None:  # noqa: ANN401
        """Fix the size of the images.

        Raises:
            ModelError: the graph does not work at that size, or its maps are of another.
        """
        stride, (maps,) = self.stride_px, graph.outputs
        try:
            graph.reshape([1, len(self.metadata.mean), height, width])
        except RuntimeError as error:
            raise ModelError(
                f"the graph of {self.name} cannot take images of {height} x {width} pixels "
                f"({reason_of(error)}); export it with open height and width"
            ) from error
        given, wanted = (
            maps.get_partial_shape(),
            [
                1,
                len(self.heads),
                round_up(height, stride),
                round_up(width, stride),
            ],
        )
        if given.is_dynamic or list(given.to_shape()) != wanted:
            raise ModelError(
                f"the graph of {self.name} gives maps of shape {given} for images of {height} x {width} "
                f"pixels; with heads {self.heads} they must be {wanted}"
            )


def _pad(graph: Any, below: int, right: int) -> None:  # noqa: ANN401
    """Complete images to whole strides as the network's own padding goes on."""
    named = [node for node in graph.get_ops() if node.get_friendly_name() == NORMALISED]
    # A graph that scales bytes itself, in a way of its own, is shown grey there.
    inner, fill = (named[0], np.float32(0)) if named else (graph.get_parameters()[0], _GREY)
    targets = inner.output(0).get_target_inputs()
    ops = operations()
    ends = [ops.constant(np.array(each, np.int64)) for each in ([0] * 4, [0, 0, below, right])]
    padded = ops.pad(inner, *ends, "constant", ops.constant(fill))
    for target in targets:
        target.replace_source_output(padded.output(0))


def rounding_for(
    precision: Precision, arrays: Mapping[str, NDArray[np.generic]]
) -> EightBits | None:
    """How a graph of these tensors rounds; None: not at all.

    Raises:
        ModelError: what was measured is damaged.
        UsageError: int8, and nothing was measured.
    """
    if precision != "int8":
        return None
    measured = measured_in(arrays)
    if not measured:
        raise UsageError(INT8_NEEDS_RANGES)
    return EightBits(measured)


def held_precision(path: Path, metadata: Metadata, precision: Precision) -> Precision:
    """What a graph in a file is run in: int8 is in its numbers, all else is chosen.

    Raises:
        UsageError: it was exported in another.
    """
    in_eight_bits = metadata.graph_precision == "int8"
    if in_eight_bits and precision not in {"auto", "int8"}:
        raise UsageError(
            f"{path} was exported in int8 and does not run in {precision}; use --precision auto, or the "
            "model file that it came from"
        )
    if precision == "int8" and not in_eight_bits:
        raise UsageError(INT8_NOT_IN_GRAPH.format(path=path))
    return "int8" if in_eight_bits else precision


def _checked(precision: Precision) -> Precision:
    """What a graph is run in; auto is fp32, whose buildings the thresholds were chosen on.

    Raises:
        UsageError: the processor lacks it.
    """
    if precision == "bf16" and "BF16" not in capabilities():
        raise UsageError(
            f"this processor ({processor_kind()}) does not compute in bf16; use --precision fp32, "
            "or --runtime torch, which imitates it slowly"
        )
    return "fp32" if precision == "auto" else precision


def _settings(precision: Precision, threads: int) -> dict[str, Any]:
    """Of a compiled graph, each thread by itself. Without a precision OpenVINO takes bf16 by itself where it can."""
    return {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        "NUM_STREAMS": threads,
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,  # the same cores read and draw
    }
