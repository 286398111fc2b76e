"""The records of agents' work, opened when somebody looks: a run of plain commands alone never does."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hostkit.store.attempts import Attempts
    from hostkit.store.database import Database
    from hostkit.store.ledger import Ledger


class Books:
    """Attempts and ledger of one project, in a database that is opened on first use; close it at the end.

    The library that it takes costs a quarter of what a thousand commands do.
    """

    def __init__(self, opened: Callable[[], Database], project: str) -> None:
        """Open nothing yet."""
        self._opened = opened
        self._project = project

    @cached_property
    def attempts(self) -> Attempts:
        """Return what was tried."""
        from hostkit.store.attempts import Attempts  # noqa: PLC0415 - SQLAlchemy

        return Attempts(self._database, self._project)

    @cached_property
    def ledger(self) -> Ledger:
        """Return the verdicts."""
        from hostkit.store.ledger import Ledger  # noqa: PLC0415 - SQLAlchemy

        return Ledger(self._database)

    @cached_property
    def _database(self) -> Database:
        return self._opened()

    def close(self) -> None:
        """Close the database, if it was opened."""
        if "_database" in self.__dict__:
            self._database.close()
