"""What QGIS loads: the provider, the set-up and the dock for reviews."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtGui import QIcon

from .provider import GeosegProvider

MENU = "geoseg"


class GeosegPlugin:
    """Registers the provider; in a window also the menu."""

    def __init__(self, iface: Any) -> None:
        self._iface = iface
        self._provider: GeosegProvider | None = None
        self._actions: list[Any] = []
        self._dock: Any = None

    def initProcessing(self) -> None:  # noqa: N802 - called by qgis_process
        """Register the algorithms."""
        self._provider = GeosegProvider()
        QgsApplication.processingRegistry().addProvider(self._provider)

    def initGui(self) -> None:  # noqa: N802
        """Register the algorithms, and the menu."""
        self.initProcessing()
        from qgis.PyQt import QtGui, QtWidgets

        # QAction moved from one module to the other in Qt 6.
        action = getattr(QtGui, "QAction", None) or QtWidgets.QAction
        icon = QIcon(str(Path(__file__).with_name("icon.svg")))
        for text, slot in (("Set up geoseg…", self._set_up), ("Review buildings…", self._review)):
            made = action(icon, text, self._iface.mainWindow())
            made.triggered.connect(lambda _=False, asked=slot: asked())
            self._iface.addPluginToMenu(MENU, made)
            self._actions.append(made)

    def unload(self) -> None:
        """Take everything away again."""
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)
        for action in self._actions:
            self._iface.removePluginMenu(MENU, action)
        if self._dock is not None:
            self._dock.clear()
            self._iface.removeDockWidget(self._dock)
            self._dock.deleteLater()
            self._dock = None

    def _set_up(self) -> None:
        from .dialog import SetupDialog

        dialog = SetupDialog(self._iface.mainWindow())
        dialog.setModal(True)
        dialog.show()

    def _review(self) -> None:
        from qgis.PyQt.QtCore import Qt

        from .review_dock import ReviewDock

        if self._dock is None:
            self._dock = ReviewDock(self._iface, self._iface.mainWindow())
            self._iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._dock)
        self._dock.show()
