"""Choose a model's thresholds and pixel size on held-out scenes, and calibrate its confidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from geoseg.errors import DatasetError, UsageError
from geoseg.models.records import Validation
from geoseg.progress import Progress, ProgressReport, ignored
from geoseg.train.calibrate import brier, calibration_error
from geoseg.train.choosing import choose
from geoseg.train.decoded import map_scene
from geoseg.train.draws import drawn
from geoseg.train.judge import Rule, cross_fit, folds_of, strictly, used_of
from geoseg.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geoseg.models.protocols import DenseModel, ThresholdedModel
    from geoseg.models.records import Calibration
    from geoseg.models.weights import Metadata
    from geoseg.scenes.scene import Scene
    from geoseg.train.choosing import Chosen
    from geoseg.train.decoded import MappedScene
    from geoseg.train.judge import Judgement

GsdRange = tuple[float, float]

ANY_GSD: GsdRange = 0.0, math.inf
"""What a model declares that works at any pixel size."""
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """What to choose from, and by which rule."""

    gsd_ranges: tuple[GsdRange, ...] = ()
    """Ranges of pixel sizes that the model may declare, metres; empty: the one that it does."""
    place_weights: Mapping[str, float] = field(default_factory=dict)
    """Weights of places in the means; those not named are only reported. Empty: 1 for every place
    but those whose labels are blobs, as their buildings cannot be told apart."""
    max_area_bias: float = 0.03
    """What the mean of the places' absolute biases in total area is to stay below."""
    draws: int = 1
    """How often every scene is taken, moved below the network's lattice; 1: as it is."""
    tta: bool | None = None
    """Whether maps are averaged over two views, here and in every prediction; None: as the file
    says."""

    def __post_init__(self) -> None:
        for low, high in self.gsd_ranges:
            if not 0 < low <= high:
                raise UsageError(f"a range of pixel sizes is low,high in metres, got {low},{high}")
        if self.draws < 1:
            raise UsageError(f"the number of draws is 1 or more, got {self.draws}")
        if any(weight < 0 for weight in self.place_weights.values()) or self.max_area_bias < 0:
            raise UsageError("weights of places and the limit on area bias must not be negative")


def tune(
    model: ThresholdedModel,
    scenes: Sequence[Scene],
    options: TuneOptions | None = None,
    progress: Progress = ignored,
) -> Metadata:
    """The model's metadata with thresholds, calibration and scores found on held-out scenes.

    The rule: the best weighted mean of the places' F1 at IoU 0.5 among thresholds that keep the
    weighted mean of the places' absolute biases in total area below a limit; where none does, every
    point of bias costs a point of F1. Buildings that a cross-fitted calibration finds unlikely are
    dropped where that helps. The model's own thresholds stay unless others do better on ground that
    they were not chosen on; see :mod:`geoseg.train.standing`.

    Raises:
        DatasetError: there is no held-out scene, or none with a weight.
        UsageError: a place with a weight is not among the scenes.
    """
    options = options or TuneOptions()
    weights = place_weights(scenes, options.place_weights)
    prior = model.metadata.calibration
    rule = Rule(weights, options.max_area_bias, prior)
    own = model.metadata.gsd_m or ANY_GSD
    tuned = {}
    for gsd_m in options.gsd_ranges or (own,):
        moved = drawn(scenes, options.draws, gsd_m, model.metadata.architecture.stride_px)
        mapped = _mapped_at(model, moved, gsd_m, options.tta, progress)
        tuned[gsd_m] = choose(mapped, model.metadata.decoding, rule, progress)
    gsd_m, chosen = max(tuned.items(), key=lambda one: strictly(one[1].best))
    best = chosen.best
    calibration, validation = calibrated(chosen, options.draws)
    return model.metadata.model_copy(
        update={
            "geoseg_version": __version__,
            "gsd_m": None if gsd_m == ANY_GSD else gsd_m,
            "decoding": best.decoding,
            **_views(model.metadata, options.tta),
            "calibration": calibration,
            "validation": validation,
            "metrics": _metrics(scenes, best, options.draws),
        }
    )


def place_weights(scenes: Sequence[Scene], wanted: Mapping[str, float]) -> dict[str, float]:
    """Weight of every place; by default 0 where labels are blobs, unless all are, or none is."""
    places = {scene.place for scene in scenes}
    if not places:
        raise DatasetError(
            "the data hold no scene of the split 'val' to choose thresholds on; pack some places, "
            "or some blocks of one, with that split"
        )
    if wanted:
        if unknown := sorted(wanted.keys() - places):
            raise UsageError(
                f"there is no held-out place {', '.join(unknown)}; there are "
                f"{', '.join(sorted(places))}"
            )
        weights = {place: float(wanted.get(place, 0)) for place in sorted(places)}
    else:
        built = {scene.place for scene in scenes if scene.labels.any()}
        single = {scene.place for scene in scenes if not scene.blobs} & built
        weights = {place: float(place in (single or built)) for place in sorted(places)}
    if not any(weights.values()):
        raise UsageError("every place has weight 0; give at least one of them a weight")
    return weights


def _mapped_at(
    model: DenseModel,
    scenes: Sequence[Scene],
    gsd_m: GsdRange,
    tta: bool | None,
    progress: Progress,
) -> list[MappedScene]:
    """All scenes, predicted once at a pixel size, averaged as predictions will be."""
    mapped = []
    for number, scene in enumerate(scenes):
        progress(ProgressReport("predicting scenes", number, len(scenes), "scenes"))
        mapped.append(map_scene(model, scene, gsd_m, tta=tta))
    return mapped


def _views(before: Metadata, wanted: bool | None) -> dict[str, bool]:
    """How the tuned model is to look: as was asked for all photos, else as it did."""
    if wanted is None:
        return {"tta": before.tta, "tta_native": before.tta_native}
    return {"tta": wanted, "tta_native": False}


def calibrated(chosen: Chosen, draws: int = 1) -> tuple[Calibration | None, Validation]:
    """The calibration for the chosen thresholds, fitted to all, and its errors by cross-fitting."""
    best, rule, proof = chosen.best, chosen.rule, chosen.proof
    fitted = cross_fit(chosen.mapped, best.decoding, rule)
    scenes, probability = fitted.scenes, fitted.probability
    used, (_, folds) = used_of(scenes, rule), folds_of(scenes, rule)
    told = {
        "place_weights": dict(rule.place_weights),
        "max_area_bias": rule.max_area_bias,
        "draws": draws,
        "f1": round(best.f1, _DIGITS),
        "area_bias": round(best.area_bias, _DIGITS),
        "bias_error": round(rule.bias_error, _DIGITS),
        "kept": not proof.holds,
        "pieces": proof.pieces,
        "gain": round(proof.gain, _DIGITS),
        "gain_error": round(proof.error, _DIGITS),
    }
    least = {"min_probability": best.min_probability}
    if probability is None or not fitted.learnt or not chosen.calibrates:
        kept = None if rule.prior is None else rule.prior.model_copy(update=least)
        return kept, Validation(**told, folds="none")
    counts = [scene.counted & use for scene, use in zip(scenes, used, strict=True)]
    right, raw, known = (
        np.concatenate([part[own] for part, own in zip(parts, counts, strict=True)])
        for parts in (
            [scene.right for scene in scenes],
            [scene.qualities.mean_body for scene in scenes],
            probability,
        )
    )
    errors = {
        "ece_raw": round(calibration_error(raw, right), _DIGITS),
        "ece": round(calibration_error(known, right), _DIGITS),
        "brier_raw": round(brier(raw, right), _DIGITS),
        "brier": round(brier(known, right), _DIGITS),
    }
    presence = {"presence": fitted.evidence.presence(rule.prior)}
    calibration = fitted.evidence.taught(rule.prior).model_copy(update=least | presence)
    return calibration, Validation(**told, folds=folds, buildings=len(right) // draws, **errors)


def _metrics(scenes: Sequence[Scene], best: Judgement, draws: int) -> dict[str, dict[str, float]]:
    """Place to its scores; numbers of buildings are those of a draw."""
    gsd_m = {scene.place: scene.gsd_m for scene in scenes}
    return {
        place: {
            "gsd_m": round(gsd_m[place], _DIGITS),
            "buildings": float(round(count.wanted / draws)),
            "predicted": float(round(count.predicted / draws)),
            "f1": round(count.f1, _DIGITS),
            "precision": round(count.precision, _DIGITS),
            "recall": round(count.recall, _DIGITS),
            "pixel_iou": round(count.iou, _DIGITS),
            "area_bias": round(count.area_bias, _DIGITS),
        }
        for place, count in sorted(best.counts.items())
    }
