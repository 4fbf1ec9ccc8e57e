"""Networks that have learnt before show another what they see.

Knowledge distillation (Hinton et al. 2015, arXiv:1503.02531), at a temperature of 1 and for maps: the
answers of the teachers, mistakes and doubts included, are targets beside the labels. They also answer
where labels are unknown. Asked for four views of a crop, each at another place of their lattice, they know
more than a network sees at once, and what it learns from them it then says in one view.
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
    from collections.abc import Sequence

    from torch import Generator, Tensor, nn

    from geoseg.train.config import TeacherViews

_FLIPS = ((), (2, 3), (2,), (3,))
"""Axes of the four views: as it is, turned by half, and both mirror images."""


class Teachers:
    """Finished networks, whose mean is learnt; no part of what is trained, saved or averaged."""

    def __init__(self, specs: Sequence[str | Path], views: TeacherViews = 1) -> None:
        """Load them.

        Args:
            specs: Model files, or ``default``.
            views: 1: each is shown the crops as they are; 4: four views, shared out among them.

        Raises:
            ModelError: a file is missing, or its maps are others than those that are learnt.
        """
        self._members = [Teacher(spec) for spec in specs]
        self._views = views

    @torch.no_grad()
    def answers(self, images: Tensor, generator: Generator | None = None) -> Tensor:
        """Mean probabilities (batch, heads, height, width) for normalised images."""
        members = self._members
        if self._views == 1:
            return torch.stack([member.answers(images) for member in members]).mean(0)
        lot = torch.randperm(len(members), generator=generator).tolist()
        seen = [
            members[lot[number % len(lot)]].seen(images, flips, generator)
            for number, flips in enumerate(_FLIPS)
        ]
        return torch.stack(seen).mean(0)


class Teacher:
    """A finished network."""

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
        self._stride_px = metadata.architecture.stride_px
        network = build_network(metadata.architecture)
        network.load_state_dict(state)
        self._network: nn.Module = fold_batch_norms(network)
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def answers(self, images: Tensor) -> Tensor:
        """Probabilities (batch, heads, height, width) for normalised images."""
        return torch.sigmoid(self._network.to(images.device)(images).float())

    @torch.no_grad()
    def seen(
        self, images: Tensor, flips: tuple[int, ...], generator: Generator | None = None
    ) -> Tensor:
        """Its answers to the images flipped along axes and moved on its lattice by lot, put back."""
        stride = self._stride_px
        down, right = torch.randint(stride, (2,), generator=generator).tolist()
        height, width = images.shape[2:]
        around = (right, stride - right, down, stride - down)
        view = functional.pad(images.flip(flips), around, mode="reflect")
        found = self.answers(view.contiguous(memory_format=torch.channels_last))
        return found[:, :, down : down + height, right : right + width].flip(flips)


def distance(logits: Tensor, answers: Tensor) -> Tensor:
    """(heads,) mean cross-entropy between the teacher's probabilities and (batch, heads, ...) logits."""
    entropy = functional.binary_cross_entropy_with_logits(logits.float(), answers, reduction="none")
    return entropy.mean((0, 2, 3))
