"""What ``hostkit gate`` answers where nothing changed: the pass that the ledger has of exactly this case."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.errors import ExitCode, HostkitError
from hostkit.gate.surroundings import Surroundings

if TYPE_CHECKING:
    from hostkit.gate.cache import Earlier
    from hostkit.gate.request import GateRequest
    from hostkit.settings.model import Settings


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


def answer_or_run(
    known: KnownPass,
    asked: Callable[[], tuple[Settings, GateRequest]],
    run: Callable[[Settings, GateRequest], int],
    *,
    as_json: bool,
) -> int:
    """Answer by a known pass, or run and remember a pass that came of it; return the exit code."""
    found = known.glance()
    if found is None:
        settings, request = asked()
        found = known.look(settings, request)
        if found is None:
            code = run(settings, request)
            if code == ExitCode.PASS:
                with suppress(HostkitError):  # it is found out again the next time
                    known.remember(settings, request)
            return code
    show_earlier(found, as_json=as_json)
    return ExitCode.PASS


def show_earlier(earlier: Earlier, *, as_json: bool) -> None:
    """Say that nothing ran now, and what did."""
    said = earlier.statement
    when = datetime.fromtimestamp(said["decided_ns"] // 1_000_000_000, UTC)
    answered = f"answered from ledger entry {earlier.entry} of {when:%Y-%m-%d %H:%M:%S} UTC, nothing changed"
    if as_json:
        told = {"schema": "hostkit.gate-cached/1", "cached": True, "verdict": said["verdict"], "exit_code": 0}
        told |= {"run": earlier.run, "ledger": earlier.entry, "answered": answered}
        told |= {"evidence": str(earlier.evidence), "statement": said}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    click.echo(
        f"{click.style(' PASS ', fg='white', bg='green', bold=True)}  {answered}\n  {said['reasons'][0]}\n"
        f"  evidence    {earlier.evidence}/\n  run anew    --fresh"
    )
