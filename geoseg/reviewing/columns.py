"""Names that a file under review is made of."""

from __future__ import annotations

import pyarrow as pa

from geoseg.export.schema import Column

PLOTS, BUILDINGS, NEIGHBOURS, QUEUE = "plots", "buildings", "neighbours", "queue"
"""Its layers."""
VERDICTS = ("right", "wrong", "redrawn", "added")
"""What may stand in the column ``review``; nothing: nobody has looked yet."""
REAL = ("right", "redrawn", "added")
"""Verdicts of rows that are true buildings."""
PLOT_ID, STRATUM, STRATUM_KM2, CHECKED = "plot_id", "stratum", "stratum_km2", "checked"
REVIEW, REVIEWER, REVIEWED_AT, NOTES = "review", "reviewer", "reviewed_at", "notes"
RANK, WHY = "rank", "why"

_REVIEWER = Column(REVIEWER, pa.string(), "Reviewer", "", "Who looked.")
_REVIEWED_AT = Column(REVIEWED_AT, pa.timestamp("ms"), "Reviewed at", "", "When.")
_REVIEW = Column(
    REVIEW,
    pa.string(),
    "Review",
    "",
    "right: a building, its outline as good as can be asked; wrong: no building; redrawn: a building, "
    "its outline drawn anew; added: a building that was missed; empty: nobody has looked.",
)
PLOT_COLUMNS = (
    Column(PLOT_ID, pa.int64(), "Plot", "", "Number of the plot, in the order to work in."),
    Column(STRATUM, pa.string(), "Stratum", "", "The group of cells that the plot was drawn from."),
    Column(STRATUM_KM2, pa.float64(), "Area of the stratum", "km²", "Observed area of that group."),
    Column(CHECKED, pa.bool_(), "Checked", "", "True once everything in the plot was looked at."),
    _REVIEWER,
    _REVIEWED_AT,
    Column(NOTES, pa.string(), "Notes", "", "Whatever the reviewer wants to say."),
)
"""Of the layer ``plots``."""
REVIEW_COLUMNS = (
    Column(PLOT_ID, pa.int64(), "Plot", "", "The plot that the building is counted in."),
    _REVIEW,
    _REVIEWER,
    _REVIEWED_AT,
)
"""Added to the columns of the buildings."""
QUEUE_COLUMNS = (
    Column(RANK, pa.int64(), "Rank", "", "1 is the building whose check teaches most."),
    Column(WHY, pa.string(), "Why", "", "What is doubtful about it."),
    *REVIEW_COLUMNS[1:],
)
"""Added to the columns of the buildings in the layer ``queue``."""
