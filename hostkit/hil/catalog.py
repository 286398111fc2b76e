"""Boards of ``boards.toml``, leased and opened for the suite."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hostkit.boards.catalog import load_catalog
from hostkit.boards.foreign import refuse_foreign
from hostkit.boards.lease import LeaseOffice, Wanted
from hostkit.boards.model import Board, BoardSpec, FaultSwitch
from hostkit.boards.open import open_board
from hostkit.clock import Clock, SystemClock
from hostkit.errors import UsageError
from hostkit.hil.session import OpenBoard
from hostkit.link.client import Link
from hostkit.link.transcript import Transcript
from hostkit.link.transport import open_transport
from hostkit.settings.paths import Paths

BOARDS_FILE = "boards.toml"

_TIMEOUT_S = 1.0  # for silicon to answer


class LeasedBoard:
    """A board that is leased by this process, or by its parent, until it is closed."""

    def __init__(self, board: Board, clock: Clock, transcript: Transcript | None, release: ExitStack) -> None:
        """Take over everything that ``release`` gives back."""
        self._board = board
        self._clock = clock
        self._transcript = transcript
        self._release = release

    @property
    def spec(self) -> BoardSpec:
        """What ``boards.toml`` says of it."""
        return self._board.spec

    def open_link(self) -> Link:
        """Open the port where the firmware talks."""
        transport = open_transport(self._board.link_port())
        timeout_s = _TIMEOUT_S * self.spec.patience
        return Link(transport, self._clock, transcript=self._transcript, timeout_s=timeout_s)

    def reset(self) -> None:
        """Reset the board into what its flash holds."""
        self._board.run_application()

    @property
    def faults(self) -> FaultSwitch | None:
        """The board itself, where hostkit serves it."""
        return self._board if isinstance(self._board, FaultSwitch) else None

    def mark(self, text: str) -> None:
        """Note in the transcript which test the bytes from now on belong to."""
        if self._transcript is not None:
            self._transcript.mark(text)

    def close(self) -> None:
        """Give board, lease and transcript back."""
        self._release.close()


@dataclass(frozen=True, slots=True)
class CatalogOpener:
    """Opens boards of one file. ``env`` may hold the token of a parent's lease."""

    catalog: Path
    paths: Paths
    clock: Clock
    env: Mapping[str, str]
    transcript: Path | None = None

    def open(self, name: str) -> OpenBoard:
        """Return the board, leased; see :class:`hostkit.hil.session.BoardOpener`."""
        spec = load_catalog(self.catalog).get(name)
        with ExitStack() as stack:
            office = LeaseOffice(self.paths.leases, self.clock)
            stack.enter_context(
                office.take(Wanted(spec.identity, name), f"pytest --board {name}", env=self.env)
            )
            board = open_board(spec, boards_dir=self.paths.boards, clock=self.clock)
            stack.callback(board.close)
            refuse_foreign(board)
            transcript = None if self.transcript is None else Transcript(self.clock, path=self.transcript)
            if transcript is not None:
                stack.enter_context(transcript)
            return LeasedBoard(board, self.clock, transcript, stack.pop_all())


def find_catalog(start: Path) -> Path:
    """Return the nearest ``boards.toml`` at or above a directory. Raises :class:`UsageError` without one."""
    for directory in (start, *start.parents):
        if (directory / BOARDS_FILE).is_file():
            return directory / BOARDS_FILE
    raise UsageError(
        f"there is no {BOARDS_FILE} in {start} or any directory above it",
        hint="change to the checkout that has one",
    )


def opener_for(start: Path, env: Mapping[str, str], transcript: Path | None) -> CatalogOpener:
    """Return the opener for a run of pytest that was started in a directory."""
    return CatalogOpener(find_catalog(start), Paths.from_environment(env), SystemClock(), env, transcript)
