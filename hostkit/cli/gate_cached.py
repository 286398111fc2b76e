"""``hostkit gate`` where nothing changed: a known pass, or a run that leaves one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from hostkit.cli.gate_known import KnownPass, told
from hostkit.errors import ExitCode, HostkitError

if TYPE_CHECKING:
    from hostkit.gate.request import GateRequest
    from hostkit.settings.model import Settings


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
    click.echo(told(found, as_json=as_json, colour=True))
    return ExitCode.PASS
