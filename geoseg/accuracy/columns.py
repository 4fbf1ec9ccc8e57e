"""Headings of the figures, for tables on paper and screen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from geoseg.accuracy.figures import Figures


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
    Column("true", "True", 0, "true buildings that count"),
    Column("predicted", "Found", 0, "predictions that count"),
    Column("matched", "Matched", 0, "pairs with IoU of at least 0.5"),
    Column("f1", "F1", 3, "at IoU 0.5, SpaceNet rule; also RQ"),
    Column("precision", "Precision", 3, "matched share of the predictions"),
    Column("recall", "Recall", 3, "matched share of the true buildings"),
    Column("ap", "AP", 3, "COCO: mean over IoU 0.50 to 0.95"),
    Column("ap50", "AP50", 3, "COCO: at IoU 0.50"),
    Column("ap75", "AP75", 3, "COCO: at IoU 0.75"),
    Column("mean_iou", "Mean IoU", 3, "of the matched pairs; also SQ"),
    Column("pq", "PQ", 3, "panoptic quality: mean IoU times F1"),
    Column("pixel_iou", "Pixel IoU", 3, "of all building pixels"),
    Column("boundary_iou", "Boundary IoU", 3, "of the bands along the outlines"),
    Column("splits", "Split", 0, "true buildings in two or more pieces"),
    Column("merges", "Merges", 0, "predictions that hold two or more true buildings"),
    Column("merged", "Merged", 0, "true buildings in them"),
    Column("area_bias", "Area bias", 1, "predicted over true total area, less 1", percent=True),
    Column("area_error", "Area error", 1, "median of matched buildings", percent=True),
    Column("area_error_bias", "Signed", 1, "the same with its sign", percent=True),
    Column("polis_m", "PoLiS m", 2, "mean distance of the outlines of matched pairs"),
    Column("vertex_ratio", "Vertices", 2, "predicted over true vertices of matched pairs"),
    Column("ece", "ECE", 3, "expected calibration error"),
    Column("brier", "Brier", 3, "mean squared error of the confidence"),
)
"""All figures, in the order of the page."""
