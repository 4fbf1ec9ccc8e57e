"""Transposed convolutions as plain ones, whose answers are put side by side.

Where the processor has no AVX-512 OpenVINO computes transposed convolutions of rounded maps in single precision, but in
small images: a third of the network's time. A transposed convolution of 4 x 4 with stride 2 gives four
pixels for every one, each by 2 x 2 weights of its own: one convolution with four times the channels, whose
pixels then become squares. The same sums of the same products, in whole numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geoseg.machine import processor_kind
from geoseg.models.runtimes.editing import cropped, put_in_place
from geoseg.models.runtimes.library import operations

if TYPE_CHECKING:
    from numpy.typing import NDArray

Node = Any
"""Of a graph; the library comes without usable types."""

_TRANSPOSED = "ConvolutionBackpropData"
_TAPS, _STRIDE = 4, 2


def rounds_transposed() -> bool:
    """Whether this processor computes transposed convolutions of whole numbers as such."""
    return "avx512" in processor_kind()


def interleave(model: Any) -> None:  # noqa: ANN401
    """Put a convolution in the place of every transposed one of 4 x 4 with stride 2 and whole weights.

    Args:
        model: an ``openvino.Model``, all shapes fixed.
    """
    for node in model.get_ordered_ops():
        if node.get_type_name() == _TRANSPOSED and (kernel := _kernel(node)) is not None:
            put_in_place(node, _interleaved(node, *kernel))
    model.validate_nodes_and_infer_types()


def _kernel(node: Node) -> tuple[NDArray[np.int8], NDArray[np.float32]] | None:
    """Whole weights (in, out, 4, 4) and the size of 1, (1, out, 1, 1); None: it is another kind."""
    told, weights = node.get_attributes(), node.input_value(1).get_node()
    plain = (
        tuple(told["strides"]) == (_STRIDE, _STRIDE)
        and tuple(told["dilations"]) == (1, 1)
        and not any(told["output_padding"])
        and tuple(node.get_input_shape(1)[-2:]) == (_TAPS, _TAPS)
    )
    if not plain or weights.get_type_name() != "Multiply":
        return None
    converted, size = (weights.input_value(place).get_node() for place in (0, 1))
    if converted.get_type_name() != "Convert":
        return None
    whole = converted.input_value(0).get_node()
    return whole.data, np.broadcast_to(size.data, (1, whole.data.shape[1], 1, 1))


def _interleaved(node: Node, whole: NDArray[np.int8], size: NDArray[np.float32]) -> Node:
    ops, told, x = operations(), node.get_attributes(), node.input_value(0)
    kernel = ops.multiply(
        ops.convert(ops.constant(_apart(whole)), "f32"),
        ops.constant(np.tile(size.reshape(-1, 1, 1, 1), (_STRIDE**2, 1, 1, 1))),
    )
    y = ops.convolution(x, kernel, [1, 1], [1, 1], [1, 1], [1, 1])
    doubled = ops.depth_to_space(y, "blocks_first", _STRIDE)  # one pixel more at every side
    begin, end = told["pads_begin"], told["pads_end"]
    if not any((*begin, *end)):
        return doubled
    sizes = [
        _STRIDE * length + 2 - last
        for length, last in zip(node.get_input_shape(0)[-2:], end, strict=True)
    ]
    return cropped(doubled, begin, sizes)


def _apart(kernel: NDArray[np.int8]) -> NDArray[np.int8]:
    """(in, out, 4, 4) of a transposed convolution to (4 out, in, 2, 2) of one that gives squares.

    Row ``2 i + p`` of the answer, counted from the first that any pixel reaches, is reached by pixel i with weight p
    and by the one before with weight p + 2; columns alike.
    """
    into, out = kernel.shape[:2]
    turned = kernel[..., ::-1, ::-1].reshape(into, out, 2, 2, 2, 2)  # rows: tap, p; columns: tap, q
    squares = turned[:, :, :, ::-1, :, ::-1].transpose(3, 5, 1, 0, 2, 4)  # p, q, out, in, tap, tap
    return np.ascontiguousarray(squares.reshape(4 * out, into, 2, 2))
