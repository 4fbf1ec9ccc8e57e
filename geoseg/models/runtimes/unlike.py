"""Parts of graphs that OpenVINO computes otherwise than their files say, without a word.

Seen with OpenVINO 2026.4.1; ``findings/`` has a script for each that fails once it is mended.
"""

from __future__ import annotations

from typing import Any

_ALL_PIXELS = {"bilinear_pillow", "bicubic_pillow"}
"""Ways of an Interpolate that heed its ``antialias``; those that ONNX's Resize becomes do not."""


def unlike_its_file(graph: Any) -> str:  # noqa: ANN401  # an openvino.Model
    """What of a graph would come out otherwise, for a sentence; empty: nothing known."""
    found = (_unlike(part) for part in graph.get_ordered_ops())
    return next((what for what in found if what), "")


def _unlike(part: Any) -> str:  # noqa: ANN401  # an openvino.Node
    kind, told = part.get_type_name(), part.get_attributes()
    if kind == "Interpolate" and told["antialias"] and told["mode"] not in _ALL_PIXELS:
        return "a Resize with antialias, which it leaves out"
    if kind == "AvgPool" and _counts_beyond_padding(told):
        return "an AveragePool with ceil_mode over padding, which it divides by too many pixels"
    if kind.endswith("ConvolutionBackpropData") and _loses_padding(part, told):
        return "a ConvTranspose that names its output's size, whose padding it leaves out"
    return ""


def _counts_beyond_padding(told: dict[str, Any]) -> bool:
    padded = any(told["pads_begin"]) or any(told["pads_end"])
    return padded and not told["exclude-pad"] and told["rounding_type"].startswith("ceil")


def _loses_padding(part: Any, told: dict[str, Any]) -> bool:  # noqa: ANN401
    """With sizes that are given the padding is worked out, and stands there in numbers."""
    images_and_kernel = 2
    named = told["auto_pad"].startswith("same") or len(part.inputs()) > images_and_kernel
    return named and part.input(0).get_partial_shape().is_dynamic
