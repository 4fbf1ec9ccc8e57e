"""Run by test_in_qgis.py with QGIS's own Python: ``in_qgis.py PLUGINS JOBS``, prints JSON.

JOBS is a file with case to arguments. All cases run in one QGIS, since starting it takes longer than most.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path += [sys.argv[1], "/usr/share/qgis/python/plugins", str(Path(__file__).parent)]

from qgis.core import QgsApplication

application = QgsApplication([], True)  # noqa: FBT003
application.initQgis()
from geoseg.provider import GeosegProvider  # noqa: E402
from processing.core.Processing import Processing  # noqa: E402

Processing.initialize()
provider = GeosegProvider()
QgsApplication.processingRegistry().addProvider(provider)

import qgis_algorithms  # noqa: E402
import qgis_layers  # noqa: E402
import qgis_review  # noqa: E402
import qgis_setup  # noqa: E402

CASES = qgis_algorithms.CASES | qgis_layers.CASES | qgis_review.CASES | qgis_setup.CASES


def main(jobs: dict) -> None:
    seen = {}
    for name, arguments in jobs.items():
        try:
            seen[name] = CASES[name](**arguments)
        except Exception:  # noqa: BLE001 - told, so that the other cases are seen all the same
            seen[name] = {"raised": traceback.format_exc()}
    sys.stdout.write("\n" + json.dumps(seen) + "\n")
    sys.stdout.flush()
    os._exit(0)  # QGIS's own tidying up crashes in some versions when run headless


main(json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
