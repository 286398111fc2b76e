"""What a person sees while a gate runs: one line a stage, and the suite's tests, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context

if TYPE_CHECKING:
    from rich.status import Status
    from rich.text import Text

    from hostkit.build.service import BuildEvent
    from hostkit.cli.suite_progress import SuiteProgress
    from hostkit.flash.model import Progress
    from hostkit.gate.model import Stage
    from hostkit.gate.request import Listener
    from hostkit.hil.observations import Observations


SOAK = "soak "
"""How a line begins that the suite prints while it soaks."""


class GateProgress:
    """Listens to a gate. On a terminal the stage at work is shown with a spinner, elsewhere only its end."""

    def __init__(self, context: Context, *, verbose: bool) -> None:
        """Write to the context's standard error."""
        self._context = context
        self._verbose = verbose
        self._status: Status | None = None
        self._stage = ""
        self._suite: SuiteProgress | None = None
        self._flashing: dict[str, Progress] = {}  # how far each board is, where several are at it

    def __enter__(self) -> GateProgress:
        """Return itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Take the spinner away."""
        self._stop()

    def listener(self) -> Listener:
        """Return what the pipeline talks to."""
        from hostkit.gate.request import Listener  # noqa: PLC0415 - not for --help

        seen = None if self._verbose else self._on_seen
        return Listener(self._on_stage, self._on_build, self._on_flash, self._on_suite, seen)

    def _on_stage(self, stage: Stage, text: str) -> None:
        self._stop()
        self._stage = stage.value
        if text:
            label = click.style(f"{stage.value:<6}", dim=True)
            click.echo(f"{label} {text}", err=True)
            if self._flashing:
                self._show_flashing()
        else:
            self._spin(stage.value)

    def _on_build(self, event: BuildEvent) -> None:
        kind = event.kind.value
        if kind in ("note", "wait"):
            self._say(f"{kind}: {event.text}")
        elif kind == "output" and self._verbose:
            click.echo(event.text, err=True)
        elif kind == "compile":
            self._update(f"[{event.done}/{event.total or '?'}] {event.text}")

    def _say(self, line: str) -> None:
        """Write a line that stays, above the spinner where there is one."""
        if self._status is not None:
            self._status.console.print(line, markup=False)
        else:
            click.echo(line, err=True)

    def _on_flash(self, progress: Progress | None, board: str) -> None:
        if progress is None:
            self._flashing.pop(board, None)
        elif board:
            self._flashing[board] = progress
        else:
            self._update(f"{progress.stage.value} {progress.fraction:.0%}")
        if board:
            self._show_flashing()

    def _show_flashing(self) -> None:
        """Show a line for each board that is being flashed, where several are."""
        if not self._flashing:
            self._stop()
            return
        if self._status is None:
            self._spin(self._stage)
        if self._status is not None:
            self._status.update(_flashing_lines(self._stage, self._flashing))

    def _on_suite(self, text: str) -> None:
        if self._verbose:
            click.echo(text, err=True, nl=False)
            return
        soak = [line for line in text.splitlines() if line.startswith(SOAK)]
        if soak and self._suite is not None:
            self._suite.note(soak[-1])

    def _on_seen(self, new: Observations, evidence: Path) -> None:
        from hostkit.cli.suite_progress import SuiteProgress  # noqa: PLC0415 - not for --help

        if self._suite is None:
            self._stop()
            self._suite = SuiteProgress(self._context.err_console)
        if new.collected is not None:
            self._suite.collected(new.collected)
        for test in new.tests:
            self._suite.ended(test, evidence)

    def _spin(self, text: str) -> None:
        if not self._verbose and sys.stderr.isatty():
            self._status = self._context.err_console.status(text)
            self._status.start()

    def _update(self, text: str) -> None:
        if self._status is not None:
            self._status.update(f"{self._stage}  {text}")

    def _stop(self) -> None:
        status, self._status = self._status, None
        if status is not None:
            status.stop()
        suite, self._suite = self._suite, None
        if suite is not None:
            suite.close()


def _flashing_lines(stage: str, boards: Mapping[str, Progress]) -> Text:
    from rich.text import Text  # noqa: PLC0415 - not for --help

    width = max(map(len, boards))
    rows = [
        f"{name:<{width}}  {progress.stage.value:<8}"
        + (f" {progress.fraction:>4.0%}" if progress.fraction else "")
        for name, progress in boards.items()
    ]
    between = "\n" + " " * (len("⠋  ") + len(stage) + 1)
    return Text(f"{stage}  {between.join(rows)}", no_wrap=True, overflow="ellipsis")
