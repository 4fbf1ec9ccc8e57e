"""Numbers with what they count, in English: one way to say one and many."""

from __future__ import annotations


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number and what it counts: ``1 building``, ``1,234 buildings``.

    Args:
        number: How many.
        one: What a single one is called.
        many: What others are called; None: the same and an s.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(*kinds: tuple[int, str] | tuple[int, str, str]) -> str:
    """Those of several kinds that there are, in a row: ``3 kept, 1 new``; empty where there is none.

    Args:
        *kinds: A number and what it counts, in one form for any number (``"kept"``), or in two.
    """
    return ", ".join(counted(kind[0], kind[1], kind[-1]) for kind in kinds if kind[0])
