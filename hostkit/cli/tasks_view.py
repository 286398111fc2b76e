"""``hostkit tasks run`` on a terminal: a screen of what is at work below the lines of what happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hostkit.cli.context import Context
from hostkit.errors import HostkitError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hostkit.boards.model import BoardSpec
    from hostkit.jobs.queue import Queue
    from hostkit.tasks.model import Standing
    from hostkit.tasks.workshop import Workshop

_PER_SECOND = 1
_SPARE = 2  # lines of the terminal that stay free


@contextmanager
def watched(context: Context, shop: Workshop) -> Iterator[Workshop]:
    """Give a workshop whose run is shown as it goes. Elsewhere than on a terminal: the same, plain lines."""
    if context.err_is_plain or not context.err_console.is_terminal:
        yield shop
        return
    from rich.live import Live  # noqa: PLC0415 - not for --help

    screen = _Screen(context, shop)
    live = Live(
        console=context.err_console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        refresh_per_second=_PER_SECOND,
        get_renderable=screen.draw,
    )
    with live:
        yield replace(shop, tell=screen.hear)


class _Screen:
    """Looks at state, logs, boards and queue each time it is drawn; it changes nothing."""

    def __init__(self, context: Context, shop: Workshop) -> None:
        self._context = context
        self._shop = shop
        self._specs = _specs(context)
        self._queue = _queue(shop, context)

    def hear(self, task: str, text: str) -> None:
        """Print a line of what happened, above the screen."""
        from rich.text import Text  # noqa: PLC0415 - not for --help

        from hostkit.report.visible import visible  # noqa: PLC0415

        line = Text(f"{datetime.now():%H:%M:%S}  ", style="dim")
        line.append(visible(f"{task}: {text}"), style="default")
        self._context.err_console.print(line)

    def draw(self) -> RenderableType:
        """Return the screen as it is now."""
        from rich.text import Text  # noqa: PLC0415 - not for --help

        from hostkit.report.live import Seen, live_screen  # noqa: PLC0415

        try:
            now = self._shop.standings(running=True)
            seen = Seen(now, self._said(now), self._boards(), self._jobs())
        except HostkitError as error:  # a database that is locked for a moment: the run itself goes on
            return Text(error.message, style="dim")
        return live_screen(self._shop.plan, seen, self._context.err_console.size.height - _SPARE)

    def _said(self, now: dict[str, Standing]) -> dict[str, str]:
        from hostkit.tasks.ordering import AT_WORK  # noqa: PLC0415 - not for --help
        from hostkit.tasks.proving import check_log  # noqa: PLC0415
        from hostkit.tasks.workshop import last_line  # noqa: PLC0415

        said = {}
        for task, standing in now.items():
            if standing.state not in AT_WORK:
                continue
            attempt = self._shop.tried(task)[-1]
            proof = self._shop.folders.log(task, attempt.number, "proof")
            checks = range(len(self._shop.plan.tasks[task].checks), 0, -1)
            logs = (*(check_log(proof, number) for number in checks), Path(attempt.log))
            said[task] = next((line for log in logs if (line := last_line(log))), "")
        return said

    def _boards(self) -> dict[str, str]:
        from hostkit.boards.lease import LeaseOffice  # noqa: PLC0415 - not for --help

        office = LeaseOffice(self._context.paths.leases, self._context.clock)
        holders = {spec.name: office.holder(spec.identity) for spec in self._specs}
        return {name: holder.what if holder else "" for name, holder in holders.items()}

    def _jobs(self) -> str:
        counts = self._queue.counts()
        return ", ".join(f"{count} {state.value}" for state, count in counts.items())


def _specs(context: Context) -> tuple[BoardSpec, ...]:
    """Return the boards of the project; none where its catalogue cannot be read: the gate will say so."""
    from hostkit.boards.catalog import load_catalog  # noqa: PLC0415 - not for --help
    from hostkit.hil.catalog import find_catalog  # noqa: PLC0415

    try:
        return tuple(load_catalog(find_catalog(context.project)))
    except HostkitError:
        return ()


def _queue(shop: Workshop, context: Context) -> Queue:
    from hostkit.jobs.queue import Queue  # noqa: PLC0415 - not for --help

    return Queue(shop.ledger.database, context.clock)
