"""The parts of a DXF of release 12 that are the same in every file, and text in its letters."""

from __future__ import annotations

import re
import struct

_AS_IT_IS = re.compile(r"[ -\]_-~]*")
"""Printable ASCII but for the caret."""
LONGEST = 250
"""Letters of a string, a little below what the format allows."""
HEAD = """\
999
{comment}
0
SECTION
2
HEADER
9
$ACADVER
1
AC1009
0
ENDSEC
0
SECTION
2
TABLES
0
TABLE
2
LTYPE
70
1
0
LTYPE
2
CONTINUOUS
70
64
3
Solid line
72
65
73
0
40
0.0
0
ENDTAB
0
TABLE
2
LAYER
70
{count}
{layers}0
ENDTAB
0
TABLE
2
APPID
70
1
0
APPID
2
GEOSEG
70
0
0
ENDTAB
0
ENDSEC
0
SECTION
2
ENTITIES
"""
"""The header, the tables, and the begin of the entities."""
LAYER_ENTRY = """\
0
LAYER
2
{name}
70
0
62
{colour}
6
CONTINUOUS
"""
"""A layer of the table."""
TAIL = "0\nENDSEC\n0\nEOF\n"
"""The end."""


def strings_of(text: str) -> list[str]:
    """A text as strings of the format; where it needs several, each but the first begins with ``+``."""
    if len(text) <= LONGEST and _AS_IT_IS.fullmatch(text):
        return [text]
    letters = [_letter(one) for one in text]
    strings, line = [], ""
    for letter in letters:
        if len(line) + len(letter) > LONGEST:
            strings.append(line)
            line = "+"
        line += letter
    return [*strings, line]


def _letter(one: str) -> str:
    r"""ASCII as it is, control characters behind a caret, all others as ``\U+`` and UTF-16 digits."""
    if one == "^":
        return "^ "
    if " " <= one <= "~":
        return one
    if one < " ":
        return f"^{chr(ord(one) + 64)}"
    units = struct.unpack(f">{len(one.encode('utf-16-be')) // 2}H", one.encode("utf-16-be"))
    return "".join(f"\\U+{unit:04X}" for unit in units)
