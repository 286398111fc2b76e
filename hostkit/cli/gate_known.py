"""The pass that the ledger has of exactly this case. No click here: it is asked before click comes in."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hostkit.cli.context import Context
from hostkit.gate.surroundings import Surroundings

if TYPE_CHECKING:
    from hostkit.gate.cache import Earlier
    from hostkit.gate.request import GateRequest
    from hostkit.settings.model import Settings

_GREEN, _PLAIN = "\x1b[37m\x1b[42m\x1b[1m", "\x1b[0m"


def asked_options(
    env: str | None = None,
    board: str | None = None,
    min_rung: str | None = None,
    min_fidelity: str | None = None,
    **more: object,
) -> dict[str, object]:
    """Return all that a command line of ``hostkit gate`` asks that a pass depends on; None: not given.

    ``more``: those of ``no_flash``, ``soak`` (seconds) and ``rules`` (a commit) that were given.
    """
    given = {"env": env, "board": board, "min_rung": min_rung, "min_fidelity": min_fidelity}
    return {"no_flash": False, "soak": 0.0, "rules": ""} | given | more


class KnownPass:
    """The pass that answers one command line, where there is one and it may answer."""

    def __init__(self, context: Context, options: Mapping[str, object], wanted: bool | None) -> None:
        """Begin to look at the checkout.

        ``options``: all that the command line asks. ``wanted``: True for an earlier pass where there is one,
        False for none, None for one whose case says all that the verdict depends on.
        """
        self._context, self._wanted = context, wanted
        self._now = Surroundings(context.project, context.runner)
        # Git answers meanwhile.
        from hostkit.gate.keys import checkouts_of, open_signer  # noqa: PLC0415 - none of it for --help
        from hostkit.gate.witness import WITNESSES, Question, WitnessStand  # noqa: PLC0415

        signer = open_signer(context.paths, os.environ, checkouts_of(context.project))
        self._stand = WitnessStand(context.paths.cache / WITNESSES, signer, context.paths.state)
        self._question = Question(context.project, options, dict(os.environ))

    def glance(self) -> Earlier | None:
        """Return it where it is known at a glance. Raises :class:`InvalidError` for a false one."""
        if self._wanted is False:
            return None
        found = self._stand.answer(self._question, self._now, self._context.clock.wall_ns())
        return self._allowed(found)

    def look(self, settings: Settings, request: GateRequest) -> Earlier | None:
        """Return the same by looking at everything."""
        return None if self._wanted is False else self._allowed(self.remember(settings, request))

    def remember(self, settings: Settings, request: GateRequest) -> Earlier | None:
        """Find the pass of what is asked, and keep how, so that it is known at a glance from now on."""
        from hostkit.cli.gate import bench_of  # noqa: PLC0415 - which imports this module
        from hostkit.pipeline import earlier_pass  # noqa: PLC0415 - not for a glance

        context, began_ns = self._context, self._context.clock.wall_ns()
        was = Surroundings(context.project, context.runner).digest()
        found = earlier_pass(request, bench_of(context, settings))
        if found is not None:
            now = Surroundings(context.project, context.runner)
            self._stand.keep(self._question, found, was, now, began_ns=began_ns)
        return found

    def _allowed(self, found: Earlier | None) -> Earlier | None:
        return found if found is not None and (self._wanted or found.answers_unasked) else None


def told(earlier: Earlier, *, as_json: bool, colour: bool) -> str:
    """Return the words that say that nothing ran now, and what did."""
    said = earlier.statement
    when = datetime.fromtimestamp(said["decided_ns"] // 1_000_000_000, UTC)
    answered = f"answered from ledger entry {earlier.entry} of {when:%Y-%m-%d %H:%M:%S} UTC, nothing changed"
    if as_json:
        record = {
            "schema": "hostkit.gate-cached/1",
            "cached": True,
            "verdict": said["verdict"],
            "exit_code": 0,
        }
        record |= {"run": earlier.run, "ledger": earlier.entry, "answered": answered}
        record |= {"evidence": str(earlier.evidence), "statement": said}
        return json.dumps(record, indent=2, ensure_ascii=False)
    word = f"{_GREEN} PASS {_PLAIN}" if colour else " PASS "
    return (
        f"{word}  {answered}\n  {said['reasons'][0]}\n"
        f"  evidence    {earlier.evidence}/\n  run anew    --fresh"
    )
