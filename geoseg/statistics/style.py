"""QGIS styles of zones and changes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

RAMP = ("#eef3f8", "#c6d8e8", "#90b8d8", "#4f8fc0", "#1f5f99")
"""Fill colours of zones from few to many."""
_PAGE = """<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.16.0-Hannover" styleCategories="Symbology" labelsEnabled="0">
  {renderer}
  <layerGeometryType>2</layerGeometryType>
</qgis>
"""
_SYMBOL = """<symbol type="fill" name="{name}" alpha="{alpha}" clip_to_extent="1" force_rhr="0">
<layer class="SimpleFill" enabled="1" locked="0" pass="0">
<prop k="style" v="solid"/><prop k="color" v="{fill}"/>
<prop k="outline_style" v="solid"/><prop k="outline_color" v="{line}"/>
<prop k="outline_width" v="{width}"/><prop k="outline_width_unit" v="MM"/>
</layer></symbol>"""


def class_limits(values: NDArray[np.float64], classes: int = len(RAMP)) -> list[float]:
    """Rising limits, one more than classes, by quantiles of the finite values."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return [0.0, 0.0]
    limits = np.unique(np.quantile(finite, np.linspace(0, 1, classes + 1)))
    return limits.tolist() if len(limits) > 1 else [float(limits[0])] * 2


def choropleth(values: NDArray[np.float64], column: str, unit: str) -> str:
    """A graduated style: zones shaded by ``column`` in quantile classes."""
    limits = class_limits(np.asarray(values, dtype=float))
    pairs = list(pairwise(limits))
    chosen = np.linspace(len(RAMP) - 1, 0, len(pairs)).round().astype(int)[::-1]
    ranges = "".join(
        f'<range symbol="{index}" lower="{low!r}" upper="{high!r}" render="true"'
        f" label={quoteattr(f'{low:,.0f} - {high:,.0f} {unit}')}/>"
        for index, (low, high) in enumerate(pairs)
    )
    symbols = "".join(
        _symbol(str(index), RAMP[colour], "0.75", "0.26") for index, colour in enumerate(chosen)
    )
    return _PAGE.format(
        renderer=f'<renderer-v2 type="graduatedSymbol" attr={quoteattr(column)}'
        ' graduatedMethod="GraduatedColor" symbollevels="0" forceraster="0" enableorderby="0">'
        f"<ranges>{ranges}</ranges><symbols>{symbols}</symbols></renderer-v2>"
    )


def categories(column: str, colours: Mapping[str, str]) -> str:
    """A categorized style: one colour per value of ``column``."""
    entries = "".join(
        f'<category symbol="{index}" value={quoteattr(value)} label={quoteattr(value)}'
        ' render="true"/>'
        for index, value in enumerate(colours)
    )
    symbols = "".join(
        _symbol(str(index), colour, "0.8", "0.1") for index, colour in enumerate(colours.values())
    )
    return _PAGE.format(
        renderer=f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(column)}'
        ' symbollevels="0" forceraster="0" enableorderby="0">'
        f"<categories>{entries}</categories><symbols>{symbols}</symbols></renderer-v2>"
    )


def _symbol(name: str, colour: str, alpha: str, line_mm: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return _SYMBOL.format(
        name=name, alpha=alpha, width=line_mm, fill=f"{red},{green},{blue},255", line="60,70,80,255"
    )
