"""Attempts at tasks, kept so that a runner that dies loses nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from hostkit.errors import ToolError
from hostkit.store.database import Database
from hostkit.store.model import PHASES, Attempt, Beginning, End, Event, Order, OrderKind, Phase
from hostkit.store.tables import attempts, events, task_orders


class Attempts:
    """The attempts of one project, whose name is the path of its git directory."""

    def __init__(self, database: Database, project: str) -> None:
        """Use an open database."""
        self._database = database
        self._project = project

    def begin(self, beginning: Beginning, at_ns: int) -> Attempt:
        """Record a new attempt, in phase running and numbered one past the last, before anything starts."""
        with self._database.write() as connection:
            number = self._newest(connection, beginning.task) + 1
            done = connection.execute(
                attempts.insert().values(
                    project=self._project,
                    task=beginning.task,
                    number=number,
                    phase=Phase.RUNNING.value,
                    end=End.NONE.value,
                    why="",
                    base=beginning.base,
                    commit="",
                    worktree=beginning.worktree,
                    log=beginning.log,
                    token=beginning.token,
                    pid=0,
                    pid_start=0,
                    boot=beginning.boot,
                    began_ns=at_ns,
                    ended_ns=0,
                    agent=beginning.agent,
                    left_ns=0,
                )
            )
            identifier = int(done.inserted_primary_key[0]) if done.inserted_primary_key else 0
            self._note(connection, beginning.task, at_ns, f"attempt {number} begins at {beginning.base[:12]}")
            return self._get(connection, identifier)

    def started(self, attempt: Attempt, pid: int, pid_start: int) -> Attempt:
        """Record the agent's process."""
        return self._change(attempt, {"pid": pid, "pid_start": pid_start})

    def left(self, attempt: Attempt, at_ns: int) -> Attempt:
        """Record when the agent ended, or was last heard of."""
        return self._change(attempt, {"left_ns": at_ns})

    def advance(
        self, attempt: Attempt, phase: Phase, at_ns: int, *, commit: str = "", why: str = ""
    ) -> Attempt:
        """Move an attempt to a phase that follows the one it is in, whoever else wrote in the meantime."""
        values: dict[str, Any] = {"phase": phase.value, "why": why}
        if commit:
            values["commit"] = commit
        if phase is Phase.PROVED:
            values["ended_ns"] = at_ns
        note = phase.value + (f" {commit[:12]}" if commit else "") + (f": {why}" if why else "")
        return self._change(attempt, values, note=note, at_ns=at_ns)

    def finish(self, attempt: Attempt, end: End, why: str, at_ns: int) -> Attempt:
        """End an attempt without a claim."""
        values = {"phase": Phase.ENDED.value, "end": end.value, "why": why, "ended_ns": at_ns}
        return self._change(attempt, values, note=f"ended, {end.value}: {why}", at_ns=at_ns)

    def all(self) -> tuple[Attempt, ...]:
        """Return every attempt of the project, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(attempts).where(attempts.c.project == self._project).order_by(attempts.c.id)
            ).mappings()
            return tuple(_attempt(row) for row in rows)

    def note(self, task: str, at_ns: int, what: str) -> None:
        """Add a line to a task's story."""
        with self._database.write() as connection:
            self._note(connection, task, at_ns, what)

    def story(self, task: str) -> tuple[Event, ...]:
        """Return what happened to a task, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(events.c.task, events.c.at_ns, events.c.what)
                .where(events.c.project == self._project, events.c.task == task)
                .order_by(events.c.id)
            )
            return tuple(Event(row.task, row.at_ns, row.what) for row in rows)

    def order(self, task: str, kind: OrderKind, by: str, at_ns: int, *, more: int = 0) -> Order:
        """Record what a person orders of a task ("": of the run), and say so in the task's story."""
        with self._database.write() as connection:
            number = self._newest(connection, task)
            values = {"number": number, "more": more, "by": by, "at_ns": at_ns}
            done = connection.execute(
                task_orders.insert().values(project=self._project, task=task, kind=kind.value, **values)
            )
            allowed = f", {more} more allowed" if more else ""
            self._note(connection, task, at_ns, f"{kind.value} ordered by {by}{allowed}")
            identifier = int(done.inserted_primary_key[0]) if done.inserted_primary_key else 0
            return Order(identifier, task, kind, number, more, by, at_ns)

    def orders(self) -> tuple[Order, ...]:
        """Return every order, oldest first."""
        columns = [column for column in task_orders.c if column.name != "project"]
        with self._database.read() as connection:
            rows = connection.execute(
                select(*columns).where(task_orders.c.project == self._project).order_by(task_orders.c.id)
            ).mappings()
            return tuple(Order(**dict(row) | {"kind": OrderKind(row["kind"])}) for row in rows)

    def _newest(self, connection: Connection, task: str) -> int:
        """Return the number of a task's newest attempt, 0 for none."""
        last = connection.execute(
            select(func.max(attempts.c.number)).where(
                attempts.c.project == self._project, attempts.c.task == task
            )
        ).scalar()
        return int(last or 0)

    def _change(self, attempt: Attempt, values: dict[str, Any], *, note: str = "", at_ns: int = 0) -> Attempt:
        with self._database.write() as connection:
            now = self._get(connection, attempt.id)
            wanted = Phase(values["phase"]) if "phase" in values else now.phase
            if wanted is not now.phase and wanted not in PHASES[now.phase]:
                raise ToolError(
                    f"attempt {now.number} of {now.task} cannot go from {now.phase.value} to {wanted.value}",
                    hint="another runner moved it; run `hostkit tasks status`",
                )
            connection.execute(attempts.update().where(attempts.c.id == attempt.id).values(**values))
            if note:
                self._note(connection, now.task, at_ns, f"attempt {now.number}: {note}")
            return self._get(connection, attempt.id)

    def _note(self, connection: Connection, task: str, at_ns: int, what: str) -> None:
        connection.execute(events.insert().values(project=self._project, task=task, at_ns=at_ns, what=what))

    @staticmethod
    def _get(connection: Connection, identifier: int) -> Attempt:
        return _attempt(
            connection.execute(select(attempts).where(attempts.c.id == identifier)).mappings().one()
        )


def _attempt(row: RowMapping) -> Attempt:
    values: dict[str, Any] = dict(row)
    return Attempt(**values | {"phase": Phase(values["phase"]), "end": End(values["end"])})
