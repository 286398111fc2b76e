"""Which pattern a test draws, as a word that pytest's ``-k`` chooses by."""

from __future__ import annotations

import pytest

ANY = "any"
"""For a test that does not name its pattern: it may draw each of them."""


def keyword(pattern: str) -> str:
    """Return the word that tests of a pattern go by: ``-k draws-lava``; "" for those that name none."""
    return f"draws-{pattern or ANY}"


def pattern_of(item: pytest.Item) -> str:
    """Return the value of the parameter ``pattern``, "" for a test without."""
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get("pattern", "")) if callspec is not None else ""
