"""Counted words for messages."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which takes a plain «s»: «1 test», «2 tests»."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def first_of(names: Sequence[str], noun: str) -> str:
    """Return the first name and how many more there are: «a», «a and 1 more test»."""
    rest = len(names) - 1
    return f"{names[0]} and {counted(rest, f'more {noun}')}" if rest else names[0]
