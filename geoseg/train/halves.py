"""What learns from which ground: a network from all of it, and from each half one to be judged on the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from geoseg.errors import DatasetError
from geoseg.train.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geoseg.scenes.scene import Scene
    from geoseg.train.config import TrainConfig

FOLDERS = "first", "second"
"""Within the output folder, of the halves' checkpoints and logs."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one network learns from."""

    config: TrainConfig
    """Its share of steps and minutes, and its folder."""
    scenes: Sequence[Scene]
    """All scenes in their order; what others are judged on is unknown ground."""


def parts_of(
    config: TrainConfig, training: Sequence[Scene], held_out: Sequence[Scene]
) -> list[Part]:
    """All ground first; then its halves, where a model is fine-tuned and nothing is held out to judge it on.

    The halves take a quarter each of the steps and minutes.

    Raises:
        DatasetError: the ground cannot judge a fine-tuning.
    """
    if not config.fine_tunes:
        return [Part(config, training)]
    if not any(scene.labels.any() for scene in held_out or training):
        raise DatasetError(
            f"no scene {'held out ' if held_out else ''}shows a labelled building, so nothing can tell whether the "
            "training makes the model better; label some, or set fine_tune: false"
        )
    if held_out:
        return [Part(config, training)]
    quarter = _shorter(config, 4)
    return [
        Part(_shorter(config, 2), training),
        *(
            Part(quarter.model_copy(update={"output": config.output / name}), half)
            for name, half in zip(FOLDERS, halves(training), strict=True)
        ),
    ]


def halves(scenes: Sequence[Scene]) -> tuple[list[Scene], list[Scene]]:
    """The scenes twice, each with half of the pieces of known ground, dealt so that buildings are even.

    Raises:
        DatasetError: there is a single piece.
    """
    pieces = [Pieces.of(scene) for scene in scenes]
    sizes = [_sizes(*pair) for pair in zip(scenes, pieces, strict=True)]
    order = sorted(
        (-int(own.wanted[piece]), -int(size), number, piece)
        for number, (own, known) in enumerate(zip(pieces, sizes, strict=True))
        for piece, size in enumerate(known)
        if size
    )
    if len(order) <= 1:
        raise DatasetError(
            "one piece of labelled ground cannot tell whether a training makes the model better; label two "
            "plots or more, some 50 m apart, or hold scenes out (split val)"
        )
    first = [np.zeros(len(own.wanted), bool) for own in pieces]
    for place, (_, _, number, piece) in enumerate(order):
        first[number][piece] = place % 4 in {0, 3}
    there = [own.of_piece(mine) for own, mine in zip(pieces, first, strict=True)]
    return _limited(scenes, there), _limited(scenes, [~one for one in there])


def _sizes(scene: Scene, pieces: Pieces) -> NDArray[np.int64]:
    """(pieces,) known pixels."""
    return np.bincount(pieces.number[~scene.ignore], minlength=len(pieces.wanted))


def _limited(scenes: Sequence[Scene], there: Sequence[NDArray[np.bool_]]) -> list[Scene]:
    pairs = zip(scenes, there, strict=True)
    return [replace(scene, ignore=scene.ignore | ~known) for scene, known in pairs]


def _shorter(config: TrainConfig, times: int) -> TrainConfig:
    schedule = config.schedule
    minutes = schedule.max_minutes
    shorter = {
        "max_steps": -(-schedule.max_steps // times),
        "max_minutes": None if minutes is None else minutes / times,
    }
    return config.model_copy(update={"schedule": schedule.model_copy(update=shorter)})
