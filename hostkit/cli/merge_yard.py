"""What a merge train works with: its folder and line, what it asks for, and the gate that it starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.cli.gate_rules import TargetRules
from hostkit.errors import UsageError

if TYPE_CHECKING:
    from hostkit.tasks.git import Git
    from hostkit.tasks.model import GateCheck
    from hostkit.train.line import Line
    from hostkit.train.yard import Demands, GateArgv, Yard

_LEASE_TIMEOUT_S = "900"  # a merge waits for a board rather than giving up: others are at work


@contextmanager
def open_yard(
    context: Context,
    git: Git,
    target: str,
    check: GateCheck,
    boards: tuple[str, ...],
    gate_argv: GateArgv,
) -> Iterator[Yard]:
    """Give what a train works with; the database is closed afterwards."""
    from hostkit.cli.tasks_doubts import doubts_of  # noqa: PLC0415
    from hostkit.settings.load import load_settings  # noqa: PLC0415
    from hostkit.store.database import open_database  # noqa: PLC0415
    from hostkit.store.ledger import Ledger  # noqa: PLC0415
    from hostkit.tasks.worktree import Worktrees  # noqa: PLC0415
    from hostkit.train.yard import LANES, Yard  # noqa: PLC0415

    if len(boards) > LANES:
        raise UsageError(f"{len(boards)} boards are more than {LANES} lanes", hint="name fewer with -b")
    folder = train_folder(context, git, target)
    settings = load_settings(git.directory, os.environ, {}).settings
    kept = {
        "HOSTKIT_STATE_DIR": str(context.paths.state.resolve()),
        "HOSTKIT_CACHE_DIR": str(context.paths.cache.resolve()),
        # A worktree goes, its evidence stays; and what is in it has no say in where.
        "HOSTKIT_RUNS_DIR": str((folder / "runs").resolve()),
        "HOSTKIT_DATABASE_URL": settings.database_url,
    }
    with open_database(context.paths.state, settings.database_url) as database:
        yield Yard(
            git=git,
            target=target,
            worktrees=Worktrees(git, folder / "worktrees", target),
            line=train_line(context, git, target),
            ledger=Ledger(database),
            doubts=doubts_of(context),
            check=check,
            boards=boards,
            gate_argv=gate_argv,
            env=dict(os.environ) | kept,
            clock=context.clock,
            folder=folder,
            tell=_tell,
        )


def demands(rules: TargetRules, tell: Callable[[str], None]) -> Demands:
    """Return what a commit must show, by the rules of the target; what is waived of it is told in red."""
    from hostkit.train.yard import Demand  # noqa: PLC0415

    def of(commit: str) -> tuple[Demand, ...]:
        found = rules.required(commit)
        for waived in (text for each in found for text in each.waived):
            tell(click.style(f"{commit[:12]}: {waived}", fg="red"))
        met = [(each.met_by, each.asked) for each in found]
        return tuple(Demand(by, gate_argv(asked, rules.ref)) for by, asked in met if by is not None)

    return of


def told_once() -> Callable[[str], None]:
    """Return what tells each text the first time only."""
    told: set[str] = set()

    def tell(text: str) -> None:
        if text not in told:
            told.add(text)
            _tell(text)

    return tell


def gate_argv(check: GateCheck, rules_at: str = "") -> GateArgv:
    """Return the gate's command. ``-P``: the judge is the hostkit that runs, not the one in the worktree.

    ``rules_at``: the full name of the branch whose rules say who may waive; without it the worktree's do.
    """
    rules = ("--rules", rules_at) if rules_at else ()

    def argv(board: str) -> tuple[str, ...]:
        return (
            *(sys.executable, "-P", "-m", "hostkit", "gate", "--fresh", "-e", check.env, "-b", board),
            *("--min-rung", check.min_rung.word, "--min-fidelity", check.min_fidelity.name.lower()),
            *("--lease-timeout", _LEASE_TIMEOUT_S),
            *rules,
        )

    return argv


def train_folder(context: Context, git: Git, target: str) -> Path:
    """Return where the train of a branch keeps what it knows."""
    from hostkit.tasks.workshop import Folders  # noqa: PLC0415

    return (
        Folders.of_project(context.paths.state, git.common_dir()).root / "train" / target.replace("/", "%2F")
    )


def train_line(context: Context, git: Git, target: str) -> Line:
    """Return the changes that wait for a branch, and those that did."""
    from hostkit.train.line import Line  # noqa: PLC0415

    return Line(train_folder(context, git, target))


def _tell(text: str) -> None:
    click.echo(f"{click.style(datetime.now().strftime('%H:%M:%S'), dim=True)}  {text}", err=True)
