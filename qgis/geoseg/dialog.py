"""Set-up without a terminal: which geoseg is used, and one of the plugin's own."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
)

from . import engine, finding, installing


def tr(text: str) -> str:
    """In the user's language, where there is a translation."""
    return QCoreApplication.translate("geoseg", text)


class SetupDialog(QDialog):
    """Finds, chooses, installs, upgrades, removes and tests."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Set up geoseg"))
        self.setMinimumWidth(560)
        self._installer: installing.Installer | None = None
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.install = self._button(tr("Install"), self._install)
        self.offline = self._button(tr("Install from a folder of wheels…"), self._install_offline)
        self.choose = self._button(tr("Choose a Python or geoseg…"), self._choose)
        self.remove = self._button(tr("Remove"), self._remove)
        self.test = self._button(tr("Test"), self.look)
        self.cancel = self._button(tr("Cancel"), self._cancel)
        self.bar, self.log = QProgressBar(), QPlainTextEdit()
        self.log.setReadOnly(True)
        self._lay_out()
        self._busy(False)
        self.look()

    def look(self) -> None:
        """Say which geoseg is used."""
        finding.forget()
        environ = finding.environment()
        own = installing.installed()
        self.install.setText(tr("Upgrade") if own else tr("Install"))
        self.remove.setEnabled(own)
        try:
            found = finding.engine(environ)
        except engine.EngineError as error:
            told = "" if own else tr("Install puts geoseg into your profile: %s.") % installing.SIZE
            self.status.setText(f"{error}\n\n{told}".strip())
            return
        self.status.setText(tr("geoseg %s is used: %s") % (found.version, found.command[0]))

    def reject(self) -> None:
        """Closing the window stops what runs."""
        self._cancel()
        super().reject()

    def _button(self, text: str, slot: Any) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: slot())
        return button

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.addWidget(self.status)
        for buttons in (
            (self.install, self.offline, self.choose),
            (self.test, self.remove, self.cancel),
        ):
            row = QHBoxLayout()
            for button in buttons:
                row.addWidget(button)
            row.addStretch()
            column.addLayout(row)
        column.addWidget(self.bar)
        column.addWidget(self.log)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        column.addWidget(close)

    def _busy(self, busy: bool) -> None:
        for button in (self.install, self.offline, self.choose, self.test, self.remove):
            button.setEnabled(not busy)
        self.cancel.setEnabled(busy)
        self.bar.setVisible(busy)
        self.remove.setEnabled(not busy and installing.installed())

    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, tr("A Python that has geoseg, or geoseg itself")
        )
        if path:
            self.use(path)

    def use(self, path: str) -> None:
        """Take this one from now on, if it is a geoseg."""
        try:
            engine.check(path, finding.environment())
        except engine.EngineError as error:
            self.status.setText(str(error))
            return
        QgsSettings().setValue(finding.SETTING, path)
        self.look()

    def _install_offline(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Folder of wheels"))
        if folder:
            self._install(folder)

    def _install(self, wheels: str = "") -> None:
        environ = finding.environment()
        try:
            folder = installing.fresh_folder()
            planned = installing.steps(environ, folder, wheels)
        except engine.EngineError as error:
            self.status.setText(str(error))
            return
        self.log.clear()
        self._installer = installing.Installer(planned, folder, environ, self)
        self._installer.said.connect(self.log.appendPlainText)
        self._installer.began.connect(self._began)
        self._installer.ended.connect(self._ended)
        self._busy(True)
        self._installer.start()

    def _began(self, told: str, number: int, of: int) -> None:
        self.status.setText(f"{number}/{of}: {told} …")
        self.bar.setRange(0, 0)  # nobody knows how long a step takes

    def _ended(self, good: bool, sentence: str) -> None:
        self._installer = None
        self._busy(False)
        if good:
            QgsSettings().remove(finding.SETTING)
            self.look()
        self.status.setText(sentence if not good else f"{sentence}. {self.status.text()}")

    def _remove(self) -> None:
        installing.remove()
        self.look()

    def _cancel(self) -> None:
        if self._installer is not None:
            self._installer.cancel()
