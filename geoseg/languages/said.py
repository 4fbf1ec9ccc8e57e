"""Texts for people: English, and still to be said in another language."""

from __future__ import annotations

from typing import Any, Self


class Said(str):
    """An English text that remembers what it was made from.

    ``Said("{count} rows have no area.")`` is a sentence to be filled; ``.format(count=3)`` fills it and
    remembers both, so that a :class:`~geoseg.languages.language.Language` can say it anew. To everything
    else it is a ``str``. The first argument is always written out: it is the key in ``texts/*.json``.
    Translations are written so that any number fits; ``one`` is the English where ``count`` is 1.
    """

    __slots__ = ("one", "template", "values")

    template: str
    """As it stands in the code, with names in braces."""
    one: str | None
    """The same for a ``count`` of 1; None: no other."""
    values: dict[str, Any]
    """What fills the braces, by name."""

    def __new__(
        cls, template: str, text: str | None = None, /, *, one: str | None = None, **values: Any
    ) -> Self:
        """The template as it is, or as ``format`` filled it."""
        made = super().__new__(cls, template if text is None else text)
        made.template, made.one, made.values = template, one, values
        return made

    def english(self, values: dict[str, Any]) -> str:
        """The template that suits the values."""
        return self.one if self.one is not None and values.get("count") == 1 else self.template

    def format(self, /, **values: Any) -> Said:  # type: ignore[override]  # names only
        """The text with its braces filled."""
        filled = self.english(values).format(**values)
        return Said(self.template, filled, one=self.one, **values)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.template, str(self), self.one, self.values)


def _again(template: str, text: str, one: str | None, values: dict[str, Any]) -> Said:
    return Said(template, text, one=one, **values)
