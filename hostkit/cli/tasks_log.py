"""``hostkit tasks log`` and ``show``: what was said in each attempt, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.cli.tasks_plan import FILE, task_named

if TYPE_CHECKING:
    from hostkit.store.model import Attempt
    from hostkit.tasks.model import Task
    from hostkit.tasks.workshop import Workshop

_LOOK_S = 0.25


@click.command("log")
@click.argument("task")
@FILE
@click.option("--follow", "-f", is_flag=True, help="Go on until the task is no longer at work.")
@click.option("--attempt", "number", type=click.IntRange(1), help="Only this one.")
@click.pass_obj
def log_command(context: Context, task: str, file: Path | None, follow: bool, number: int | None) -> None:
    """Show what the agent or command printed in each attempt, what the checks printed, and their results."""
    from hostkit.cli.tasks import open_workshop  # noqa: PLC0415 - not for --help
    from hostkit.tasks.lock import is_running  # noqa: PLC0415
    from hostkit.tasks.ordering import is_settled  # noqa: PLC0415

    with open_workshop(context, file) as shop:
        shown = _Shown(shop, task_named(shop.plan, task), number)
        while True:
            running = is_running(shop.folders.lock)
            standing = shop.standings(running=running)[task]  # before what it left is shown, so that all is
            shown.show()
            if not follow or not running or is_settled(standing):
                break
            context.clock.sleep(_LOOK_S)
        shown.results()
    click.echo(click.style(f"── {standing.state.value}: {standing.why}", bold=True))


@click.command("show")
@click.argument("task")
@FILE
@click.pass_obj
def show_command(context: Context, task: str, file: Path | None) -> None:
    """Show one task: its brief, what proves it, and what happened."""
    from hostkit.cli.tasks import open_workshop  # noqa: PLC0415 - not for --help
    from hostkit.tasks.lock import is_running  # noqa: PLC0415
    from hostkit.tasks.proof import proofs_of  # noqa: PLC0415

    with open_workshop(context, file) as shop:
        found = task_named(shop.plan, task)
        standing = shop.standings(running=is_running(shop.folders.lock))[task]
        proofs = proofs_of(found.checks, shop.records(standing.commit)) if standing.commit else ()
        story, tried = shop.attempts.story(task), shop.tried(task)
    click.echo(f"{found.id}: {found.title}\n\n{found.brief.strip()}\n")
    click.echo(f"state     {standing.state.value}: {standing.why}")
    click.echo(f"needs     {', '.join(found.needs) or 'nothing'}")
    click.echo(f"files     {', '.join(found.files) or 'any'}")
    click.echo(f"{'command ' if found.run else 'agent   '}  {' '.join(found.agent.argv)}")
    for proof in proofs:
        verdict = proof.verdict.value if proof.verdict else "not asked"
        click.echo(f"check     {proof.check.title}: {verdict}: {proof.reason}  {proof.evidence}")
    for attempt in tried:
        click.echo(f"log       {attempt.log}")
    for event in story:
        when = datetime.fromtimestamp(event.at_ns / 1e9, UTC).isoformat(" ", "seconds")
        click.echo(f"{when}  {event.what}")


class _Shown:
    """How far each log was shown."""

    def __init__(self, shop: Workshop, task: Task, number: int | None) -> None:
        self._shop = shop
        self._task = task
        self._number = number
        self._offsets: dict[Path, int] = {}
        self._last: Path | None = None

    def show(self) -> None:
        """Print what was added since the last time, under a heading for each log."""
        for path, heading in self._logs():
            try:
                with path.open("rb") as stream:
                    stream.seek(self._offsets.get(path, 0))
                    text = stream.read()
            except FileNotFoundError:
                continue
            if path not in self._offsets or (text and path != self._last):
                click.echo(click.style(f"── {heading}", bold=True))
            self._offsets[path] = self._offsets.get(path, 0) + len(text)
            self._last = path
            click.echo(text.decode(errors="replace"), nl=False)

    def results(self) -> None:
        """Print what the ledger says of each attempt's commit, and how the others ended."""
        from hostkit.tasks.proof import proofs_of  # noqa: PLC0415 - not for --help

        for attempt in self._attempts():
            if not attempt.commit:
                how = f"{attempt.end.value}: {attempt.why}" if attempt.end.value else attempt.phase.value
                click.echo(f"attempt {attempt.number}: {how}")
                continue
            click.echo(f"attempt {attempt.number}: {attempt.commit[:12]} {attempt.why}".rstrip())
            for proof in proofs_of(self._task.checks, self._shop.records(attempt.commit)):
                verdict = proof.verdict.value if proof.verdict else "not asked"
                click.echo(f"  {proof.check.title}: {verdict}: {proof.reason}  {proof.evidence}".rstrip())

    def _attempts(self) -> tuple[Attempt, ...]:
        tried = self._shop.tried(self._task.id)
        return tuple(each for each in tried if self._number in (None, each.number))

    def _logs(self) -> Iterator[tuple[Path, str]]:
        from hostkit.tasks.proving import check_log  # noqa: PLC0415 - not for --help

        folders = self._shop.folders
        for attempt in self._attempts():
            began = datetime.fromtimestamp(attempt.began_ns / 1e9, UTC).isoformat(" ", "seconds")
            agent = f"agent {attempt.agent} " if attempt.agent and not self._task.run else ""
            yield Path(attempt.log), f"attempt {attempt.number} {agent}{began}"
            proof = folders.log(self._task.id, attempt.number, "proof")
            for place, check in enumerate(self._task.checks, 1):
                yield check_log(proof, place), f"attempt {attempt.number} {check.title}"
