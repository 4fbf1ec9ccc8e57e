"""A file under review in QGIS: in which order to look, and what a verdict changes; without any window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsDefaultValue,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDateTime

PLOTS, BUILDINGS, QUEUE = "plots", "buildings", "queue"
REVIEW, PLOT_ID, CHECKED, RANK, WHY = "review", "plot_id", "checked", "rank", "why"
RIGHT, WRONG, REDRAWN, ADDED = "right", "wrong", "redrawn", "added"


class ReviewError(Exception):
    """What is given is no file under review; one sentence."""


@dataclass(frozen=True)
class Progress:
    """How far a review is."""

    done: int
    """Buildings with a verdict."""
    of: int
    """Buildings to look at."""
    plots_done: int
    """Plots that are checked."""
    plots: int
    """All of them; 0 in a queue."""


class Session:
    """Steps through the buildings of a layer in the order of its plots, or of its ranks."""

    def __init__(self, layer: QgsVectorLayer, plots: QgsVectorLayer | None) -> None:
        if layer.fields().indexOf(REVIEW) < 0:
            raise ReviewError(
                f"the layer {layer.name()} has no column {REVIEW!r}: geoseg review makes one"
            )
        self.layer, self.plots = layer, plots
        self.at = 0
        """Place in the order."""
        self.order: list[int] = []
        """Ids of the features to look at."""
        new = layer.fields().indexOf(REVIEW)
        layer.setDefaultValueDefinition(new, QgsDefaultValue(f"'{ADDED}'"))
        self.refresh()
        self.at = self._first_open()

    @classmethod
    def open(cls, path: str, queue: bool = False) -> Session:
        """The layers of a file, put into the project with their own styles."""
        names = [QUEUE] if queue else [BUILDINGS, PLOTS]
        layers = [_layer(path, name) for name in names]
        if not all(layer.isValid() for layer in layers):
            raise ReviewError(
                f"{path} lacks the layers that geoseg review writes: {', '.join(names)}"
            )
        if not queue:
            near = _layer(path, "neighbours")
            layers += [near] if near.isValid() else []
        for layer in layers:
            if layer.id() not in QgsProject.instance().mapLayers():
                QgsProject.instance().addMapLayer(layer)
        return cls(layers[0], None if queue else layers[1])

    def refresh(self) -> None:
        """Read the order anew: somebody may have added or deleted buildings."""
        kept = self.order[self.at] if self.order else None
        ranked = self.layer.fields().indexOf(RANK) >= 0
        rows = []
        for feature in self.layer.getFeatures():
            plot = plain(feature[PLOT_ID]) if self.plots is not None else 0
            if plot is None:
                continue  # drawn by the reviewer
            first = plain(feature[RANK]) if ranked else plot
            rows.append((first if first is not None else 1 << 60, feature.id()))
        self.order = [number for _, number in sorted(rows)]
        self.at = (
            self.order.index(kept) if kept in self.order else min(self.at, max(0, len(rows) - 1))
        )

    def feature(self) -> QgsFeature | None:
        """The building to look at; None where there is none."""
        if not self.order:
            return None
        found = self.layer.getFeature(self.order[self.at])
        return found if found.isValid() else None

    def plot(self) -> QgsFeature | None:
        """The plot that it is counted in."""
        feature = self.feature()
        if self.plots is None or feature is None:
            return None
        asked = QgsFeatureRequest().setFilterExpression(f'"{PLOT_ID}" = {int(feature[PLOT_ID])}')
        return next(iter(self.plots.getFeatures(asked)), None)

    def outline(self) -> QgsGeometry | None:
        """Of the building."""
        feature = self.feature()
        return None if feature is None else feature.geometry()

    def step(self, by: int) -> None:
        """Go on or back; the ends are ends."""
        self.at = max(0, min(len(self.order) - 1, self.at + by))

    def go_on(self) -> None:
        """To the next building without a verdict, else to the next one."""
        after = self._first_open(self.at + 1)
        self.at = after if after > self.at else min(self.at + 1, max(0, len(self.order) - 1))

    def judge(self, verdict: str) -> None:
        """Give the building a verdict, as one step that QGIS's undo takes back."""
        feature = self.feature()
        if feature is None:
            return
        self._change(
            self.layer, feature.id(), {REVIEW: verdict}, f"{verdict}: building {feature.id()}"
        )

    def check_plot(self, checked: bool = True) -> str:
        """Say that everything in the plot was looked at; what is missing still, in one sentence."""
        plot = self.plot()
        if plot is None:
            return ""
        open_rows = self._open_in(int(plot[PLOT_ID])) if checked else 0
        if open_rows:
            whose = f"of plot {plot[PLOT_ID]}"
            said = f"building {whose} has" if open_rows == 1 else f"buildings {whose} have"
            return f"{open_rows} {said} no verdict yet"
        self._change(self.plots, plot.id(), {CHECKED: checked}, f"plot {plot[PLOT_ID]} checked")
        return ""

    def undo(self) -> bool:
        """Take the last step back; False where there is none."""
        stack = self.layer.undoStack()
        if not stack.canUndo():
            return False
        stack.undo()
        self.refresh()
        return True

    def save(self) -> list[str]:
        """Write what was said; what went wrong."""
        errors = []
        for layer in (self.layer, self.plots):
            if layer is not None and layer.isEditable() and not layer.commitChanges(False):
                errors += layer.commitErrors()
        self.refresh()
        return errors

    def edit(self) -> bool:
        """Begin to edit; False where the file cannot be written."""
        return self.layer.isEditable() or self.layer.startEditing()

    def progress(self) -> Progress:
        """How far it is."""
        said = sum(1 for number in self.order if plain(self.layer.getFeature(number)[REVIEW]))
        if self.plots is None:
            return Progress(said, len(self.order), 0, 0)
        checked = sum(1 for one in self.plots.getFeatures() if plain(one[CHECKED]))
        return Progress(said, len(self.order), checked, self.plots.featureCount())

    def _first_open(self, begin: int = 0) -> int:
        for place in range(begin, len(self.order)):
            if not plain(self.layer.getFeature(self.order[place])[REVIEW]):
                return place
        return min(begin, max(0, len(self.order) - 1)) if begin else 0

    def _open_in(self, plot: int) -> int:
        asked = QgsFeatureRequest().setFilterExpression(f'"{PLOT_ID}" = {plot}')
        return sum(1 for one in self.layer.getFeatures(asked) if not plain(one[REVIEW]))

    def _change(self, layer: Any, number: int, values: dict[str, Any], told: str) -> None:
        if not (layer.isEditable() or layer.startEditing()):
            raise ReviewError(f"the layer {layer.name()} cannot be edited: is the file read-only?")
        who = {
            "reviewer": QgsApplication.userFullName(),
            "reviewed_at": QDateTime.currentDateTime(),
        }
        layer.beginEditCommand(told)
        for name, value in {**values, **who}.items():
            column = layer.fields().indexOf(name)
            if column >= 0:
                layer.changeAttributeValue(number, column, value)
        layer.endEditCommand()


def _layer(path: str, name: str) -> QgsVectorLayer:
    """A layer of a file: the one that the project has, else a new one."""
    source = f"{path}|layername={name}"
    for layer in QgsProject.instance().mapLayers().values():
        if layer.source() == source:
            return layer
    return QgsVectorLayer(source, name, "ogr")


def plain(value: Any) -> Any:
    """QGIS's null as None."""
    if value is None or getattr(value, "isNull", bool)():
        return None
    return value
