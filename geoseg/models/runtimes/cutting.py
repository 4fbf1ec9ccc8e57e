"""A part of a graph's maps, without computing what only the rest of them needs.

A tile's context is there for the encoder, whose coarsest pixels see far; the decoder does most of the
work and needs the wanted part and a few pixels around it. Going from the maps towards the image, every
node is asked which pixels of its inputs it needs for the wanted pixels of its own; where that is well
below the whole, inputs are cut to it, and padding stays only where the whole ends too. What is left
computes the same sums of the same numbers.

Nodes that this does not know (other kinds of enlargement, pooling, attention) need the whole of their
inputs, so that any graph may come here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geoseg.models.runtimes.editing import cropped, put_in_place
from geoseg.models.runtimes.library import operations

if TYPE_CHECKING:
    from geoseg.types import Window

Node = Any
"""Of a graph; the library comes without usable types."""

_ENOUGH = 0.8
"""A node of whose pixels more than this share is needed computes all: cutting costs a copy."""
_POINTWISE = frozenset(
    (
        "Add", "Clamp", "Concat", "Convert", "Divide", "Elu", "FakeQuantize", "Gelu", "HSwish",
        "HardSigmoid", "Maximum", "Minimum", "Mish", "Multiply", "PRelu", "Relu", "Sigmoid",
        "SoftPlus", "Subtract", "Swish", "Tanh",
    )
)  # fmt: skip
"""Every pixel of the answer needs that pixel of the inputs."""
_INTERLEAVING = "DepthToSpace"
"""Channels of one pixel become a square of pixels."""
_RESULT = "Result"


@dataclass(frozen=True, slots=True)
class _Axis:
    """Rows, or columns, of maps: those from ``start`` to before ``stop`` of ``size``."""

    start: int
    stop: int
    size: int

    def hull(self, other: _Axis) -> _Axis:
        return _Axis(min(self.start, other.start), max(self.stop, other.stop), self.size)


_Area = tuple[_Axis, _Axis]
"""Rows and columns."""


@dataclass(frozen=True, slots=True)
class _Kernel:
    """What one output pixel of a convolution sees along one axis."""

    taps: int
    stride: int
    pad_begin: int
    dilation: int


def cut(model: Any, part: Window) -> None:  # noqa: ANN401
    """Change a graph to compute a part of its maps alone.

    Args:
        model: an ``openvino.Model`` of one output, all shapes fixed.
        part: of its maps.
    """
    (result,) = model.get_results()
    height, width = result.get_input_shape(0)[-2:]
    wanted = (
        _Axis(part.row_off, part.row_end, height),
        _Axis(part.col_off, part.col_end, width),
    )
    plan = _Plan.of(model.get_ordered_ops(), result, wanted)
    for node in model.get_ordered_ops():
        if _key(node) in plan.areas:
            _fit(node, plan)
    model.validate_nodes_and_infer_types()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is computed where, in pixels of the whole."""

    areas: dict[int, _Area]
    """A node's key to what it computes; nodes that are not maps have none."""
    needs: dict[tuple[int, int], _Area]
    """A node's key and the place of an input to what it needs of that input."""

    @classmethod
    def of(cls, ordered: list[Node], result: Node, wanted: _Area) -> _Plan:
        """From the result towards the image: what every node is asked for."""
        plan = cls({_key(result): wanted}, {})
        for node in reversed(ordered):
            area = plan.areas.get(_key(node))
            if area is None:
                continue
            area = plan.areas[_key(node)] = _worth_it(node, area)
            for place in range(node.get_input_size()):
                source = node.input_value(place)
                if not _is_map(source):
                    continue
                needed = plan.needs[_key(node), place] = _needed(node, place, area)
                before = plan.areas.get(_key(source.get_node()), needed)
                hull = (needed[0].hull(before[0]), needed[1].hull(before[1]))
                plan.areas[_key(source.get_node())] = hull
        return plan


def _worth_it(node: Node, area: _Area) -> _Area:
    """What the node computes so that the area is among it."""
    rows, cols = area
    share = (rows.stop - rows.start) * (cols.stop - cols.start) / (rows.size * cols.size)
    if node.get_type_name() != _RESULT and (share > _ENOUGH or not _is_known(node)):
        return _whole((rows.size, cols.size))
    if node.get_type_name() == _INTERLEAVING:
        height, width = node.get_input_shape(0)[-2:]
        return _whole_squares(rows, rows.size // height), _whole_squares(cols, cols.size // width)
    return area


def _whole_squares(axis: _Axis, side: int) -> _Axis:
    """The least that holds the axis and begins and ends between squares of ``side`` pixels."""
    return _Axis(axis.start // side * side, -(-axis.stop // side) * side, axis.size)


def _read_by(squares: _Axis, size: int) -> _Axis:
    """The pixels that become these squares, of ``size``."""
    side = squares.size // size
    return _Axis(squares.start // side, squares.stop // side, size)


def _needed(node: Node, place: int, area: _Area) -> _Area:
    """The pixels of one input that the node needs for its own area."""
    kind, shape = node.get_type_name(), node.get_input_shape(place)
    if kind in _POINTWISE or kind == _RESULT:
        # Maps of one pixel, or one row, that serve all others are taken whole.
        return (_resized(area[0], shape[-2]), _resized(area[1], shape[-1]))
    if kind == _INTERLEAVING:
        return (_read_by(area[0], shape[-2]), _read_by(area[1], shape[-1]))
    kernels = _kernels(node)
    if place or kernels is None:
        return _whole(shape)
    seen = _seen_transposed if "Backprop" in kind else _seen
    return (seen(area[0], kernels[0], shape[-2]), seen(area[1], kernels[1], shape[-1]))


def _resized(axis: _Axis, size: int) -> _Axis:
    return axis if size == axis.size else _Axis(0, size, size)


def _seen(out: _Axis, kernel: _Kernel, size: int) -> _Axis:
    start = out.start * kernel.stride - kernel.pad_begin
    reach = (kernel.taps - 1) * kernel.dilation + 1
    stop = (out.stop - 1) * kernel.stride - kernel.pad_begin + reach
    return _Axis(max(start, 0), min(stop, size), size)


def _seen_transposed(out: _Axis, kernel: _Kernel, size: int) -> _Axis:
    """Input i reaches the outputs from i * stride - pad on, as many as there are taps."""
    first = -(-(out.start + kernel.pad_begin - kernel.taps + 1) // kernel.stride)
    last = (out.stop - 1 + kernel.pad_begin) // kernel.stride
    return _Axis(max(first, 0), min(last + 1, size), size)


def _kernels(node: Node) -> tuple[_Kernel, _Kernel] | None:
    """Of the two axes; None where the node is no convolution of images."""
    kind = node.get_type_name()
    if kind not in _CONVOLUTIONS:
        return None
    told = node.get_attributes()
    if told.get("auto_pad", "explicit") not in {"explicit", "notset"}:
        return None
    if any(told.get("output_padding", ())) or (
        "Backprop" in kind and any(step != 1 for step in told["dilations"])
    ):
        return None
    taps = node.get_input_shape(1)[-2:]
    rows, cols = (
        _Kernel(*each)
        for each in zip(taps, told["strides"], told["pads_begin"], told["dilations"], strict=True)
    )
    return rows, cols


def _is_known(node: Node) -> bool:
    kind = node.get_type_name()
    return kind in _POINTWISE or kind == _INTERLEAVING or _kernels(node) is not None


def _fit(node: Node, plan: _Plan) -> None:
    """Cut the node's inputs to what it needs, and let it pad only where the whole ends."""
    area = plan.areas[_key(node)]
    for place in range(node.get_input_size()):
        needed = plan.needs.get((_key(node), place))
        if needed is None:
            continue
        source = node.input_value(place)
        have = plan.areas[_key(source.get_node())]
        if needed != have:
            node.input(place).replace_source_output(_sliced(source, have, needed))
    kernels = _kernels(node)
    if kernels is not None and area != _whole((area[0].size, area[1].size)):
        made = _padded(node, kernels, area, plan.needs[_key(node), 0])
        plan.areas[_key(made)] = area


def _padded(node: Node, kernels: tuple[_Kernel, _Kernel], area: _Area, needed: _Area) -> Node:
    """The same convolution in the node's place, for its area alone."""
    begin, end = [], []
    for kernel, out, into in zip(kernels, area, needed, strict=True):
        pads = _pads_transposed if "Backprop" in node.get_type_name() else _pads
        before, after = pads(kernel, out, into)
        begin.append(before)
        end.append(after)
    told = node.get_attributes()
    made = _CONVOLUTIONS[node.get_type_name()](
        node.input_value(0), node.input_value(1), told, begin, end
    )
    put_in_place(node, made)
    return made


def _pads(kernel: _Kernel, out: _Axis, into: _Axis) -> tuple[int, int]:
    """Zeros before and after what it takes, so that it gives ``out``."""
    first = out.start * kernel.stride - kernel.pad_begin
    last = (out.stop - 1) * kernel.stride - kernel.pad_begin + (kernel.taps - 1) * kernel.dilation
    return into.start - first, last + 1 - into.stop


def _pads_transposed(kernel: _Kernel, out: _Axis, into: _Axis) -> tuple[int, int]:
    """Padding takes off here: of all that the inputs reach, ``out`` stays."""
    first = into.start * kernel.stride - kernel.pad_begin
    last = (into.stop - 1) * kernel.stride - kernel.pad_begin + kernel.taps
    return out.start - first, last - out.stop


def _convolution(
    x: Node, weight: Node, told: dict[str, Any], begin: list[int], end: list[int]
) -> Node:
    return operations().convolution(x, weight, told["strides"], begin, end, told["dilations"])


def _group_convolution(
    x: Node, weight: Node, told: dict[str, Any], begin: list[int], end: list[int]
) -> Node:
    return operations().group_convolution(x, weight, told["strides"], begin, end, told["dilations"])


def _transposed(
    x: Node, weight: Node, told: dict[str, Any], begin: list[int], end: list[int]
) -> Node:
    return operations().convolution_backprop_data(
        x, weight, told["strides"], pads_begin=begin, pads_end=end
    )


_CONVOLUTIONS: dict[str, Callable[..., Node]] = {
    "Convolution": _convolution,
    "GroupConvolution": _group_convolution,
    "ConvolutionBackpropData": _transposed,
}


def _sliced(source: Node, have: _Area, needed: _Area) -> Node:
    starts = [axis.start - own.start for axis, own in zip(needed, have, strict=True)]
    stops = [axis.stop - own.start for axis, own in zip(needed, have, strict=True)]
    return cropped(source, starts, stops).output(0)


def _whole(shape: tuple[int, ...]) -> _Area:
    height, width = shape[-2:]
    return _Axis(0, height, height), _Axis(0, width, width)


def _is_map(source: Node) -> bool:
    """Whether it is (batch, channels, height, width) and no weights."""
    shape = source.get_partial_shape()
    constant = source.get_node().get_type_name() == "Constant"
    return not constant and shape.rank.is_static and shape.rank.get_length() == 4  # noqa: PLR2004


def _key(node: Node) -> int:
    return int(node.get_instance_id())
