"""A packed data set looked through, chip by chip."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geoseg.labelled.doubts import Doubts, doubts_of
from geoseg.labelled.repair import TINY_M2
from geoseg.labelled.shift import Agreement, Shift, best_shift, edge_agreement
from geoseg.labelled.writing import read_record
from geoseg.languages.counting import counted
from geoseg.pages.notebook import Shown
from geoseg.progress import Progress, ProgressReport, ignored
from geoseg.scenes.scene import Scene, load_scene, scene_files

if TYPE_CHECKING:
    from geoseg.models.protocols import ThresholdedModel

SHIFTED_M = 1.0
"""Chips whose labels lie farther off than this count as shifted."""
OVERLAP_SHARE = 0.01
"""Chips with more of their building ground labelled twice than this are reported."""
_WEIGHT = 5.0
"""A chip all of whose labels are doubtful ranks with one whose labels lie so many metres off."""


@dataclass(frozen=True, slots=True)
class ChipCheck:
    """What is known of the labels of one chip."""

    name: str
    """The scene's."""
    place: str
    """Where it lies."""
    split: str
    """Side of the split."""
    buildings: int
    """Labels with a known pixel."""
    tiny: int
    """Those smaller than TINY_M2."""
    building_m2: float
    """Known ground that is building."""
    known_share: float
    """Share of the pixels that are known."""
    overlap_m2: float
    """Ground that two or more labels claimed."""
    shift: Shift
    """How far the labels lie beside the photo."""
    doubts: Doubts | None
    """What a model does not agree with; None without a model."""

    @property
    def shifted(self) -> bool:
        """Whether the labels surely lie beside the photo."""
        return self.shift.sure and self.shift.length_m >= SHIFTED_M

    @property
    def badness(self) -> float:
        """Chips with more of it are shown first."""
        shift = self.shift.length_m if self.shifted else 0.0
        overlap = self.overlap_m2 / max(self.building_m2, 1.0)
        missing, unseen = self.missing or 0, self.unseen or 0
        doubted = (missing + unseen) / max(self.buildings + missing, 1)
        return shift + _WEIGHT * (doubted + overlap)

    @property
    def missing(self) -> int | None:
        """Buildings that a model found and nobody labelled."""
        return None if self.doubts is None else self.doubts.missing

    @property
    def unseen(self) -> int | None:
        """Labels of which a model finds next to nothing."""
        return None if self.doubts is None else len(self.doubts.unseen)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is doubtful, in words."""
        east, south = self.shift.east_m, self.shift.south_m
        sides = (f"{abs(east):.1f} m {'east' if east > 0 else 'west'}",
                 f"{abs(south):.1f} m {'south' if south > 0 else 'north'}")  # fmt: skip
        all_reasons = (
            (self.shifted, f"labels belong {sides[0]}, {sides[1]}"),
            (self.missing, f"{counted(self.missing or 0, 'building')} without a label"),
            (self.unseen, f"{counted(self.unseen or 0, 'label')} without a building"),
            (
                self.overlap_m2 > OVERLAP_SHARE * self.building_m2,
                f"{self.overlap_m2:.0f} m² labelled twice",
            ),
        )
        return tuple(text for holds, text in all_reasons if holds)

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "name": self.name,
            "place": self.place,
            "split": self.split,
            "buildings": self.buildings,
            "tiny": self.tiny,
            "known_share": round(self.known_share, 4),
            "overlap_m2": round(self.overlap_m2, 1),
            **_shift_summary(self.shift),
            "missing": self.missing,
            "unseen": self.unseen,
        }


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Checked(Shown):
    """A whole data set."""

    folder: Path
    """Where it lies."""
    chips: tuple[ChipCheck, ...]
    """In the order of their names."""
    place_shifts: dict[str, Shift] = field(default_factory=dict)
    """The shift that fits a place's chips best, all together."""
    record: dict[str, Any] = field(default_factory=dict)
    """What packing wrote down."""
    model_name: str | None = None
    """What the labels were compared with."""

    @property
    def worst(self) -> list[ChipCheck]:
        """Chips with something to complain of, the worst first."""
        doubtful = [chip for chip in self.chips if chip.reasons]
        return sorted(doubtful, key=lambda chip: (-chip.badness, chip.name))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        notes = list(self.record.get("notes", []))
        for place, shift in self.place_shifts.items():
            if shift.sure and shift.length_m >= SHIFTED_M:
                notes.append(
                    f"{place}: all labels together lie {shift.length_m:.1f} m beside the photo; "
                    f"move them {shift.east_m:+.1f} m east and {-shift.south_m:+.1f} m north"
                )
        empty = sum(not chip.buildings for chip in self.chips)
        if empty:
            notes.append(
                f"{empty} of {counted(len(self.chips), 'scene')} without a building; if nobody labelled there, "
                "give the labelled area with --aoi"
            )
        return tuple(notes)

    def as_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return {
            "folder": str(self.folder),
            "chips": len(self.chips),
            "buildings": sum(chip.buildings for chip in self.chips),
            "shifted_chips": sum(chip.shifted for chip in self.chips),
            "missing": _total(chip.missing for chip in self.chips),
            "unseen": _total(chip.unseen for chip in self.chips),
            "model": self.model_name,
            "places": self.record.get("places", {}),
            "findings": self.record.get("findings", {}),
            "shifts": {place: _shift_summary(shift) for place, shift in self.place_shifts.items()},
            "notes": list(self.notes),
            "worst": [chip.as_dict() for chip in self.worst[:20]],
        }


def _total(counts: Any) -> int | None:  # noqa: ANN401 - an iterator of counts or None
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _shift_summary(shift: Shift) -> dict[str, Any]:
    """East and south in metres; None where nothing is known."""
    return {
        "shift_east_m": round(shift.east_m, 2) if shift.sure else None,
        "shift_south_m": round(shift.south_m, 2) if shift.sure else None,
    }


def check_folder(
    folder: Path,
    *,
    judge: ThresholdedModel | None = None,
    progress: Progress = ignored,
) -> Checked:
    """Look through all scenes of a data set, one at a time.

    Raises:
        DatasetError: it holds no scenes.
    """
    paths = scene_files(folder)
    record = read_record(folder)
    pooled: dict[tuple[str, int], Agreement] = {}
    chips = []
    for done, path in enumerate(paths, start=1):
        chip, agreement = _check(load_scene(path), record, judge)
        key = chip.place, agreement.surface.shape[0]
        pooled[key] = pooled[key] + agreement if key in pooled else agreement
        chips.append(chip)
        progress(ProgressReport("checking", done, len(paths), "scenes"))
    name = None if judge is None else judge.name
    return Checked(folder, tuple(chips), _surest(pooled), record, name)


def _check(
    scene: Scene, record: dict[str, Any], judge: ThresholdedModel | None
) -> tuple[ChipCheck, Agreement]:
    known = ~scene.ignore
    sizes = np.bincount(scene.labels[known])[1:]
    doubts = None if judge is None else doubts_of(scene, judge)
    agreement = edge_agreement(scene) if doubts is None else doubts.agreement
    chip = ChipCheck(
        name=scene.name,
        place=scene.place,
        split=scene.split,
        buildings=int((sizes > 0).sum()),
        tiny=int(((sizes > 0) & (sizes * scene.gsd_m**2 < TINY_M2)).sum()),
        building_m2=float(sizes.sum()) * scene.gsd_m**2,
        known_share=float(known.mean()),
        overlap_m2=float(record.get("overlap_m2", {}).get(scene.name, 0.0)),
        shift=best_shift(agreement),
        doubts=doubts,
    )
    return chip, agreement


def _surest(pooled: dict[tuple[str, int], Agreement]) -> dict[str, Shift]:
    """One shift per place; chips of different pixel sizes do not add up."""
    shifts: dict[str, Shift] = {}
    for (place, _), agreement in pooled.items():
        shift = best_shift(agreement)
        if place not in shifts or shift.sureness > shifts[place].sureness:
            shifts[place] = shift
    return shifts
