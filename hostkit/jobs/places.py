"""Places in the lines, given out within one transaction."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select

from hostkit.jobs.order import next_tag
from hostkit.jobs.rows import WAITING
from hostkit.store.prepared import Prepared
from hostkit.store.tables import job_lines, jobs

_SERVED = select(job_lines.c.served).where(
    job_lines.c.line == bindparam("line"), job_lines.c.priority == bindparam("priority")
)
_LAST_OWN = select(func.max(jobs.c.tag)).where(
    WAITING,
    jobs.c.line == bindparam("line"),
    jobs.c.priority == bindparam("priority"),
    jobs.c.submitter == bindparam("submitter"),
)
_ENTERED = select(func.max(jobs.c.entered_ns)).where(WAITING)
ASKED = Prepared(
    select(
        _SERVED.scalar_subquery().label("served"),
        _LAST_OWN.scalar_subquery().label("last_own"),
        _ENTERED.scalar_subquery().label("entered_ns"),
    )
)
"""What was served last in a line, the last place of a submitter there, and when the last job entered."""


class Places:
    """Says where jobs stand that enter lines now. For one transaction without another writer: it remembers
    what it gave out, so that the rows may be written later in that transaction."""

    def __init__(self, connection: Connection, now_ns: int) -> None:
        """Use a connection that writes alone."""
        self._connection = connection
        self._given: dict[tuple[str, int, str], int] = {}
        self._entered_ns = now_ns

    def next(self, line: str, priority: int, submitter: str) -> tuple[int, int]:
        """Return the tag of a job that enters a line now, and when it enters: never before one that waits
        already, though the clock was set back."""
        key = line, priority, submitter
        if key not in self._given:
            self._given[key] = self._asked(line, priority, submitter)
        else:
            self._given[key] += 1
        return self._given[key], self._entered_ns

    def _asked(self, line: str, priority: int, submitter: str) -> int:
        where = {"line": line, "priority": priority, "submitter": submitter}
        (asked,) = ASKED.rows(self._connection, where)
        served, last_own, entered_ns = asked["served"], asked["last_own"], asked["entered_ns"]
        if served is None:
            self._connection.execute(job_lines.insert(), {"line": line, "priority": priority, "served": 0})
        self._entered_ns = max(self._entered_ns, entered_ns or 0)
        return next_tag(served or 0, last_own or 0)
