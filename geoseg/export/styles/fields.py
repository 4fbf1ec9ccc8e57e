"""What QGIS calls the columns of a layer, how it writes their numbers, and the form of a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from xml.etree.ElementTree import Element

import pyarrow as pa

from geoseg.export.schema import Column
from geoseg.export.styles.nodes import node, option_map, text_node
from geoseg.vectors.apart import free_name

KEY_COLUMN = "fid"
"""Name of the key of the rows, GDAL's usual one, unless a column is called so."""

OTHER = "Other"
"""Page of the form for columns that nothing is known of."""
_QT_DOUBLE = 6


@dataclass(frozen=True, slots=True)
class Filled:
    """A column that QGIS fills in by itself."""

    name: str
    """Of the column."""
    expression: str
    """What goes in."""
    always: bool = True
    """At every change of a row; False: once, in new rows."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The columns of a layer as QGIS shows them."""

    names: tuple[str, ...]
    """All columns in order, without key and geometry."""
    told: tuple[Column, ...] = ()
    """Those whose meaning is known."""
    key: str = KEY_COLUMN
    """The column that numbers the rows; never shown."""
    display: str = ""
    """Expression that names a row; empty: QGIS chooses."""
    tip: str = ""
    """HTML that the map shows beneath the pointer; empty: none."""
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Columns with a list of values to choose from: label to value."""
    filled: tuple[Filled, ...] = ()
    """Columns that fill themselves in."""

    def nodes(self) -> list[Element]:
        """The elements of QML."""
        shown = [self._shown(name) for name in self.names]
        made = [
            self._expressions(shown),
            node("fieldConfiguration", None, *(_widget(one) for one in [*shown, self._key()])),
            node("aliases", None, *(_alias(name, alias) for name, alias in self._aliases(shown))),
            self._defaults(),
            self._table(shown),
            text_node("editorlayout", "tablayout"),
            node("attributeEditorForm", None, *_tabs(shown)),
        ]
        if self.display:
            made.append(text_node("previewExpression", self.display))
        if self.tip:
            made.append(text_node("mapTip", self.tip, {"enabled": 1}))
        return made

    def _shown(self, name: str) -> _Shown:
        column = next((one for one in self.told if one.name == name), None)
        shown = _Shown(name) if column is None else _Shown.of(column)
        if name in self.choices:
            return replace(shown, widget="ValueMap", choices=tuple(self.choices[name].items()))
        return shown

    def _defaults(self) -> Element:
        return node(
            "defaults",
            None,
            *(
                node(
                    "default",
                    {"field": one.name, "expression": one.expression, "applyOnUpdate": one.always},
                )
                for one in self.filled
            ),
        )

    def _key(self) -> _Shown:
        return _Shown(self.key, widget="Hidden")

    @staticmethod
    def _expressions(shown: Sequence[_Shown]) -> Element:
        """Shares are stored from 0 to 1; QGIS can show them as per cent only in a column of their own."""
        facts = {"type": _QT_DOUBLE, "typeName": "double precision", "length": 0, "precision": 0,
                 "subType": 0, "comment": ""}  # fmt: skip
        return node(
            "expressionfields",
            None,
            *(
                node("field", facts | {"name": one.name, "expression": one.expression})
                for one in shown
                if one.expression
            ),
        )

    @staticmethod
    def _aliases(shown: Sequence[_Shown]) -> list[tuple[str, str]]:
        stored = [(one.stored, one.alias.replace("(%)", "(0 to 1)")) for one in shown if one.stored]
        return [(one.name, one.alias) for one in shown if one.alias] + stored

    def _table(self, shown: Sequence[_Shown]) -> Element:
        stored = [one.stored for one in shown if one.expression]
        places = [(one.name, False) for one in shown]
        places += [(name, True) for name in [*stored, self.key]]
        columns = (
            node("column", {"type": "field", "name": name, "hidden": hidden, "width": -1})
            for name, hidden in places
        )
        actions = node("column", {"type": "actions", "hidden": True, "width": -1})
        facts = {"actionWidgetStyle": "dropDown", "sortOrder": 0, "sortExpression": ""}
        return node("attributetableconfig", facts, node("columns", None, *columns, actions))


@dataclass(frozen=True, slots=True)
class _Shown:
    """One column, or what is shown in its place."""

    name: str
    alias: str = ""
    tab: str = OTHER
    widget: str = "TextEdit"
    decimals: int | None = None
    stored: str = ""
    """The column it comes from, where that is another."""
    expression: str = ""
    """What it is, where it is no column of the file."""
    choices: tuple[tuple[str, str], ...] = ()
    """Labels and values to choose from."""

    @classmethod
    def of(cls, column: Column) -> _Shown:
        """A column whose meaning is known."""
        if column.is_share:
            return cls(
                f"{column.name}_percent", f"{column.title} (%)", column.tab, "Range", 0,
                column.name, f'round(100 * "{column.name}")',
            )  # fmt: skip
        unit = f" ({column.unit})" if column.unit else ""
        if pa.types.is_boolean(column.arrow_type):
            return cls(column.name, column.title, column.tab, "CheckBox")
        if pa.types.is_timestamp(column.arrow_type):
            return cls(column.name, column.title, column.tab, "DateTime")
        widget = "TextEdit" if column.decimals is None else "Range"
        return cls(column.name, column.title + unit, column.tab, widget, column.decimals)


def key_column(names: Iterable[str]) -> str:
    """The key of the rows beside these columns."""
    return free_name(KEY_COLUMN, names)


def percent_of(name: str) -> str:
    """Expression that writes a share as per cent."""
    return f"""round(100 * "{name}") || ' %'"""


def _widget(shown: _Shown) -> Element:
    options: dict[str, object] = {}
    if shown.widget == "Range":
        options = {
            "AllowNull": True, "Precision": shown.decimals, "Step": 1.0, "Style": "SpinBox",
        }  # fmt: skip
    elif shown.choices:
        options = {"map": [{label: value} for label, value in shown.choices]}
    elif shown.widget == "TextEdit":
        options = {"IsMultiline": False, "UseHtml": False}
    config = node("config", None, option_map(options))
    edit = node("editWidget", {"type": shown.widget}, config)
    return node("field", {"name": shown.name, "configurationFlags": "None"}, edit)


def _alias(name: str, alias: str) -> Element:
    return node("alias", {"index": -1, "field": name, "name": alias})


def _tabs(shown: Sequence[_Shown]) -> list[Element]:
    order = list(dict.fromkeys(one.tab for one in shown))
    grouped = groupby(sorted(shown, key=lambda one: order.index(one.tab)), key=lambda one: one.tab)
    return [
        node(
            "attributeEditorContainer",
            {"name": tab, "columnCount": 1, "groupBox": 0, "showLabel": 1,
             "visibilityExpressionEnabled": 0, "visibilityExpression": ""},
            *(
                node("attributeEditorField", {"name": one.name, "index": -1, "showLabel": 1})
                for one in columns
            ),
        )
        for tab, columns in grouped
    ]  # fmt: skip
