"""What QGIS loads: the provider and the set-up."""

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
        self._action: Any = None

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
        self._action = action(icon, "Set up geoseg…", self._iface.mainWindow())
        self._action.triggered.connect(self._set_up)
        self._iface.addPluginToMenu(MENU, self._action)

    def unload(self) -> None:
        """Take everything away again."""
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)
        if self._action is not None:
            self._iface.removePluginMenu(MENU, self._action)

    def _set_up(self) -> None:
        from .dialog import SetupDialog

        dialog = SetupDialog(self._iface.mainWindow())
        dialog.setModal(True)
        dialog.show()
