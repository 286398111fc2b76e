"""What a run of ``hostkit tasks`` leaves for readers: a log, and a page for each task that was tried."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from hostkit.cli.context import Context
from hostkit.errors import UsageError
from hostkit.files import atomic_write, disk_error

if TYPE_CHECKING:
    from hostkit.store.model import Attempt
    from hostkit.tasks.model import Standing
    from hostkit.tasks.workshop import Workshop

_PRIVATE = b"# Made by hostkit tasks run. To keep these pages in git, remove this file.\n*\n"


class Reports:
    """The Markdown of one run, in a folder of the checkout. What is said is in the log at once.

    A folder that was not there is made to be ignored by git: pages of a run are no change of the project,
    and must not make its checkout look changed.
    """

    def __init__(self, shop: Workshop, folder: Path) -> None:
        """Write nothing yet: the first thing that is said begins the log."""
        self._shop = shop
        self._folder = folder
        began_ns = shop.clock.wall_ns()
        began = datetime.fromtimestamp(began_ns / 1e9, UTC)
        self.log = folder / f"run-{began:%Y%m%dT%H%M%S}-{began_ns // 1_000_000 % 1000:03d}.md"
        self._began_ns = began_ns
        self._lock = threading.Lock()
        self._stream: TextIO | None = None

    def hear(self, task: str, text: str) -> None:
        """Add one line of what happens. Safe to call from several threads."""
        from hostkit.report.execution import log_line  # noqa: PLC0415 - not for --help

        self._add(log_line(self._shop.clock.wall_ns(), task, text))

    def close(self, now: Mapping[str, Standing], merges: Mapping[str, str]) -> None:
        """Write the page of each task that an agent tried, and end the log with where all stand.

        What a command printed is in its own log, and all else that there is to say of it in this one.
        """
        from hostkit.report.execution import log_foot  # noqa: PLC0415 - not for --help
        from hostkit.report.task_log import task_log  # noqa: PLC0415
        from hostkit.tasks.proof import proofs_of  # noqa: PLC0415

        pages = {}
        attempts: dict[str, list[Attempt]] = {}
        for attempt in self._shop.attempts.all() if self._shop.plan.agents_work else ():
            attempts.setdefault(attempt.task, []).append(attempt)
        for task in self._shop.plan.tasks.values():
            tried = attempts.get(task.id, [])
            if not tried or task.run is not None:
                continue
            standing = now[task.id]
            proofs = proofs_of(task.checks, self._shop.records(standing.commit)) if standing.commit else ()
            text = task_log(task, standing, proofs, tried, self._shop.attempts.story(task.id))
            pages[task.id] = f"{task.id}.md"
            atomic_write(self._folder / pages[task.id], text.encode(), durable=False)
        self._add(log_foot(self._shop.plan, now, merges, pages))
        with self._lock:
            if self._stream is not None:
                self._stream.close()
            self._stream = None

    def _add(self, text: str) -> None:
        from hostkit.report.execution import log_head  # noqa: PLC0415 - not for --help

        with self._lock:
            try:
                if self._stream is None:
                    if not self._folder.exists():
                        atomic_write(self._folder / ".gitignore", _PRIVATE, durable=False)
                    self._stream = self.log.open("a", encoding="utf-8", buffering=1)  # whole lines
                    self._stream.write(log_head(self._shop.plan, self._began_ns))
                self._stream.write(text)
            except OSError as error:
                raise disk_error(error, self.log) from error


@contextmanager
def reported(context: Context, shop: Workshop, folder: str | None) -> Iterator[tuple[Workshop, Path | None]]:
    """Give a workshop whose run is written down, however it ends, and where its log is.

    ``folder``: from the top of the checkout; None: what the plan says, "": nowhere.
    """
    from hostkit.cli.tasks import merge_words  # noqa: PLC0415 - it imports this module

    chosen = shop.plan.reports if folder is None else folder
    if not chosen:
        yield shop, None
        return
    reports = Reports(shop, context.project / chosen)

    def tell(task: str, text: str) -> None:
        reports.hear(task, text)
        shop.tell(task, text)

    try:
        yield replace(shop, tell=tell), reports.log
    except UsageError:
        raise  # nothing was run, and another run may be at work
    except BaseException:
        now = shop.standings(running=False)
        reports.close(now, merge_words(shop, now))
        raise
    now = shop.standings(running=False)
    reports.close(now, merge_words(shop, now))
