"""``agent-spawn``: agents at one task, a batch, or a pipeline of phases; the engine is ``hostkit tasks``."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hostkit import __version__
from hostkit.cli.context import Context
from hostkit.cli.interrupts import leave
from hostkit.cli.main import begin, run_command_line
from hostkit.errors import ExitCode, UsageError
from hostkit.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostkit.tasks.model import Plan, Standing
    from hostkit.tasks.selection import Phase
    from hostkit.tasks.workshop import Workshop

_MANY = ("--phases",)  # options that take words up to the next option
_WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a command line asks for."""

    plan: Plan
    phases: tuple[Phase, ...]
    jobs: int
    output: str
    workspace: str


@click.command("agent-spawn")
@click.option("--task", "task", metavar="ID[: TITLE]", help="One task.")
@click.option("--tasks", "tasks", metavar="IDS", help="A batch: T1,T2,T7-T9.")
@click.option("--batch-group", metavar="GROUP", help="A batch: the tasks of a group, or a name for --tasks.")
@click.option("--pipeline", is_flag=True, help="Phase after phase; without --phases all, by the graph.")
@click.option("--phases", multiple=True, metavar="NAME:IDS ...", help="Phases of a pipeline, in order.")
@click.option(
    *("--from-doc", "--dependency-graph"),
    "document",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A breakdown that says what the tasks need and are about.",
)
@click.option(
    "--type", "agent", metavar="NAME", help="The agent, of those in the plan (default: the task's own)."
)
@click.option("--workspace", metavar="NAME", help="Where to find the worktree: .hostkit/workspaces/NAME.")
@click.option(
    *("--parallelism", "--max-concurrent"), "jobs", type=click.IntRange(1, 64), default=2, show_default=True
)
@click.option(
    "--output-pattern", default="", metavar="PATH", help="Write a log of each task; {task} is its id."
)
@click.option(
    "--file", type=click.Path(dir_okay=False, path_type=Path), help="The plan (default: tasks.yaml)."
)
@click.option(
    *("-C", "--project"),
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The checkout (default: the nearest one upwards).",
)
@click.version_option(__version__, prog_name="agent-spawn")
def spawn_command(**asked: Any) -> int:
    """Set agents to work on tasks of a plan: each in a git worktree of its own, in the order of the graph.

    \b
    agent-spawn --task "T1: Title" --from-doc PLAN.md --type NAME --workspace NAME
    agent-spawn --batch-group A --tasks T1,T2 --parallelism 4 --output-pattern "docs/{task}.md"
    agent-spawn --pipeline --phases "A:T1-T4" "B:T5-T8" --dependency-graph PLAN.md --max-concurrent 8

    What proves a task is in tasks.yaml and nowhere else: a document says what is to be done, and nothing in
    it is run. A phase begins when every task of the one before is verified. Verified work is merged. What
    runs, and ran, is shown by `hostkit tasks status`.

    Exit codes are those of `hostkit tasks run`: 0 all of it is verified and merged, 1 a task failed, is
    blocked or did not merge, 3 something is inconclusive or waits for a task that was not asked for.
    """
    context = Context.of_system((asked["project"] or Path.cwd()).resolve(), dict(os.environ))
    wish = _wish(context, asked)
    from hostkit.cli.tasks import merge_words, open_workshop  # noqa: PLC0415 - none of it for --help
    from hostkit.cli.tasks_view import watched  # noqa: PLC0415
    from hostkit.report.tasks import task_lines  # noqa: PLC0415

    with open_workshop(context, wish.plan.file) as opened:
        shop = replace(opened, plan=wish.plan)
        with _workspace(context, shop, wish), watched(context, shop) as seen:
            now = _run(seen, wish)
        mine = {task: now[task] for each in wish.phases for task in each.tasks}
        merges = merge_words(shop, mine)
        shown = replace(shop.plan, tasks={task: shop.plan.tasks[task] for task in mine})
        context.console.print(task_lines(shown, mine, merges))
        for path in _write_logs(context, shop, wish, mine):
            click.echo(f"log  {path}", err=True)
    return _exit_code(mine, merges)


def _wish(context: Context, asked: dict[str, Any]) -> _Wish:
    from hostkit.cli.tasks_plan import plan_file  # noqa: PLC0415
    from hostkit.tasks.importing.document import import_file  # noqa: PLC0415
    from hostkit.tasks.read import read_plan  # noqa: PLC0415
    from hostkit.tasks.selection import unprovable, with_agent, with_document  # noqa: PLC0415

    file, document, output = plan_file(context, asked["file"]), asked["document"], asked["output_pattern"]
    plan = read_plan(file)
    if document is not None:
        plan = with_document(plan, import_file(document))
    phases = _phases(plan, asked)
    chosen = [task for each in phases for task in each.tasks]
    if why := unprovable(plan, chosen):
        settle = f"settle it in {file.name}: give it a gate or a check, then take «incomplete» away"
        raise UsageError(why, hint=settle)
    if asked["agent"] is not None:
        plan = with_agent(plan, chosen, plan.agents, asked["agent"])
    if output and "{task}" not in output and len(chosen) > 1:
        raise UsageError(f"{output!r} is one file for several tasks", hint="put {task} into --output-pattern")
    workspace = asked["workspace"] or ""
    if workspace and (len(chosen) > 1 or not _WORKSPACE.fullmatch(workspace)):
        raise UsageError(f"--workspace {workspace!r} is no name for one task's worktree", hint="as fw-schema")
    return _Wish(plan, phases, asked["jobs"], output, workspace)


def _phases(plan: Plan, asked: dict[str, Any]) -> tuple[Phase, ...]:
    """Return what is to be run, in its order. Raises :class:`UsageError` for what fits no mode."""
    from hostkit.tasks.selection import Phase, of_group, one_task, phase, tasks_of  # noqa: PLC0415

    batch = asked["tasks"] is not None or asked["batch_group"] is not None
    if (asked["task"] is not None) + batch + asked["pipeline"] != 1:
        raise UsageError("say which tasks", hint="one of: --task, --tasks (or --batch-group), --pipeline")
    if asked["phases"] and not asked["pipeline"]:
        raise UsageError("phases belong to a pipeline", hint="add --pipeline")
    if asked["task"] is not None:
        task, note = one_task(asked["task"], plan)
        if note:
            click.echo(f"note: {note}", err=True)
        return (Phase("task", (task,)),)
    if asked["pipeline"]:
        told = tuple(phase(text, plan.tasks) for text in asked["phases"])
        return told or (Phase("all", tuple(plan.tasks)),)
    group = asked["batch_group"] or ""
    grouped = of_group(plan, group) if group else ()
    chosen = tasks_of(asked["tasks"], plan.tasks) if asked["tasks"] else grouped
    if not chosen:
        raise UsageError(f"{plan.file.name} has no group {group!r}", hint=f"known: {', '.join(plan.groups)}")
    if stray := [task for task in chosen if grouped and task not in grouped]:
        click.echo(f"note: not of group {group}: {', '.join(stray)}", err=True)
    return (Phase(group or "batch", chosen),)


def _run(shop: Workshop, wish: _Wish) -> dict[str, Standing]:
    """Run phase after phase, up to one that is not verified; return where every task stands."""
    from hostkit.tasks.model import State  # noqa: PLC0415
    from hostkit.tasks.runner import TaskRunner  # noqa: PLC0415
    from hostkit.tasks.selection import misplaced  # noqa: PLC0415
    from hostkit.train.tasks import TaskTrain  # noqa: PLC0415

    now = shop.standings(running=False)
    if len(wish.phases) > 1:
        done = {task for task, standing in now.items() if standing.state is State.VERIFIED}
        for problem in misplaced(wish.plan, wish.phases, done):
            raise UsageError(problem, hint="put the phases in the order of the graph: hostkit tasks graph")
    for each in wish.phases:
        shop.tell(each.name, f"{counted(len(each.tasks), 'task')}: {', '.join(each.tasks)}")
        now = TaskRunner(shop, jobs=wish.jobs, merging=TaskTrain(shop), only=frozenset(each.tasks)).run()
        left = [task for task in each.tasks if now[task].state is not State.VERIFIED]
        if left and each is not wish.phases[-1]:
            shop.tell(each.name, f"not verified: {', '.join(left)}; no further phase is begun")
            break
    return now


def _exit_code(mine: dict[str, Standing], merges: dict[str, str]) -> ExitCode:
    from hostkit.tasks.model import State  # noqa: PLC0415

    if any(standing.dead for standing in mine.values()):
        return ExitCode.FAIL
    if any(standing.state is not State.VERIFIED for standing in mine.values()):
        return ExitCode.INCONCLUSIVE
    merged = all(said.startswith("merged") for said in merges.values())
    return ExitCode.PASS if merged else ExitCode.FAIL


@contextmanager
def _workspace(context: Context, shop: Workshop, wish: _Wish) -> Iterator[None]:
    """Link the worktree under the name that was asked for, as long as there is one."""
    if not wish.workspace:
        yield
        return
    link = context.project / ".hostkit" / "workspaces" / wish.workspace
    place = shop.worktrees.path(wish.phases[0].tasks[0])
    if link.exists() and not link.is_symlink():
        raise UsageError(f"{link} is in the way", hint="name another --workspace, or move it away")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(place)
    click.echo(f"workspace {wish.workspace}: {link}", err=True)
    try:
        yield
    finally:
        if not place.exists():  # merged, and gone
            with suppress(FileNotFoundError):
                link.unlink()


def _write_logs(context: Context, shop: Workshop, wish: _Wish, mine: dict[str, Standing]) -> Iterator[Path]:
    """Write a page for every task, where one is asked for."""
    from hostkit.files import atomic_write  # noqa: PLC0415
    from hostkit.report.task_log import task_log  # noqa: PLC0415
    from hostkit.tasks.proof import proofs_of  # noqa: PLC0415
    from hostkit.tasks.selection import file_name  # noqa: PLC0415

    for task, standing in mine.items() if wish.output else ():
        each = shop.plan.tasks[task]
        proofs = proofs_of(each.checks, shop.records(standing.commit)) if standing.commit else ()
        text = task_log(each, standing, proofs, shop.tried(task), shop.attempts.story(task))
        path = context.project / file_name(wish.output, task)
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, text.encode())
        yield path


def spread(arguments: Sequence[str]) -> list[str]:
    """Give each word after ``--phases``, up to the next option, an option of its own."""
    found: list[str] = []
    option = ""
    for word in arguments:
        if word in _MANY:
            option = word
        elif option and not word.startswith("-"):
            found += [option, word]
        else:
            option = ""
            found.append(word)
    return found


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    return run_command_line(spawn_command, spread(arguments), "agent-spawn")


def entry() -> None:
    """Entry point of the ``agent-spawn`` script."""
    begin()
    leave(run(sys.argv[1:]))


if __name__ == "__main__":
    entry()
