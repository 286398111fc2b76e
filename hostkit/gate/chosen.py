"""What a gate of a change runs of the suite, as pytest's ``-k``. Pure; evidence is held against the same."""

from __future__ import annotations

from collections.abc import Sequence

_DRAWS, _ANY = "draws-", "draws-any"  # see hostkit.hil.drawn, which a verifier does not load


def selection_of(*, whole: bool, patterns: Sequence[str], files: Sequence[str]) -> str:
    """Return the expression, "" for all of the suite, or for nothing.

    ``patterns``: all that the firmware can do otherwise is how these look. What draws another one is left
    out; what names none runs, as it may draw any. ``files``: test files that changed, by stem.
    """
    if whole:
        return ""
    drawn = [_ANY, *(f"{_DRAWS}{name}" for name in patterns)] if patterns else []
    return " or ".join([*drawn, *files])
