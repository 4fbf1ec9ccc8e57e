"""The dock for reviews: one building after the other, a key for every verdict."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsCoordinateTransform, QgsGeometry, QgsProject
from qgis.gui import QgsRubberBand
from qgis.PyQt import QtGui, QtWidgets
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QKeySequence
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QDockWidget,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from .dialog import tr
from .review_session import REDRAWN, REVIEW, RIGHT, WHY, WRONG, ReviewError, Session, plain

# QShortcut moved from one module to the other in Qt 6.
QShortcut = getattr(QtGui, "QShortcut", None) or QtWidgets.QShortcut
ROOM = 3.0
"""Side of the view over that of the building."""
LEAST_M = 30.0
"""The view is not narrower, in metres of the canvas' CRS."""


class ReviewDock(QDockWidget):
    """Next and previous, verdicts by a key, the view and the plot's outline follow."""

    def __init__(self, iface: Any, parent: Any = None) -> None:
        super().__init__(tr("geoseg review"), parent)
        self.setObjectName("geosegReview")
        self._iface, self._canvas = iface, iface.mapCanvas()
        self.session: Session | None = None
        self.told, self.where = QLabel(), QLabel()
        self.bar, self.follow = QProgressBar(), QCheckBox(tr("The view follows"))
        self.follow.setChecked(True)
        self.queued = QCheckBox(tr("The queue, not the plots"))
        self.queued.toggled.connect(lambda _: self.path and self.begin(self.path))
        self.path = ""
        self._plot = self._band(QColor(255, 255, 255, 230), 2)
        self._building = self._band(QColor(255, 202, 40, 255), 3)
        self.keys = {
            "R": (tr("Right"), lambda: self.judge(RIGHT)),
            "W": (tr("Wrong"), lambda: self.judge(WRONG)),
            "D": (tr("Redraw"), self.redraw),
            "M": (tr("Missing here"), self.missing),
            "N": (tr("Next"), lambda: self.step(1)),
            "P": (tr("Previous"), lambda: self.step(-1)),
            "C": (tr("Plot is checked"), self.check),
        }
        self.buttons: dict[str, QPushButton] = {}
        self._lay_out()
        self._shortcuts = [
            self._shortcut(key, slot, place)
            for key, (_, slot) in self.keys.items()
            for place in (self, self._canvas)
        ]
        self.visibilityChanged.connect(self._shown)
        self.show_now()

    def open_file(self) -> None:
        """Ask for a file and begin."""
        path, _ = QFileDialog.getOpenFileName(
            self, tr("A file that geoseg review wrote"), "", "GeoPackage (*.gpkg)"
        )
        if path:
            self.begin(path)

    def begin(self, path: str) -> None:
        """Review the plots of a file, or its queue."""
        try:
            session = Session.open(path, self.queued.isChecked())
        except ReviewError as error:
            self.told.setText(str(error))
            return
        self.path = path
        self.take(session)

    def take(self, session: Session) -> None:
        """Review these layers."""
        self.session = session
        self._iface.setActiveLayer(session.layer)
        session.layer.undoStack().indexChanged.connect(lambda _: self.show_now(move=False))
        self.show_now()

    def judge(self, verdict: str) -> None:
        """Say it and go on."""
        if self.session is not None and self._tried(lambda: self.session.judge(verdict)):
            self.session.go_on()
            self.show_now()

    def redraw(self) -> None:
        """Say that it is a building, and hand its corners to QGIS's own tool."""
        if self.session is None or not self._tried(lambda: self.session.judge(REDRAWN)):
            return
        self._iface.setActiveLayer(self.session.layer)
        self.session.layer.selectByIds([self.session.order[self.session.at]])
        self._iface.actionVertexTool().trigger()
        self.show_now()

    def missing(self) -> None:
        """Hand over to QGIS's tool for new polygons; what is drawn is ``added`` by itself."""
        if self.session is None:
            return
        if not self.session.edit():
            self.told.setText(tr("The layer cannot be edited: is the file read-only?"))
            return
        self._iface.setActiveLayer(self.session.layer)
        self._iface.actionAddFeature().trigger()
        self.told.setText(tr("Draw the building that was missed."))

    def step(self, by: int) -> None:
        """Next or previous."""
        if self.session is not None:
            self.session.step(by)
            self.show_now()

    def check(self) -> None:
        """The plot is done."""
        if self.session is None:
            return
        said: list[str] = []
        if self._tried(lambda: said.append(self.session.check_plot())):
            self.show_now()
            self.told.setText(said[0] or self.told.text())

    def undo(self) -> None:
        """Take the last verdict or change of an outline back."""
        if self.session is not None and self.session.undo():
            self.show_now()

    def save(self) -> None:
        """Write to the file."""
        if self.session is not None:
            errors = self.session.save()
            self.show_now(move=False)
            if errors:
                self.told.setText(" ".join(errors))

    def show_now(self, move: bool = True) -> None:
        """Tell where the review is, and bring the view there."""
        session = self.session
        for key, button in self.buttons.items():
            button.setEnabled(session is not None or key == "open")
        self._plot.reset()
        self._building.reset()
        if session is None:
            self.told.setText(tr("Open a file that geoseg review wrote."))
            return
        done = session.progress()
        self.bar.setRange(0, max(1, done.of))
        self.bar.setValue(done.done)
        self.bar.setFormat(tr("%v of %m"))
        plots = (
            tr("{} of {} plots checked").format(done.plots_done, done.plots) if done.plots else ""
        )
        self.where.setText(plots)
        feature, plot = session.feature(), session.plot()
        if feature is None:
            self.told.setText(tr("There is no building to look at."))
            return
        said = plain(feature[REVIEW]) or tr("not looked at")
        why = plain(feature[WHY]) if session.layer.fields().indexOf(WHY) >= 0 else None
        number = tr("Building {} of {}: {}").format(session.at + 1, len(session.order), said)
        self.told.setText(f"{number}\n{why}" if why else number)
        if plot is not None:
            self._plot.setToGeometry(plot.geometry(), session.plots)
        self._building.setToGeometry(feature.geometry(), session.layer)
        if move and self.follow.isChecked():
            self._move(feature.geometry())

    def clear(self) -> None:
        """Take the outlines off the canvas."""
        for band in (self._plot, self._building):
            self._canvas.scene().removeItem(band)
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)

    def _move(self, outline: QgsGeometry) -> None:
        way = QgsCoordinateTransform(
            self.session.layer.crs(),
            self._canvas.mapSettings().destinationCrs(),
            QgsProject.instance(),
        )
        box = way.transformBoundingBox(outline.boundingBox())
        least = LEAST_M / max(1e-9, self._metres_per_unit())
        side = max(ROOM * max(box.width(), box.height()), least)
        box.grow((side - min(box.width(), box.height())) / 2)
        self._canvas.setExtent(box)
        self._canvas.refresh()

    def _metres_per_unit(self) -> float:
        return 111_000.0 if self._canvas.mapSettings().destinationCrs().isGeographic() else 1.0

    def _tried(self, change: Any) -> bool:
        try:
            change()
        except ReviewError as error:
            self.told.setText(str(error))
            return False
        return True

    def _band(self, colour: QColor, width: int) -> QgsRubberBand:
        band = QgsRubberBand(self._canvas)
        band.setStrokeColor(colour)
        band.setFillColor(QColor(0, 0, 0, 0))
        band.setWidth(width)
        return band

    def _shortcut(self, key: str, slot: Any, place: Any) -> Any:
        """Keys count while the map or the dock has the focus: elsewhere letters are letters."""
        shortcut = QShortcut(QKeySequence(key), place)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(lambda: slot())
        return shortcut

    def _shown(self, shown: bool) -> None:
        for shortcut in self._shortcuts:
            shortcut.setEnabled(shown)
        for band in (self._plot, self._building):
            band.setVisible(shown)

    def _button(self, name: str, text: str, slot: Any) -> QPushButton:
        button = QPushButton(text)
        button.clicked.connect(lambda: slot())
        self.buttons[name] = button
        return button

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        self.told.setWordWrap(True)
        column.addWidget(self._button("open", tr("Open…"), self.open_file))
        column.addWidget(self.told)
        column.addWidget(self.bar)
        column.addWidget(self.where)
        grid = QGridLayout()
        for place, (key, (text, slot)) in enumerate(self.keys.items()):
            grid.addWidget(self._button(key, f"{text} ({key})", slot), place // 2, place % 2)
        column.addLayout(grid)
        row = QHBoxLayout()
        row.addWidget(self._button("undo", tr("Undo"), self.undo))
        row.addWidget(self._button("save", tr("Save"), self.save))
        column.addLayout(row)
        column.addWidget(self.follow)
        column.addWidget(self.queued)
        column.addStretch()
        self.setWidget(inside)
