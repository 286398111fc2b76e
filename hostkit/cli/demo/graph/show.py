"""The demo of a whole plan, from import to audit, told as it goes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click
from rich.text import Text

from hostkit.cli.context import Context
from hostkit.cli.demo.graph.audit import Step, differences, stopped, way
from hostkit.cli.demo.graph.ride import Place, ride
from hostkit.cli.demo.graph.work import BREAKDOWN, TARGET, Work, chosen, read_work, settled
from hostkit.cli.tasks import Kept, merge_words, open_workshop
from hostkit.cli.tasks_view import watched
from hostkit.errors import ExitCode, MissingToolError
from hostkit.report.tasks import task_lines
from hostkit.report.visible import visible
from hostkit.tasks.git import Git
from hostkit.tasks.workshop import Workshop
from hostkit.words import counted


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be shown: env of the gates, kills of the runner, the small graph or the whole one."""

    env: str
    kills: int
    small: bool


def show_graph(context: Context, clone: Context, wish: Wish) -> int:
    """Import, settle, run, audit. Exit code 0 only if everything is as it must be."""
    work = chosen(read_work(), small=wish.small)
    if any(each.simulated for each in work.values()) and find_spec("labwired") is None:
        raise MissingToolError(
            "the graph has a task for a simulated ESP32-C3, and there is no simulator",
            hint="pip install 'hostkit[sim]', or see the small graph: hostkit demo --graph --small",
        )
    place = _place(clone)
    base = Git(clone.project, clone.runner).resolve(TARGET)
    gate = {"env": wish.env, "board": "any", "min_rung": "wired" if wish.small else "timed"}
    file = _settle(place, work, gate)
    click.echo(place.run("tasks", "lint", "--file", file).strip())
    began = clone.clock.monotonic_ns()
    with _shop(clone, place, file) as shop:
        killed = _run(clone, shop, place, wish.kills)
        seconds = (clone.clock.monotonic_ns() - began) / 1e9
        return _audit(context, shop, place, work, base, _Ridden(killed, wish.kills, seconds))


@dataclass(frozen=True, slots=True)
class _Ridden:
    """How the run went."""

    killed: int
    wished: int
    seconds: float


def _place(clone: Context) -> Place:
    root = clone.paths.state.parent
    env = dict(os.environ) | {
        "HOSTKIT_STATE_DIR": str(clone.paths.state),
        "HOSTKIT_CACHE_DIR": str(clone.paths.cache.resolve()),
        "HOSTKIT_RUNS_DIR": str(root / "runs"),
        "HOSTKIT_DATABASE_URL": "",
    }
    return Place(clone.project, root, env, clone.clock, clone.runner)


def _settle(place: Place, work: Mapping[str, Work], gate: Mapping[str, str]) -> Path:
    """Import the breakdown and settle what it leaves open; return the plan."""
    imported, file = place.root / "imported.yaml", place.root / "tasks.yaml"
    told = place.run("tasks", "import", BREAKDOWN, "-o", imported).replace(f"{BREAKDOWN.parent}{os.sep}", "")
    notes = [line for line in told.splitlines() if ": note: " in line]
    click.echo(f"imported {BREAKDOWN.name}: {counted(len(notes), 'finding')}, and nothing of it was run")
    for note in notes:
        click.echo(f"  {note}")
    file.write_text(settled(imported.read_text(encoding="utf-8"), work, gate), encoding="utf-8")
    click.echo(f"\nsettled: {counted(len(work), 'task')}, each with an agent, and with a gate or a check")
    return file


def _run(clone: Context, shop: Workshop, place: Place, kills: int) -> int:
    """Let the plan be run and killed; on a terminal, with the screen that a run has there."""

    def show(line: str) -> None:
        if clone.err_console.is_terminal:  # above the screen
            clone.err_console.print(Text(f"  {visible(line)}"))
        else:
            click.echo(f"  {line}")

    click.echo(f"\nhostkit tasks run --jobs 4, killed with -9 {counted(kills, 'time')}:")
    with watched(clone, shop):
        return ride(place, ("tasks", "run", "--jobs", "4", "--file", shop.plan.file), kills, show)


@contextmanager
def _shop(clone: Context, place: Place, file: Path) -> Iterator[Workshop]:
    with open_workshop(clone, file, Kept(runs=place.root / "runs", database="")) as shop:
        yield shop


def _audit(
    context: Context, shop: Workshop, place: Place, work: Mapping[str, Work], base: str, ridden: _Ridden
) -> int:
    now = shop.standings(running=False)
    click.echo("")
    context.console.print(task_lines(shop.plan, now, merge_words(shop, now)))
    click.echo("\nfirst tries that looked done, and what stopped them:")
    for each in work.values():
        if each.stopped_by is not None:
            click.echo(f"  {each.task:<4} {each.stopped_by.value:<8} {stopped(shop, each)}")
    steps = way(shop, place, base)
    click.echo(f"\n{TARGET} by first parents, each commit with a signed pass that `hostkit verify` accepts:")
    for step in steps:
        click.echo(_line(step))
    wrong = list(differences(shop, work, now, base))
    wrong += [f"{step.commit[:12]}: {step.problem}" for step in steps if step.problem]
    if not steps:
        wrong.append(f"{TARGET} went nowhere")
    if ridden.killed != ridden.wished:
        wrong.append(f"the runner was to be killed {ridden.wished} times, it was {ridden.killed}")
    for line in wrong:
        click.echo(click.style("not as it must be: ", fg="red", bold=True) + line)
    if wrong:
        return ExitCode.FAIL
    tries = len(shop.attempts.all())
    click.echo(
        f"\nAs it must be: {counted(len(now), 'task')} in {counted(tries, 'attempt')}, "
        f"{counted(len(steps), 'commit')} of {TARGET} verified,"
        f"\nthe runner killed {counted(ridden.killed, 'time')}, {ridden.seconds:.0f} s. "
        f"{TARGET} holds the right work of every task, and nothing else."
    )
    return ExitCode.PASS


def _line(step: Step) -> str:
    good = f"pass on {step.board}, evidence {Path(step.evidence).name} holds"
    mark = "✘" if step.problem else "✔"
    return f"  {mark} {step.commit[:12]}  {step.subject[:48]:<48}  {step.problem or good}"
