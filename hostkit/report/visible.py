"""Foreign text made safe to look at: nothing in it hides, moves or reorders what stands beside it. Pure."""

from __future__ import annotations

import re

# Control characters but tab and newline; zero width, line separators, and what turns the direction of text.
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def visible(text: str) -> str:
    """Return text in which every character that cannot be seen is U+FFFD; tabs and newlines stay."""
    return _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
