"""Labels over photos as one offline HTML file: the worst chips first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geoseg.files.atomic import output_errors, write_text
from geoseg.labelled.repair import FINDINGS
from geoseg.labelled.sheet import COLOURS, thumbnail
from geoseg.languages.counting import counted
from geoseg.pages.document import Figure, environment, static
from geoseg.pages.picture import jpeg_url
from geoseg.scenes.scene import load_scene

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geoseg.labelled.checking import Checked, ChipCheck

PACKAGE = "geoseg.labelled"
"""Holds template and style."""
WORST_CHIPS, OTHER_CHIPS = 24, 96
"""Chips that the page shows: the worst, and others evenly spread over the data set."""
WORST_PX, OTHER_PX = 640, 320
"""Longest side of their pictures."""
LEGEND = {
    "label": "label",
    "missing": "found by the model, not labelled",
    "unseen": "labelled, not found by the model",
}
"""What the outlines mean."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One chip on the page."""

    caption: str
    """Its name, side of the split and number of buildings."""
    reasons: tuple[str, ...]
    """What is doubtful."""
    url: str
    """JPEG in a data URL."""


def write_page(checked: Checked, path: Path) -> None:
    """Write the page, complete or not at all."""
    text = render(checked)
    with output_errors(path):
        write_text(text, path)


def render(checked: Checked) -> str:
    """The HTML; every value is escaped."""
    worst = checked.worst[:WORST_CHIPS]
    shown = {chip.name for chip in worst}
    others = _spread([chip for chip in checked.chips if chip.name not in shown], OTHER_CHIPS)
    kinds = ("label",) if checked.model_name is None else tuple(LEGEND)
    return (
        environment(PACKAGE)
        .get_template("preview.html")
        .render(
            title=f"Labels over photos: {checked.folder.name}",
            style=static(PACKAGE, "preview.css"),
            figures=_figures(checked),
            notes=checked.notes,
            legend=[(LEGEND[kind], "#{:02x}{:02x}{:02x}".format(*COLOURS[kind])) for kind in kinds],
            findings=findings_of(checked),
            places=places_of(checked),
            worst=[_picture(checked, chip, WORST_PX) for chip in worst],
            others=[_picture(checked, chip, OTHER_PX) for chip in others],
            chips=len(checked.chips),
            model=checked.model_name,
        )
    )


def _spread(chips: Sequence[ChipCheck], most: int) -> list[ChipCheck]:
    """At most so many, evenly spread over the names."""
    if len(chips) <= most:
        return list(chips)
    return [chips[int(i)] for i in np.linspace(0, len(chips) - 1, most)]


def _picture(checked: Checked, chip: ChipCheck, side_px: int) -> Picture:
    scene = load_scene(checked.folder / f"{chip.name}.npz")
    return Picture(
        f"{chip.name}, {'held out' if chip.split == 'val' else 'training'}, "
        f"{counted(chip.buildings, 'building')}, {scene.gsd_m:.2f} m",
        chip.reasons,
        jpeg_url(thumbnail(scene, side_px, chip.doubts)),
    )


def _figures(checked: Checked) -> list[Figure]:
    """Large numbers at the top."""
    chips = checked.chips
    figures = [
        Figure(f"{len(chips)}", "chips"),
        Figure(f"{sum(chip.buildings for chip in chips):,}", "labels"),
        Figure(f"{sum(chip.split == 'val' for chip in chips)}", "chips held out"),
        Figure(f"{sum(chip.shifted for chip in chips)}", "chips with shifted labels"),
    ]
    if checked.model_name is not None:
        figures.append(Figure(f"{sum(chip.missing or 0 for chip in chips):,}", "without a label"))
        figures.append(Figure(f"{sum(chip.unseen or 0 for chip in chips):,}", "without a building"))
    return figures


def findings_of(checked: Checked) -> list[tuple[str, str, int]]:
    """Place, what was found in its labels, how often."""
    return [
        (place, text, counts[name])
        for place, counts in checked.record.get("findings", {}).items()
        for name, text in FINDINGS.items()
        if counts.get(name)
    ]


def places_of(checked: Checked) -> list[dict[str, str]]:
    """One row per place and side of the split."""
    rows = []
    for place, shift in checked.place_shifts.items():
        sides = sorted({chip.split for chip in checked.chips if chip.place == place})
        for side in sides:
            chips = [c for c in checked.chips if c.place == place and c.split == side]
            rows.append(
                {
                    "place": place,
                    "split": side,
                    "chips": f"{len(chips)}",
                    "labels": f"{sum(chip.buildings for chip in chips):,}",
                    "built": f"{sum(chip.building_m2 for chip in chips):,.0f}",
                    "shifted": f"{sum(chip.shifted for chip in chips)}",
                    "east": f"{shift.east_m:+.2f}" if shift.sure else "",
                    "north": f"{-shift.south_m:+.2f}" if shift.sure else "",
                }
            )
    return rows
