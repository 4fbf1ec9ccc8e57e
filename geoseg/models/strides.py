"""Sizes in whole strides of a network."""

from __future__ import annotations


def round_down(value: int, step: int) -> int:
    """The largest multiple of ``step`` that is at most ``value``."""
    return value // step * step


def round_up(value: int, step: int) -> int:
    """The smallest multiple of ``step`` that is at least ``value``."""
    return -(-value // step) * step
