"""``hostkit tasks``: a graph of tasks that only verdicts advance."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.cli.gate_rules import target_rules
from hostkit.cli.lazy import TellingGroup
from hostkit.cli.tasks_doubts import doubts_of
from hostkit.cli.tasks_import import import_command
from hostkit.cli.tasks_log import log_command, show_command
from hostkit.cli.tasks_orders import retry_command, stop_command
from hostkit.cli.tasks_plan import FILE, JSON, graph_command, plan_file, schema_command
from hostkit.cli.tasks_reports import reported
from hostkit.cli.tasks_view import watched
from hostkit.errors import ExitCode
from hostkit.words import counted

if TYPE_CHECKING:
    from hostkit.store.database import Database
    from hostkit.tasks.git import Git
    from hostkit.tasks.merging import Merging
    from hostkit.tasks.model import GateCheck, Plan, Standing
    from hostkit.tasks.workshop import Workshop

_JUDGES = ("hil_tests/", "hostkit/", "boards.toml", "hostkit.toml", "waivers/")  # what judges a change
_LEASE_TIMEOUT_S = "900"  # a proof waits for a board rather than giving up: others are at work


@click.group("tasks", cls=TellingGroup)
def tasks_group() -> None:
    """Run a task graph that only verdicts advance.

    Each task is done by an agent (any command) in a git worktree of its own. It counts as verified when
    the ledger holds a pass for exactly its commit; nothing and nobody can say so otherwise.
    """


@tasks_group.command("lint")
@FILE
@click.pass_obj
def lint_command(context: Context, file: Path | None) -> int:
    """Check the plan; say everything that is wrong, with its line."""
    from hostkit.tasks.problem import PlanError  # noqa: PLC0415 - nothing of it for --help
    from hostkit.tasks.read import read_plan  # noqa: PLC0415 - pydantic

    path = plan_file(context, file)
    try:
        plan = read_plan(path)
    except PlanError as error:
        for problem in error.problems:
            field = f"{problem.field}: " if problem.field else ""
            click.echo(f"{path.name}:{problem.line}: {field}{problem.message}\n    hint: {problem.hint}")
        click.echo(counted(len(error.problems), "problem"), err=True)
        return ExitCode.USAGE
    agents = {task.agent.name for task in plan.tasks.values() if task.run is None}
    told = f"{counted(len(plan.tasks), 'task')}, {counted(len(agents), 'agent')}"
    told += f", {counted(len(plan.commands), 'command')}" if plan.commands else ""
    told += f", into {plan.target}" if plan.agents_work else ""
    click.echo(f"{path.name}: {told}: sound")
    return ExitCode.PASS


tasks_group.add_command(graph_command)
tasks_group.add_command(import_command)
tasks_group.add_command(schema_command)
tasks_group.add_command(log_command)
tasks_group.add_command(show_command)
tasks_group.add_command(retry_command)
tasks_group.add_command(stop_command)


@tasks_group.command("plan")
@FILE
@JSON
@click.option("--jobs", "-j", type=click.IntRange(1, 64), default=2, show_default=True, help="At once.")
@click.pass_obj
def plan_command(context: Context, file: Path | None, as_json: bool, jobs: int) -> None:
    """Say which tasks a run would start next, and of each other one why not. Starts nothing."""
    from hostkit.tasks.lock import is_running  # noqa: PLC0415
    from hostkit.tasks.startable import turns  # noqa: PLC0415

    with open_workshop(context, file) as shop:
        found = turns(shop.plan, shop.standings(running=is_running(shop.folders.lock)), jobs)
    if as_json:
        told = [{"task": turn.task, "starts": turn.starts, "why": turn.why} for turn in found]
        click.echo(json.dumps({"schema": "hostkit.tasks.plan/1", "jobs": jobs, "tasks": told}, indent=2))
        return
    widest = max(len(turn.task) for turn in found)
    for turn in found:
        click.echo(f" {'▶' if turn.starts else '·'} {turn.task:<{widest}}  {turn.why}")


@tasks_group.command("run")
@FILE
@click.option("--jobs", "-j", type=click.IntRange(1, 64), default=2, show_default=True, help="At once.")
@click.option("--no-merge", is_flag=True, help="Leave the target branch alone.")
@click.option("--reports", help="Folder for the log and a page a task (default: the plan's; '': nowhere).")
@click.pass_obj
def run_command(context: Context, file: Path | None, jobs: int, no_merge: bool, reports: str | None) -> int:
    """Run what can run, prove what is claimed, merge what is verified.

    Killed at any point, the next run goes on. Exit code 0: everything is verified (and merged); 1: a task
    failed, is blocked or did not merge; 3: something is inconclusive.
    """
    from hostkit.tasks.model import State  # noqa: PLC0415
    from hostkit.tasks.runner import TaskRunner  # noqa: PLC0415

    with (
        open_workshop(context, file) as opened,
        watched(context, opened) as seen,
        reported(context, seen, reports) as (shop, log),
    ):
        now = TaskRunner(shop, jobs=jobs, merging=None if no_merge else _train(shop)).run()
        merges = merge_words(shop, now)
    _print(context, shop.plan, now, merges)
    if log is not None:
        click.echo(f"log: {log}", err=True)
    if any(standing.dead for standing in now.values()):
        return ExitCode.FAIL
    if any(standing.state is not State.VERIFIED for standing in now.values()):
        return ExitCode.INCONCLUSIVE
    unmerged = any(not merged.startswith("merged") for merged in merges.values())
    return ExitCode.FAIL if unmerged and not no_merge else ExitCode.PASS


def _train(shop: Workshop) -> Merging | None:
    """Return who merges; nobody where no agent works, as commands leave nothing to merge."""
    if not shop.plan.agents_work:
        return None
    from hostkit.train.tasks import TaskTrain  # noqa: PLC0415

    return TaskTrain(shop)


@tasks_group.command("status")
@FILE
@JSON
@click.pass_obj
def status_command(context: Context, file: Path | None, as_json: bool) -> None:
    """Say where every task stands, and why: one line a task."""
    from hostkit.report.tasks import task_records  # noqa: PLC0415
    from hostkit.tasks.lock import is_running  # noqa: PLC0415

    with open_workshop(context, file) as shop:
        now = shop.standings(running=is_running(shop.folders.lock))
        merges = merge_words(shop, now)
    if as_json:
        click.echo(json.dumps(task_records(shop.plan, now, merges), indent=2, ensure_ascii=False))
    else:
        _print(context, shop.plan, now, merges)


def _print(context: Context, plan: Plan, now: dict[str, Standing], merges: dict[str, str]) -> None:
    from hostkit.report.tasks import plain_lines, task_lines  # noqa: PLC0415

    if context.out_is_plain:
        click.echo(plain_lines(plan, now, merges))
    else:
        context.console.print(task_lines(plan, now, merges))


@dataclass(frozen=True, slots=True)
class Kept:
    """What outlives a run: the folder for evidence, and the database's URL ("" for the user's own file)."""

    runs: Path
    database: str

    @classmethod
    def of(cls, context: Context) -> Kept:
        """Return what the settings in force say."""
        from hostkit.settings.load import load_settings  # noqa: PLC0415 - pydantic, not for --help

        settings = load_settings(context.project, os.environ, {}).settings
        return cls((context.project / settings.runs_dir).resolve(), settings.database_url)

    def environment(self) -> dict[str, str]:
        """Return what tells a worktree's hostkit the same.

        A worktree goes, its evidence stays; and what is in it has no say in where.
        """
        return {"HOSTKIT_RUNS_DIR": str(self.runs), "HOSTKIT_DATABASE_URL": self.database}


def _opened(context: Context, kept: Kept | None) -> Database:
    from hostkit.store.database import open_database  # noqa: PLC0415

    return open_database(context.paths.state, (kept or Kept.of(context)).database)


@contextmanager
def open_workshop(context: Context, file: Path | None, kept: Kept | None = None) -> Iterator[Workshop]:
    """Give what a run works with; the database is closed afterwards."""
    from hostkit.store.commands import CommandBook  # noqa: PLC0415
    from hostkit.tasks.agent import Children  # noqa: PLC0415
    from hostkit.tasks.books import Books  # noqa: PLC0415
    from hostkit.tasks.git import Git  # noqa: PLC0415
    from hostkit.tasks.ground import Ground  # noqa: PLC0415
    from hostkit.tasks.read import read_plan  # noqa: PLC0415
    from hostkit.tasks.workshop import Folders, Workshop  # noqa: PLC0415
    from hostkit.tasks.worktree import Worktrees  # noqa: PLC0415

    plan = read_plan(plan_file(context, file))
    git = Git(context.project, context.runner)
    common = git.common_dir()
    folders = Folders.of_project(context.paths.state, common)
    if kept is None and plan.agents_work:
        kept = Kept.of(context)
    book = CommandBook(folders.commands)
    books = Books(partial(_opened, context, kept), str(common))
    with closing(books), closing(book):
        yield Workshop(
            plan=plan,
            git=git,
            worktrees=Worktrees(git, folders.worktrees, plan.target),
            books=books,
            commands=book,
            ground=Ground(git, plan),
            children=Children(),
            clock=context.clock,
            folders=folders,
            project=str(common),
            gate_argv=_gate_argv,
            doubts=doubts_of(context),
            judges=_JUDGES,
            required=_required(context, git, plan.target),
            env=dict(os.environ)
            | {
                "HOSTKIT_STATE_DIR": str(context.paths.state.resolve()),
                "HOSTKIT_CACHE_DIR": str(context.paths.cache.resolve()),
            }
            | (kept.environment() if kept else {}),
            tell=_tell,
        )


def _required(context: Context, git: Git, target: str) -> Callable[[str], tuple[GateCheck, ...]]:
    """Return who says what ``[gate]`` of the target requires of a commit: nothing where it says nothing."""
    rules = target_rules(context, git, f"refs/heads/{target}", None, None, None)
    return lambda commit: rules.checks(commit) if rules.rules().require else ()


def _gate_argv(check: GateCheck) -> tuple[str, ...]:
    """Return the gate's command. ``-P``: the judge is the hostkit that runs, not the one in the worktree."""
    return (
        *(sys.executable, "-P", "-m", "hostkit", "gate", "--fresh", "-e", check.env, "-b", check.board),
        *("--min-rung", check.min_rung.word, "--min-fidelity", check.min_fidelity.name.lower()),
        *("--lease-timeout", _LEASE_TIMEOUT_S),
    )


def merge_words(shop: Workshop, now: dict[str, Standing]) -> dict[str, str]:
    """Say of each verified task whether the target branch has it: git knows, not a record."""
    from hostkit.tasks.model import State  # noqa: PLC0415
    from hostkit.tasks.runner import NOT_MERGED  # noqa: PLC0415

    tip = shop.git.resolve(f"refs/heads/{shop.plan.target}")
    found: dict[str, str] = {}
    for task, standing in now.items():
        if standing.state is not State.VERIFIED or not standing.commit:  # a command leaves nothing to merge
            continue
        if tip and shop.git.is_ancestor(standing.commit, tip):
            found[task] = f"merged into {shop.plan.target}"
            continue
        said = [event.what for event in shop.attempts.story(task) if event.what.startswith(NOT_MERGED)]
        found[task] = said[-1] if said else "not merged yet"
    return found


def _tell(task: str, text: str) -> None:
    click.echo(f"{click.style(datetime.now().strftime('%H:%M:%S'), dim=True)}  {task}: {text}", err=True)
