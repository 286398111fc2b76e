"""What another version of hostkit may have put in other words, and what it may not. Pure.

A verdict follows from the parts in every version; the sentences about it are those of the version that
wrote them, and a later one has fields that an earlier one did not know. So evidence that another version
made is held to its values: all that both versions know must be equal, but for the sentences.
"""

from __future__ import annotations

from hostkit.files import strict_json

_SENTENCES = frozenset({"reasons", "open", "reason", "calls", "said"})
"""Keys whose values are composed for people: of a decision, a crash, the end of a suite."""


def agree(said: object, follows: object) -> bool:
    """True when two JSON values say the same: keys that both have, but for sentences; all items of lists."""
    if isinstance(said, dict) and isinstance(follows, dict):
        return all(agree(said[key], follows[key]) for key in (said.keys() & follows.keys()) - _SENTENCES)
    if isinstance(said, list) and isinstance(follows, list):
        return len(said) == len(follows) and all(map(agree, said, follows))
    return type(said) is type(follows) and said == follows


def files_agree(said: bytes, follows: bytes) -> bool:
    """True when two JSON files say the same in that sense; one that is no JSON does not."""
    try:
        return agree(strict_json(said), strict_json(follows))
    except ValueError:
        return False
