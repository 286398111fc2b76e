"""``hostkit gate`` typed once more with nothing changed, answered before click and the verbs are loaded.

It is the same question to the same witness as :class:`hostkit.cli.gate_known.KnownPass` asks later, with the
same checks, and can only ever say «pass, known already». Whatever else there is to say, that a word is wrong
or that somebody tampered with evidence, is found and said by the verb itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hostkit.cli.context import Context
from hostkit.cli.gate_known import KnownPass, asked_options, told
from hostkit.errors import HostkitError

_WITH_VALUE = {
    "-e": "env",
    "--env": "env",
    "-b": "board",
    "--board": "board",
    "--min-rung": "min_rung",
    "--min-fidelity": "min_fidelity",
}
_JSON, _CACHED = "--json", "--cached"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command line says, where that is all known here. ``options``: by their parameters."""

    options: dict[str, str]
    as_json: bool
    cached: bool | None


def asked(arguments: Sequence[str]) -> Asked | None:
    """Return what the words after the verb say; None for another spelling, another option: click knows."""
    flags = {word for word in (_JSON, _CACHED) if word in arguments}
    named = [word for word in arguments if word not in flags]
    keys, values = named[::2], named[1::2]
    if len(keys) != len(values) or not _WITH_VALUE.keys() >= set(keys):
        return None
    if any(value.startswith("-") for value in values):  # a flag before it may have been a value to click
        return None
    options = {_WITH_VALUE[key]: value for key, value in zip(keys, values, strict=True)}
    return Asked(options, _JSON in flags, True if _CACHED in flags else None)


def answered(arguments: Sequence[str]) -> bool:
    """Print the pass that a command line asks for where it is known; False where that is not so."""
    wanted = asked(arguments)
    if wanted is None:
        return False
    try:
        context = Context.of_system(Path.cwd().resolve(), dict(os.environ))
        found = KnownPass(context, asked_options(**wanted.options), wanted.cached).glance()
        if found is None:
            return False
        print(told(found, as_json=wanted.as_json, colour=sys.stdout.isatty()), flush=True)
    except (HostkitError, OSError):  # a reader that went away included
        return False
    return True
