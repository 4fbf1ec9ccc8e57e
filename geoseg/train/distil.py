"""A network that has learnt before shows another what it sees.

Knowledge distillation (Hinton et al. 2015, arXiv:1503.02531), at a temperature of 1 and for maps: the
answers of the teacher, mistakes and doubts included, are targets beside the labels. It also answers
where labels are unknown.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from geoseg.errors import ModelError
from geoseg.models.folding import fold_batch_norms
from geoseg.models.loading import model_file
from geoseg.models.network import build_network
from geoseg.models.weights import load_weights
from geoseg.train.targets import HEADS

if TYPE_CHECKING:
    from torch import Tensor, nn


class Teacher:
    """A finished network; no part of what is trained, saved or averaged."""

    def __init__(self, spec: str | Path) -> None:
        """Load it.

        Raises:
            ModelError: there is no such file, or its maps are others than those that are learnt.
        """
        state, metadata = load_weights(model_file(spec))
        if metadata.architecture.heads != HEADS:
            raise ModelError(
                f"the teacher {spec} predicts {', '.join(metadata.architecture.heads)}; it must "
                f"predict {', '.join(HEADS)}"
            )
        network = build_network(metadata.architecture)
        network.load_state_dict(state)
        self._network: nn.Module = fold_batch_norms(network)
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def answers(self, images: Tensor) -> Tensor:
        """Probabilities (batch, heads, height, width) for normalised images."""
        return torch.sigmoid(self._network.to(images.device)(images).float())


def distance(logits: Tensor, answers: Tensor) -> Tensor:
    """(heads,) mean cross-entropy between the teacher's probabilities and (batch, heads, ...) logits."""
    entropy = functional.binary_cross_entropy_with_logits(logits.float(), answers, reduction="none")
    return entropy.mean((0, 2, 3))
