"""The dock for reviews as a person uses it: cases of in_qgis.py."""

from __future__ import annotations

from pathlib import Path

from geoseg.plugin import GeosegPlugin
from geoseg.review_session import Session, plain
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsRasterLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt import QtGui, QtWidgets
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QMainWindow

QAction = getattr(QtGui, "QAction", None) or QtWidgets.QAction


class Iface:
    """The parts of QGIS's window that the dock asks for."""

    def __init__(self) -> None:
        self.window, self.canvas = QMainWindow(), QgsMapCanvas()
        self.window.setCentralWidget(self.canvas)
        self.menu: list = []
        self.active, self.triggered = None, []
        self._tools = {name: self._action(name) for name in ("vertex", "add")}

    def _action(self, name: str) -> object:
        action = QAction(name, self.window)
        action.triggered.connect(lambda: self.triggered.append(name))
        return action

    def mainWindow(self) -> QMainWindow:  # noqa: N802
        return self.window

    def mapCanvas(self) -> QgsMapCanvas:  # noqa: N802
        return self.canvas

    def addPluginToMenu(self, _menu: str, action: object) -> None:  # noqa: N802
        self.menu.append(action)

    def removePluginMenu(self, _menu: str, action: object) -> None:  # noqa: N802
        self.menu.remove(action)

    def addDockWidget(self, area: object, dock: object) -> None:  # noqa: N802
        self.window.addDockWidget(area, dock)

    def removeDockWidget(self, dock: object) -> None:  # noqa: N802
        self.window.removeDockWidget(dock)

    def setActiveLayer(self, layer: object) -> None:  # noqa: N802
        self.active = layer

    def actionVertexTool(self) -> object:  # noqa: N802
        return self._tools["vertex"]

    def actionAddFeature(self) -> object:  # noqa: N802
        return self._tools["add"]


def review(path: str, raster: str, png: str) -> dict:
    """Through a file with the keyboard, one step taken back, one house drawn, saved."""
    iface = Iface()
    plugin = GeosegPlugin(iface)
    plugin.initProcessing = lambda: None  # the provider is there already
    plugin.initGui()
    iface.window.resize(1000, 640)
    iface.window.show()
    next(action for action in iface.menu if "Review" in action.text()).trigger()
    dock = plugin._dock
    seen = {
        **opened(dock, iface, path, raster),
        **judged(dock, iface),
        **finished(dock, iface, png),
    }
    plugin.unload()
    seen["menu"] = len(iface.menu)
    QgsProject.instance().clear()
    return seen


def opened(dock: object, iface: Iface, path: str, raster: str) -> dict:
    seen = {"nothing yet": dock.told.text()}
    dock.begin("/nowhere.gpkg")
    seen["no file"] = dock.told.text()
    dock.queued.setChecked(True)
    dock.begin(path)
    seen["queue"] = dock.told.text()
    dock.queued.setChecked(False)
    photo = QgsRasterLayer(raster, "photo")
    QgsProject.instance().addMapLayer(photo)
    layers = [session_layer(dock.session, name) for name in ("plots", "neighbours", "buildings")]
    iface.canvas.setLayers([layer for layer in layers if layer] + [photo])
    iface.canvas.setDestinationCrs(dock.session.layer.crs())
    dock.show_now()
    session = dock.session
    seen["began"] = [dock.told.text(), dock.bar.value(), dock.bar.maximum(), dock.where.text()]
    seen["order"] = [int(session.layer.getFeature(one)["plot_id"]) for one in session.order]
    seen["in view"] = iface.canvas.extent().contains(session.outline().boundingBox())
    return seen


def judged(dock: object, iface: Iface) -> dict:
    seen, session = {}, dock.session
    for key in (Qt.Key.Key_R, Qt.Key.Key_W, Qt.Key.Key_D):
        press(iface.canvas, key)
    seen["said"] = [said(session, session.order[place]) for place in range(3)]
    seen["tools"], seen["active"] = list(iface.triggered), iface.active is session.layer
    stack = session.layer.undoStack()
    seen["steps"] = [stack.text(n) for n in range(stack.count())]
    QTest.mouseClick(dock.buttons["undo"], Qt.MouseButton.LeftButton)
    seen["taken back"] = said(session, session.order[2])
    press(dock, Qt.Key.Key_P)
    seen["previous"] = session.at
    press(dock, Qt.Key.Key_N)
    seen["next"] = session.at
    press(dock, Qt.Key.Key_C)
    seen["open plot"] = dock.told.text()
    press(iface.canvas, Qt.Key.Key_R)
    seen["done"] = [dock.bar.value(), dock.bar.maximum()]
    return seen


def finished(dock: object, iface: Iface, png: str) -> dict:
    seen, session = {}, dock.session
    session.at = 0
    press(dock, Qt.Key.Key_C)
    seen["checked"] = dock.where.text()
    press(iface.canvas, Qt.Key.Key_M)
    seen["drawing"] = [iface.triggered[-1], dock.told.text()]
    seen["drawn"] = draw(session)
    dock.show_now()
    QTest.qWait(500)
    iface.window.grab().save(png)
    QTest.mouseClick(dock.buttons["save"], Qt.MouseButton.LeftButton)
    seen["saved"] = dock.told.text()
    dock.hide()
    press(iface.canvas, Qt.Key.Key_W)
    seen["hidden"] = session.layer.undoStack().count()
    session.layer.rollBack()
    return seen


def press(widget: object, key: object) -> None:
    """A key while a part of the window has the focus, as after a click into it."""
    widget.window().activateWindow()
    widget.setFocus()
    QTest.qWait(10)
    QTest.keyClick(widget, key)


def session_layer(session: Session, name: str) -> object:
    if name == "buildings":
        return session.layer
    return next(iter(QgsProject.instance().mapLayersByName(name)), None)


def said(session: Session, number: int) -> list:
    feature = session.layer.getFeature(number)
    return [plain(feature["review"]), plain(feature["reviewed_at"]) is not None]


def draw(session: Session) -> list:
    """As QGIS's tool adds a polygon: with the layer's default values."""
    from qgis.core import QgsVectorLayerUtils

    box = session.outline().boundingBox()
    shape = QgsGeometry.fromRect(box)
    shape.translate(box.width() * 1.2, 0)
    made: QgsFeature = QgsVectorLayerUtils.createFeature(session.layer, shape)
    session.layer.addFeature(made)
    return [plain(made["review"]), plain(made["plot_id"])]


def queue(path: str) -> dict:
    """A file that has a queue: by rank, with the reason."""
    session = Session.open(path, queue=True)
    seen = {
        "ranks": [int(session.layer.getFeature(one)["rank"]) for one in session.order],
        "plots": session.progress().plots,
        "refused": refused(Path(path).with_name("b.gpkg")),
    }
    QgsProject.instance().clear()
    return seen


def refused(path: Path) -> str:
    try:
        Session.open(str(path))
    except Exception as error:  # noqa: BLE001 - told
        return f"{type(error).__name__}: {error}"
    return "taken"


CASES = {"review": review, "queue": queue}
