"""Choose thresholds on mapped scenes: others than the model's own where that does better elsewhere, too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from geoseg.progress import Progress, ProgressReport, ignored
from geoseg.train.calibrate import FEW_BUILDINGS
from geoseg.train.judge import Judgement, Rule, cross_fit, judge_each, judge_own, leniently
from geoseg.train.proof import Proof, bias_error, proof_of
from geoseg.train.search import SCATTERED, search
from geoseg.train.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geoseg.models.weights import Decoding
    from geoseg.train.decoded import MappedScene


@dataclass(frozen=True, slots=True)
class Chosen:
    """Thresholds for scenes."""

    mapped: Sequence[MappedScene]
    """The scenes."""
    rule: Rule
    """By which they were chosen."""
    best: Judgement
    """What was chosen; of the model as it is where nothing does better elsewhere."""
    proof: Proof
    """How choosing does where it was not done."""
    calibrates: bool
    """Whether the calibration is fitted anew to these thresholds; else the model's own stays."""


def choose(
    mapped: Sequence[MappedScene], own: Decoding, rule: Rule, progress: Progress = ignored
) -> Chosen:
    """Search from the model's own thresholds, which stay unless others prove better."""

    def tell(judged: int, best: Judgement) -> None:
        stage = f"choosing thresholds, F1 {best.f1:.3f}, area bias {best.area_bias:.1%}"
        progress(ProgressReport(stage, judged, 0, "sets of thresholds"))

    tried: list[Judgement] = []

    def judge(decoding: Decoding) -> Judgement:
        each = judge_each(mapped, decoding, rule)
        tried.extend(each)
        return max(each, key=leniently)

    before = judge_own(mapped, own, rule)
    rule = _standing(before, mapped, rule)
    few = rule.standing is not None and rule.standing.buildings < FEW_BUILDINGS
    best = search(judge, own, tell, scattered=SCATTERED if few else 0)
    proof = proof_of(before, tried, rule)
    if proof.holds or rule.prior is None:
        return Chosen(mapped, rule, best if proof.holds else before, proof, calibrates=True)
    if rule.prior.inherited and cross_fit(mapped, own, rule).learnt:
        anew = judge(own)  # that of other weights gives way, unless another finds less
        if leniently(anew) >= leniently(before):
            return Chosen(mapped, rule, anew, proof, calibrates=True)
    return Chosen(mapped, rule, before, proof, calibrates=False)


def _standing(own: Judgement, mapped: Sequence[MappedScene], rule: Rule) -> Rule:
    """The rule with what the model's own thresholds stand for on these scenes."""
    draws = len(mapped) / max(1, len({(one.scene.place, one.scene.name) for one in mapped}))
    wanted = sum(
        count.wanted for place, count in own.counts.items() if rule.place_weights.get(place)
    )
    return replace(
        rule,
        standing=Standing(own.decoding, own.min_probability, wanted / draws),
        bias_error=bias_error(own.tallies, rule),
    )
