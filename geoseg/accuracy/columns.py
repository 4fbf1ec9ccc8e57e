"""Headings of the figures, for tables on paper and screen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from geoseg.accuracy.figures import Figures
from geoseg.languages.said import Said


@dataclass(frozen=True, slots=True)
class Column:
    """A figure in a table."""

    name: str
    """Attribute of ``Figures``."""
    label: str
    """Heading."""
    decimals: int
    """Digits after the point."""
    meaning: str
    """Shown when pointed at."""
    percent: bool = False
    """Shown as a percentage with its sign."""

    def text(self, figures: Figures) -> str:
        """The figure as people read it; empty where it has no meaning."""
        value: Any = getattr(figures, self.name)
        if isinstance(value, float) and not math.isfinite(value):
            return ""
        if self.percent:
            return f"{100 * value:+.{self.decimals}f}%"
        return f"{value:,.{self.decimals}f}"


COLUMNS = (
    Column("true", Said("True"), 0, Said("true buildings that count")),
    Column("predicted", Said("Found"), 0, Said("predictions that count")),
    Column("matched", Said("Matched"), 0, Said("pairs with IoU of at least 0.5")),
    Column(
        "standing",
        Said("On roofs"),
        0,
        Said("predictions of which half or more lies on true buildings, however drawn"),
    ),
    Column("expected", Said("Expected"), 0, Said("the same as predicted: sum of the presence")),
    Column("f1", "F1", 3, Said("at IoU 0.5, SpaceNet rule; also RQ")),
    Column("precision", Said("Precision"), 3, Said("matched share of the predictions")),
    Column("recall", Said("Recall"), 3, Said("matched share of the true buildings")),
    Column("ap", "AP", 3, Said("COCO: mean over IoU 0.50 to 0.95")),
    Column("ap50", "AP50", 3, Said("COCO: at IoU 0.50")),
    Column("ap75", "AP75", 3, Said("COCO: at IoU 0.75")),
    Column("mean_iou", Said("Mean IoU"), 3, Said("of the matched pairs; also SQ")),
    Column("pq", "PQ", 3, Said("panoptic quality: mean IoU times F1")),
    Column("pixel_iou", Said("Pixel IoU"), 3, Said("of all building pixels")),
    Column("boundary_iou", Said("Boundary IoU"), 3, Said("of the bands along the outlines")),
    Column("splits", Said("Split"), 0, Said("true buildings in two or more pieces")),
    Column("merges", Said("Merges"), 0, Said("predictions that hold two or more true buildings")),
    Column("merged", Said("Merged"), 0, Said("true buildings in them")),
    Column(
        "area_bias",
        Said("Area bias"),
        1,
        Said("predicted over true total area, less 1"),
        percent=True,
    ),
    Column("area_error", Said("Area error"), 1, Said("median of matched buildings"), percent=True),
    Column("area_error_bias", Said("Signed"), 1, Said("the same with its sign"), percent=True),
    Column("polis_m", "PoLiS m", 2, Said("mean distance of the outlines of matched pairs")),
    Column(
        "vertex_ratio", Said("Vertices"), 2, Said("predicted over true vertices of matched pairs")
    ),
    Column("ece", "ECE", 3, Said("expected calibration error")),
    Column("brier", "Brier", 3, Said("mean squared error of the confidence")),
)
"""All figures, in the order of the page."""
