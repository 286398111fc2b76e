"""Waiting for a job: what it does now, and a worker of one's own where none runs."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from hostkit.cli.queue_office import Office

if TYPE_CHECKING:
    from rich.status import Status

    from hostkit.jobs.model import Job

_LOOK_S = 0.2
_WORDS_S = 1.0  # how often one asks how a job stands of which there is no news: who waits is counted for that
_WORKER_S = 2.0  # how often one looks whether a worker runs


def wait_for(office: Office, job: Job) -> Job:
    """Return the job as it ended. What changes is told on standard error; on a terminal with a spinner.

    Where no worker runs this process is one until the job has ended, and so may do others' jobs before it.
    Interrupted, the job stays in the queue.
    """
    with ExitStack() as stack:
        teller = _Teller(office, job.id)
        stack.callback(teller.close)
        try:
            return _wait(office, job.id, teller)
        except KeyboardInterrupt:
            teller.close()
            click.echo(f"job {job.id} stays in the queue: hostkit queue show {job.id}", err=True)
            raise


def _wait(office: Office, number: int, teller: _Teller) -> Job:
    clock = office.context.clock
    looked_ns = 0
    while True:
        job = office.queue.get(number)
        if job.state.ended or looked_ns:
            teller.tell(job)
        if job.state.ended:
            return job
        now_ns = clock.monotonic_ns()
        if not looked_ns or now_ns - looked_ns > _WORKER_S * 1e9:
            looked_ns = now_ns
            if not office.staffed():
                _work(office, number, teller)
                continue
        clock.sleep(_LOOK_S)


def _work(office: Office, number: int, teller: _Teller) -> None:
    """Be a worker until the job has ended."""
    from hostkit.jobs.waking import Bell  # noqa: PLC0415 - only to work

    bell = Bell(office.context.paths.queue)

    def over() -> bool:
        job = office.queue.get(number)
        teller.tell(job)
        return job.state.ended

    try:
        office.worker(1, teller.line).run(over, bell)
    finally:
        bell.close()


class _Teller:
    """Says what a job does: one line a change, and on a terminal a spinner with the estimate."""

    def __init__(self, office: Office, number: int) -> None:
        self._office = office
        self._number = number
        self._said = ""
        self._known: Job | None = None
        self._next_ns = 0
        self._status: Status | None = None

    def tell(self, job: Job) -> None:
        """Say how a job stands, if that is news."""
        from hostkit.cli.queue_show import standing_words  # noqa: PLC0415

        now_ns = self._office.context.clock.monotonic_ns()
        if job == self._known and now_ns < self._next_ns:
            return
        self._known, self._next_ns = job, now_ns + round(_WORDS_S * 1e9)
        live = sys.stderr.isatty()
        words = standing_words(self._office, job, live=live)
        if words == self._said:
            return
        self._said = words
        if live and not job.state.ended:
            self._spin(f"job {job.id}: {words}")
        else:
            self.close()
            click.echo(f"job {job.id}: {words}", err=True)

    def line(self, text: str) -> None:
        """Say what the worker in this process did for other jobs."""
        if not text.startswith(f"job {self._number}:"):
            click.echo(text, err=True)

    def close(self) -> None:
        """Take the spinner away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _spin(self, words: str) -> None:
        if self._status is None:
            self._status = self._office.context.err_console.status(words)
            self._status.start()
        else:
            self._status.update(words)
