"""Which weights a fine-tuning hands out: the start's, the trained ones or their mean, as left-out ground says.

The mean of a model and of what was trained from it is often better than either (Wortsman et al. 2022,
"Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from geoseg.languages.counting import counted
from geoseg.models.dense import TorchDenseModel
from geoseg.models.network import build_network
from geoseg.train.average import mean_weights
from geoseg.train.decoded import map_scene
from geoseg.train.judge import Rule, judge_own, leniently
from geoseg.train.pieces import Pieces
from geoseg.train.proof import bias_error, proof_of
from geoseg.train.tune import ANY_GSD, place_weights
from geoseg.train.validation import resample_scene

if TYPE_CHECKING:
    import torch

    from geoseg.models.weights import Metadata
    from geoseg.scenes.scene import Scene
    from geoseg.train.decoded import MappedScene
    from geoseg.train.judge import Judgement
    from geoseg.train.module import SegmentationModule
    from geoseg.train.proof import Proof

    Weights = Mapping[str, torch.Tensor]

Which = Literal["start", "mean", "trained"]
CHOICES: tuple[Which, ...] = get_args(Which)
_WORDS = {"mean": "the mean of start and trained weights", "trained": "the trained weights"}


@dataclass(frozen=True, slots=True)
class Handed:
    """What a fine-tuning hands out, and why."""

    which: Which
    """The start's weights, the trained ones, or their mean."""
    proof: Proof
    """How the better of the two does against the start on pieces of ground left out."""
    f1: Mapping[Which, Mapping[str, float]]
    """Choice to place to F1 at IoU 0.5 on ground that was not learnt, of the buildings as ``predict`` finds them."""
    crossed: bool
    """No scene was held out: what each half of the ground had taught was judged on the other."""

    @property
    def text(self) -> str:
        """Which and why, in a sentence."""
        proof = self.proof
        ground = counted(proof.pieces, "piece of ground", "pieces of ground")
        told = f"F1 {proof.gain:+.3f}, +-{2 * proof.error:.3f}"
        if self.which != "start":
            return f"{_WORDS[self.which]}, better than the start on {ground} not learnt ({told})"
        if proof.pieces <= 1:
            return f"the start, since {ground} cannot tell whether the training helps; label more plots"
        return (
            f"the start, since neither trained weights nor their mean with it were surely better on {ground} not "
            f"learnt ({told}); label more, or leave it"
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "weights": self.which,
            "why": self.text,
            "pieces": self.proof.pieces,
            "gain": self.proof.gain,
            "gain_error": self.proof.error,
            "f1": {name: dict(one) for name, one in self.f1.items()},
            "f1_of": "predict",
        }


def hand_out(
    module: SegmentationModule,
    trained: Weights,
    scenes: Sequence[Scene],
    halves: Sequence[tuple[Weights, Sequence[Scene]]] = (),
) -> tuple[Handed, dict[str, torch.Tensor]]:
    """Choose, and give the weights.

    Args:
        module: What was fine-tuned.
        trained: What became of it.
        scenes: To judge on.
        halves: Where it learnt from these very scenes: what becomes of it on either half of the ground, and
            the scenes with that ground alone. The trained weights are the mean of all three then: networks
            that learnt from a few plots differ by chance, and their mean less.
    """
    start, record = module.start_weights(), module.record
    by_each = [_candidates(start, weights) for weights, _ in halves] or [
        _candidates(start, trained)
    ]
    known = [scene for _, learnt in halves[:1] for scene in learnt]
    mapped = {
        name: _mapped(record, [one[name] for one in by_each], scenes, known) for name in CHOICES
    }
    rule = Rule(place_weights(scenes, {}), prior=record.calibration)
    own = judge_own(mapped["start"], record.decoding, rule)
    rule = replace(rule, bias_error=bias_error(own.tallies, rule))
    judged = {name: judge_own(one, record.decoding, rule) for name, one in mapped.items()}
    handed = choice(judged, rule, crossed=bool(halves))
    together = mean_weights([trained, *(weights for weights, _ in halves)])
    return handed, dict(_candidates(start, together)[handed.which])


def _candidates(start: Weights, trained: Weights) -> dict[Which, Weights]:
    """What may be handed out."""
    return {"start": start, "mean": mean_weights([start, trained]), "trained": trained}


def choice(judged: Mapping[Which, Judgement], rule: Rule, *, crossed: bool = False) -> Handed:
    """The best of the three; the start where that is not surely better (:mod:`geoseg.train.proof`).

    Total areas are a matter of thresholds, which follow: weights that are beyond the limit with the start's
    lose what they are beyond it and no more.
    """
    proof = proof_of(judged["start"], list(judged.values()), rule, lenient=True)
    best = max(judged, key=lambda name: leniently(judged[name]))
    f1 = {
        name: {place: count.f1 for place, count in one.counts.items()}
        for name, one in judged.items()
    }
    return Handed(best if proof.holds else "start", proof, f1, crossed)


def _mapped(
    record: Metadata, weights: Sequence[Weights], scenes: Sequence[Scene], learnt: Sequence[Scene]
) -> list[MappedScene]:
    """The scenes with the maps of one model, or each piece with those of the model that did not learn it."""
    gsd_m = record.gsd_m or ANY_GSD
    by_each = []
    for one in weights:
        network = build_network(record.architecture)
        network.load_state_dict(dict(one))
        model = TorchDenseModel(network, record)
        by_each.append([map_scene(model, scene, gsd_m) for scene in scenes])
    if not learnt:
        return by_each[0]
    first, second = by_each
    known = [~resample_scene(scene, gsd_m).ignore for scene in learnt]
    return [_crossed(*all_of) for all_of in zip(first, second, known, strict=True)]


def _crossed(first: MappedScene, second: MappedScene, learnt: np.ndarray) -> MappedScene:
    """Maps by the second where the first has learnt, (height, width) True, and by the first elsewhere."""
    pieces = first.pieces or Pieces.of(first.scene)
    count = len(pieces.wanted)
    mine = np.bincount(pieces.number[learnt], minlength=count)
    known = np.bincount(pieces.number[~first.scene.ignore], minlength=count)
    by_second = pieces.of_piece(2 * mine > known)
    return replace(first, maps=np.where(by_second, second.maps, first.maps))
