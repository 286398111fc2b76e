"""``hostkit --help`` answered before click and the table of verbs are loaded, which take twice as long.

``help.txt`` is what click writes where there is room for 80 columns: it never uses more. ``docs/generate.py``
writes the file, and a test holds it equal to what click says. On a narrower terminal click is asked.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

PLACE = os.path.join(os.path.dirname(__file__), "help.txt")  # noqa: PTH118, PTH120 - pathlib: a tenth of it all
COLUMNS = 80
"""The widest that click makes a page of help, and what it takes for one where there is no terminal."""

_COMPLETE = "_HOSTKIT_COMPLETE"  # by which a shell asks click for completions, whatever the words are


def answered(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Print the help where it is asked for and fits; False where click is to answer."""
    if list(arguments) != ["--help"] or _COMPLETE in environment or _columns(environment) < COLUMNS:
        return False
    try:
        with open(PLACE, encoding="utf-8") as page:  # noqa: PTH123 - see above
            print(page.read(), end="", flush=True)
    except (OSError, ValueError):  # a reader that went away included: click finds and says it
        return False
    return True


def _columns(environment: Mapping[str, str]) -> int:
    """Return what :func:`shutil.get_terminal_size` does, which click asks: it loads every archive format."""
    try:
        columns = int(environment["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    if columns > 0:
        return columns
    try:
        assert sys.__stdout__ is not None
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or COLUMNS
    except (AssertionError, ValueError, OSError):
        return COLUMNS
