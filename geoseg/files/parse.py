"""JSON and YAML of anybody's making: what comes back can be walked through, whatever was written.

Both formats can be nested so deeply that every recursive function fails, YAML can grow without end by
aliases of aliases, and Python refuses to read whole numbers of thousands of digits.
"""

from __future__ import annotations

import json
from typing import Any

MAX_DEPTH = 64
"""Lists and mappings within each other; what geoseg reads has less than ten."""
MAX_YAML_VALUES = 100_000
"""Values of a YAML file, each alias counted as all that it stands for."""


class ParseError(ValueError):
    """A text is no JSON or YAML, or none that can be read; the message is a part of a sentence."""


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401  # JSON of any shape
    """The content of a JSON text.

    Raises:
        ParseError: It is no JSON, too deep, or holds a number that is too long.
    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise ParseError(f"it is not JSON: {_brief(error)}") from error
    _check(content, None)
    return content


def parse_yaml(text: str | bytes) -> Any:  # noqa: ANN401  # YAML of any shape
    """The content of a YAML text.

    Raises:
        ParseError: It is no YAML, too deep, too large once its aliases are written out, or holds a
            number or date that there is not.
    """
    import yaml

    try:
        content = yaml.safe_load(text)
    except RecursionError:
        raise _too_deep() from None
    except (yaml.YAMLError, ValueError, TypeError, OverflowError) as error:
        raise ParseError(f"it is not YAML: {_brief(error)}") from error
    _check(content, MAX_YAML_VALUES)
    return content


def _check(content: Any, most: int | None) -> None:  # noqa: ANN401
    """Refuse what is too deep or, where ``most`` is given, has more values."""
    level, depth, values = [content], 0, 0
    while level:
        if depth > MAX_DEPTH:
            raise _too_deep()
        depth += 1
        values += len(level)
        inside: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inside += value.values()
            elif isinstance(value, list | tuple | set):
                inside += value
            if most is not None and values + len(inside) > most:
                raise ParseError(
                    f"it has more than {most:,} values once its aliases (*name) are written out"
                )
        level = inside


def _too_deep() -> ParseError:
    return ParseError(
        f"it is nested too deeply: more than {MAX_DEPTH} lists and mappings in each other"
    )


def _brief(error: Exception) -> str:
    said = " ".join(str(error).split())
    return "a whole number has thousands of digits" if "digits" in said else said
