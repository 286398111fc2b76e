"""The queue as verbs use it: opened, with what is free, and how each step is run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hostkit.cli.context import Context, find_project
from hostkit.errors import UsageError

if TYPE_CHECKING:
    from hostkit.boards.catalog import Catalog
    from hostkit.boards.model import BoardSpec
    from hostkit.jobs.leasing import Leasing
    from hostkit.jobs.model import Attempt, Job
    from hostkit.jobs.queue import Queue
    from hostkit.jobs.room import Premises
    from hostkit.jobs.worker import Worker
    from hostkit.jobs.workers import Workers
    from hostkit.process import Command

_AT_THE_DOOR_S = "300"  # a step waits so long for a board that a command by hand has, then lines up anew


@dataclass(frozen=True, slots=True)
class Office:
    """The open queue."""

    context: Context
    database_url: str
    queue: Queue
    leasing: Leasing
    workers: Workers
    premises: Premises

    def worker(self, seats: int, tell: Callable[[str], None]) -> Worker:
        """Return a worker of this process, on the list of workers from now on."""
        from hostkit.jobs.child import ChildLauncher, Shell  # noqa: PLC0415 - only to work
        from hostkit.jobs.worker import Desk, Worker  # noqa: PLC0415

        held = self.premises.leases.holder
        shell = Shell(self._command, lambda identity: held(identity) is not None)
        launcher = ChildLauncher(self.context.paths.queue, shell, self.context.clock)
        desk = Desk(
            leasing=self.leasing,
            workers=self.workers,
            premises=self.premises,
            launcher=launcher,
            clock=self.context.clock,
            drained=lambda: self.queue.drained,
            tell=tell,
        )
        return Worker(desk, seats)

    def staffed(self) -> bool:
        """Say whether a worker of this machine runs."""
        from hostkit.jobs.workers import is_here  # noqa: PLC0415

        return any(is_here(worker) for worker in self.workers.all())

    def _command(self, job: Job, attempt: Attempt) -> Command:
        refuse_moved(self.context, job)
        return step_command(job, attempt, self._environment(job))

    def _environment(self, job: Job) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HOSTKIT_")}
        return (
            kept
            | dict(job.wanted.variables)
            | {
                "HOSTKIT_STATE_DIR": str(self.context.paths.state.resolve()),
                "HOSTKIT_CACHE_DIR": str(self.context.paths.cache.resolve()),
                "HOSTKIT_DATABASE_URL": self.database_url,
            }
        )


@contextmanager
def open_office(context: Context) -> Iterator[Office]:
    """Give the queue of this user; its database is closed afterwards."""
    from hostkit.boards.lease import LeaseOffice  # noqa: PLC0415 - none of it for --help
    from hostkit.boards.outage import OutageBook  # noqa: PLC0415
    from hostkit.build.slots import BuildSlots  # noqa: PLC0415
    from hostkit.jobs.leasing import Leasing  # noqa: PLC0415
    from hostkit.jobs.queue import Queue  # noqa: PLC0415
    from hostkit.jobs.room import Premises  # noqa: PLC0415
    from hostkit.jobs.workers import Workers  # noqa: PLC0415
    from hostkit.settings.load import load_settings  # noqa: PLC0415
    from hostkit.store.database import open_database  # noqa: PLC0415

    project = find_project(context.start) or context.start
    url = load_settings(project, os.environ, {}).settings.database_url
    slots = BuildSlots(context.paths.slots, context.clock)
    catalogs = Catalogs()
    premises = Premises(
        leases=LeaseOffice(context.paths.leases, context.clock),
        outages=OutageBook(context.paths.state, context.clock),
        clock=context.clock,
        build_slots=lambda: slots.number,
        boards_of=catalogs.fitting,
        can_ask=lambda spec, env: _has_known_image(context, url, spec, env),
    )
    with open_database(context.paths.state, url) as database:
        queue, leasing = Queue(database, context.clock), Leasing(database, context.clock)
        yield Office(context, url, queue, leasing, Workers(database, context.clock), premises)


@dataclass(slots=True)
class Catalogs:
    """The boards.toml of every checkout that has jobs, read again when it changes."""

    _read: dict[Path, tuple[int, Catalog]] = field(default_factory=dict)

    def of(self, project: Path) -> Catalog:
        """Return a checkout's boards. Raises :class:`UsageError` where there are none."""
        from hostkit.boards.catalog import load_catalog  # noqa: PLC0415
        from hostkit.hil.catalog import find_catalog  # noqa: PLC0415

        path = find_catalog(project)
        changed_ns = path.stat().st_mtime_ns if path.is_file() else 0
        known = self._read.get(path)
        if known is None or known[0] != changed_ns:
            known = self._read[path] = changed_ns, load_catalog(path)
        return known[1]

    def fitting(self, job: Job) -> Sequence[BoardSpec]:
        """Return the boards that a job may use now. Raises :class:`UsageError` when nobody has one."""
        from hostkit.jobs.wish import find_fitting, parse_wish  # noqa: PLC0415

        return find_fitting(parse_wish(job.wanted.wish), self.of(Path(job.wanted.project)))


def step_command(job: Job, attempt: Attempt, env: dict[str, str]) -> Command:
    """Return the command of a step: the verb that a person would type. Pure."""
    from hostkit.jobs.model import Step  # noqa: PLC0415
    from hostkit.process import Command  # noqa: PLC0415

    wanted = job.wanted
    # -P: the hostkit that runs is this one, not the one in the checkout.
    argv = [sys.executable, "-P", "-m", "hostkit", "-C", wanted.project]
    if attempt.step is Step.PROBE:
        argv += ["boards", "check", attempt.board_name, "-e", wanted.env]
    elif attempt.step is Step.BUILD:
        argv += ["build", "-e", wanted.env, "--json"]
    else:
        argv += [attempt.step.value, "-e", wanted.env, "-b", attempt.board_name, *wanted.options]
        argv += ["--fresh"] if attempt.step is Step.GATE else []  # a job is a run, with evidence of its own
        argv += ["--lease-timeout", _AT_THE_DOOR_S, "--json"]
    return Command(tuple(argv), Path(wanted.project), env)


def refuse_moved(context: Context, job: Job) -> None:
    """Raise :class:`UsageError` unless the checkout is what the job was submitted for."""
    from hostkit.tasks.git import Git  # noqa: PLC0415

    wanted, project = job.wanted, Path(job.wanted.project)
    if not project.is_dir():
        raise UsageError(f"the checkout {project} is gone", hint="submit it from another one")
    if not wanted.commit:
        return
    now = Git(project, context.runner).checkout()
    if now.commit != wanted.commit:
        what = f"was at {wanted.commit[:12]} when it was submitted and is at {now.commit[:12]} now"
    elif now.changes != wanted.changes:
        what = "has other changes now than when it was submitted"
    else:
        return
    hint = "let a job have a worktree of its own: git worktree add --detach DIR COMMIT"
    raise UsageError(f"the checkout {project} {what}", hint=hint)


def _has_known_image(context: Context, url: str, spec: BoardSpec, env: str) -> bool:
    from hostkit.flash.golden import find_known_good  # noqa: PLC0415

    return find_known_good(context.paths, url, spec.name, env) is not None
