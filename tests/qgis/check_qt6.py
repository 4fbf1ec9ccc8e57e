"""Run by test_qt6.py with a Python that has PyQt6: enums, signals and processes of the plugin without QGIS.

Stand-ins take the place of QGIS's classes; Qt itself is the real one.
"""

from __future__ import annotations

import ast
import os
import sys
import types
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
plugin = Path(sys.argv[1])

import PyQt6.QtCore  # noqa: E402
import PyQt6.QtGui  # noqa: E402
import PyQt6.QtTest  # noqa: E402
import PyQt6.QtWidgets  # noqa: E402

PARTS = {name: getattr(PyQt6, name) for name in ("QtCore", "QtGui", "QtTest", "QtWidgets")}


class Anything:
    """A class of QGIS that nothing is asked of here."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def value(self, _name: str, default: object = None, type: object = None) -> object:  # noqa: A002
        del type
        return default

    def setValue(self, *_: object) -> None:  # noqa: N802
        pass

    def remove(self, *_: object) -> None:
        pass

    @staticmethod
    def prefixPath() -> str:  # noqa: N802
        return "/usr"

    @staticmethod
    def qgisSettingsDirPath() -> str:  # noqa: N802
        return sys.argv[2]


class Core(types.ModuleType):
    def __getattr__(self, name: str) -> object:
        return type(name, (Anything,), {})


def pretend() -> None:
    """``qgis.PyQt`` as QGIS 4 has it: PyQt6 under another name."""
    qgis, pyqt = types.ModuleType("qgis"), types.ModuleType("qgis.PyQt")
    for name in ("qgis.core", "qgis.gui"):
        sys.modules[name] = Core(name)
    sys.modules |= {"qgis": qgis, "qgis.PyQt": pyqt}
    for name, part in PARTS.items():
        setattr(pyqt, name, part)
        sys.modules[f"qgis.PyQt.{name}"] = part


def unknown_names() -> list[str]:
    """``QClass.Enum.Member`` and imports of Qt in the plugin that PyQt6 does not have."""
    found = []
    for path in sorted(plugin.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for one in ast.walk(tree):
            if isinstance(one, ast.ImportFrom) and (one.module or "").startswith("qgis.PyQt."):
                part = PARTS[one.module.rsplit(".", 1)[1]]
                found += [f"{path.name}: {a.name}" for a in one.names if not hasattr(part, a.name)]
            if isinstance(one, ast.Attribute):
                found += _missing(path.name, ast.unparse(one))
    return found


def _missing(where: str, dotted: str) -> list[str]:
    first, *rest = dotted.split(".")
    holder = next((getattr(part, first) for part in PARTS.values() if hasattr(part, first)), None)
    if not first.startswith("Q") or holder is None or not all(name.isidentifier() for name in rest):
        return []
    for name in rest:
        if not hasattr(holder, name):
            return [f"{where}: {dotted}"]
        holder = getattr(holder, name)
    return []


def clicked_through() -> None:
    """The dialog is made, a failing and a cancelled set-up end with their sentences."""
    sys.path.insert(0, str(plugin.parent))
    from geoseg.dialog import SetupDialog

    from geoseg import installing

    app = PyQt6.QtWidgets.QApplication([])
    window = SetupDialog()
    window.show()
    ended = []
    for code in ("print('one'); raise SystemExit(3)", "import time; time.sleep(60)"):
        step = installing.Step((sys.executable, "-I", "-c", code), "trying")
        folder = installing.fresh_folder()
        installer = installing.Installer([step], folder, dict(os.environ), window)
        installer.ended.connect(lambda good, said: ended.append((good, said)))
        installer.start()
        PyQt6.QtTest.QTest.qWait(200)
        if "sleep" in code:
            installer.cancel()
        for _ in range(500):
            if len(ended) == (2 if "sleep" in code else 1):
                break
            PyQt6.QtTest.QTest.qWait(20)
    assert ended == [(False, "trying failed: one"), (False, "cancelled; nothing is left behind")], (
        ended
    )
    assert not Path(sys.argv[2], "geoseg").exists()
    window.close()
    dock_shown()
    app.quit()


class Iface:
    """A window with a map, as far as a dock asks for one."""

    def __init__(self) -> None:
        self.canvas = PyQt6.QtWidgets.QWidget()

    def mapCanvas(self) -> PyQt6.QtWidgets.QWidget:  # noqa: N802
        return self.canvas


def dock_shown() -> None:
    """The dock for reviews is made, its keys are known, and without a file it says what to do."""
    from geoseg.review_dock import ReviewDock

    for name in ("setStrokeColor", "setFillColor", "setWidth", "reset", "setVisible"):
        setattr(Anything, name, lambda *_: None)
    dock = ReviewDock(Iface())
    dock.show()
    PyQt6.QtTest.QTest.keyClick(dock, PyQt6.QtCore.Qt.Key.Key_R)
    assert dock.told.text() == "Open a file that geoseg review wrote."
    assert [dock.buttons[key].isEnabled() for key in ("open", "R")] == [True, False]
    dock.close()


pretend()
missing = unknown_names()
assert missing == [], missing
clicked_through()
sys.stdout.write("good")
sys.stdout.flush()
os._exit(0)
