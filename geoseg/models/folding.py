"""Batch norms folded into the convolutions before them: less work and less memory at prediction.

In evaluation mode a batch norm multiplies by stored numbers and adds others, which a convolution can do
along the way. Which norm follows which convolution is seen in a trial run, so that any architecture
can be folded, and a folded network that gives another answer is not used.
"""

from __future__ import annotations

import copy
from collections import Counter
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

if TYPE_CHECKING:
    from torch import Tensor

_TRIAL_PX = 64
_TOLERANCE = 1e-4
"""Largest difference of logits in the trial, relative to the largest; by rounding it is 1e-6."""


def fold_batch_norms(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode, without the batch norms that follow a convolution.

    Norms without stored statistics, and of other kinds, stay: certification still sees them.
    """
    plain = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
    image = torch.randn(1, 3, _TRIAL_PX, _TRIAL_PX, generator=torch.Generator().manual_seed(0))
    pairs, wanted = _trial(plain, image)
    folded = copy.deepcopy(plain)
    for conv_name, norm_name in pairs:
        _fold(folded, conv_name, norm_name)
    difference = (folded(image) - wanted).abs().max()
    return folded if difference <= _TOLERANCE * wanted.abs().max() else plain


def _fold(network: nn.Module, conv_name: str, norm_name: str) -> None:
    conv, norm = network.get_submodule(conv_name), network.get_submodule(norm_name)
    fused = fuse_conv_bn_eval(conv, norm)  # type: ignore[type-var, arg-type]
    network.set_submodule(conv_name, fused)
    # timm's batch norms have their activation inside.
    network.set_submodule(norm_name, getattr(norm, "act", nn.Identity()))


def _trial(network: nn.Module, image: Tensor) -> tuple[list[tuple[str, str]], Tensor]:
    """Names of convolutions and of the norms that their outputs go to at once, and the answer."""
    last: list[tuple[str, Tensor]] = []
    pairs: list[tuple[str, str]] = []

    def after_conv(name: str) -> Any:  # noqa: ANN401 - a hook
        return lambda _module, _inputs, output: last.append((name, output))

    def before_norm(name: str) -> Any:  # noqa: ANN401 - a hook
        def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            if last and last[-1][1] is inputs[0]:
                pairs.append((last[-1][0], name))

        return hook

    handles = []
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            handles.append(module.register_forward_hook(after_conv(name)))
        elif isinstance(module, nn.BatchNorm2d) and module.track_running_stats:
            handles.append(module.register_forward_pre_hook(before_norm(name)))
    try:
        answer: Tensor = network(image)
    finally:
        for handle in handles:
            handle.remove()
    return _used_once(pairs), answer


def _used_once(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without modules that the network passes several times."""
    uses = Counter(name for pair in pairs for name in pair)
    return [pair for pair in pairs if uses[pair[0]] == uses[pair[1]] == 1]
