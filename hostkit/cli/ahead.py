"""What is needed once a suite has ended, made ready while it runs: then nobody waits for it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

from hostkit.gate.model import Stage

if TYPE_CHECKING:
    from hostkit.gate.request import Listener


def made_ready(listener: Listener, *, ledger: bool, page: bool) -> Listener:
    """Return a listener that passes on all that it hears, and loads what is asked for beside the suite."""

    def stage(stage: Stage, text: str) -> None:
        if stage is Stage.HIL and not text:
            Thread(target=_load, args=(ledger, page), daemon=True).start()
        listener.stage(stage, text)

    return replace(listener, stage=stage)


def _load(ledger: bool, page: bool) -> None:
    with suppress(ImportError):  # said where it is needed
        if ledger:
            import hostkit.store.ledger  # noqa: F401, PLC0415 - that is all it is here for
        if page:
            from hostkit.report.html.page import template  # noqa: PLC0415

            template()
