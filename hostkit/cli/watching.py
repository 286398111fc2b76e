"""How one of several monitors gets at its board: it owns the port, or reads along with the one that does."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from hostkit.cli.context import Context
from hostkit.errors import InconclusiveError

if TYPE_CHECKING:
    from hostkit.boards.lease import BusyError, Holder, Lease
    from hostkit.boards.model import Board, BoardSpec
    from hostkit.link.transport import Transport

SOCKET = "monitor.sock"
"""Where an owner shares what its port says, in the board's live directory."""

_RETRY_S = 0.05
_RETRY_PORT_S = 0.2
_ODD = 20  # a lease that another monitor holds without sharing the port is worth a line after as many tries

Say = Callable[[str, str], None]


class Turns:
    """Gets a stream of what a board says, again and again, until it is closed.

    With ``exclusive`` this process holds the board until then. Without, it reads only: whoever comes first
    owns the port, later ones join it, and all of them give way to an exclusive lease and come back after it.
    ``say`` is given marks: ``--`` for who takes the board and that it is back, ``!`` for what went wrong.
    """

    def __init__(
        self, context: Context, spec: BoardSpec, say: Say, *, exclusive: bool, patience_s: float
    ) -> None:
        """Take nothing yet."""
        from hostkit.boards.lease import LeaseOffice, Wanted  # noqa: PLC0415 - not for --help

        self._context = context
        self._spec = spec
        self._say = say
        self._exclusive = exclusive
        self._patience_s = patience_s
        self._office = LeaseOffice(context.paths.leases, context.clock)
        self._wanted = Wanted(spec.identity, spec.name)
        self._what = f"hostkit monitor -b {spec.name}"
        self._path = context.paths.boards / spec.name / SOCKET
        self._board: Board | None = None
        self._held = ExitStack()  # the exclusive lease
        self._transport: Transport | None = None
        self._owner = False
        self._away = ""  # why there is no stream now; empty before the first one
        self._gave_way_to: Holder | None = None
        self._refusal: BusyError | None = None

    @property
    def board_name(self) -> str:
        """What boards.toml calls the board."""
        return self._spec.name

    def first(self, over: Callable[[], bool], *, reset: bool) -> Transport:
        """Return the first stream, that of a board which was just ``reset`` if that is asked for.

        Raises :class:`BusyError` for a board that another holds when this one must write or reset.
        """
        if not reset and not self._exclusive:
            return self.open(over)
        lease = self._office.take(
            self._wanted,
            self._what,
            timeout_s=self._patience_s,
            env=os.environ,
            tell=lambda words: self._say("--", words),
        )
        if self._exclusive:
            self._held.callback(lease.close)
        return self._own(lease, reset=reset)

    def open(self, over: Callable[[], bool]) -> Transport:
        """Return a stream, waiting for it until ``over``; then raise what stood in the way."""
        tries = 0
        while True:
            pause_s = _RETRY_S
            try:
                transport = self._try()
            except InconclusiveError:  # it is this one's turn, but the port is not there
                if not self._away or over():
                    raise
                pause_s = _RETRY_PORT_S
            else:
                if transport is not None:
                    return transport
                tries += 1
                self._tell_who(tries)
                if over() and self._refusal is not None:
                    raise self._refusal
            self._context.clock.sleep(pause_s)

    def lost(self, error: InconclusiveError) -> None:
        """Take note that the stream ended, and why as far as its reader knows."""
        if self._transport is not None:
            self._transport.close()
        holder = self._gave_way_to or self._office.preemptor(self._spec.identity)
        self._gave_way_to = None
        if holder is not None and not self._exclusive:
            self._taken(holder)
        elif self._owner:
            self._say("!", error.message)
            self._away = "port"
        else:
            self._say("--", "the monitor that shared the port let it go --")
            self._away = "owner"

    def close(self) -> None:
        """Give port, board and lease back."""
        if self._transport is not None:
            self._transport.close()
        if self._board is not None:
            self._board.close()
        self._held.close()

    def _try(self) -> Transport | None:
        """Return a stream, None when it is another one's turn."""
        from hostkit.boards.lease import BusyError  # noqa: PLC0415 - not for --help
        from hostkit.link.hub import join_hub  # noqa: PLC0415 - not for --help

        if self._exclusive:
            return self._back(self._own(None, reset=False), owner=True)
        joined = join_hub(self._path)
        if joined is not None:
            return self._back(joined, owner=False)
        try:
            lease = self._office.watch(self._wanted, self._what)
        except BusyError as error:
            self._refusal = error
            return None
        return self._back(self._own(lease, reset=False), owner=True)

    def _tell_who(self, tries: int) -> None:
        holder = self._office.preemptor(self._spec.identity)
        if holder is not None:
            self._taken(holder)
        elif tries == _ODD and (watcher := self._office.watcher(self._spec.identity)) is not None:
            # Another monitor has it and shares it elsewhere: by another name, in another state directory.
            self._taken(watcher)

    def _taken(self, holder: Holder) -> None:
        words = f"taken by pid {holder.pid}: {holder.what} --"
        if words != self._away:
            self._say("--", words)
        self._away = words

    def _back(self, transport: Transport, *, owner: bool) -> Transport:
        name = self._spec.name
        if self._away == "port":
            self._say("-", f"{name} is back on {transport.name}")
        elif self._away:
            self._say("--", "back --")
        self._away = ""
        self._owner = owner
        self._transport = transport
        return transport

    def _own(self, lease: Lease | None, *, reset: bool) -> Transport:
        """Open the port and share it; ``lease`` is given back with the port, unless it is exclusive."""
        from hostkit.link.hub import Hub, Wishes  # noqa: PLC0415 - not for --help

        try:
            inner = self._open_port(reset=reset)
        except BaseException:
            if lease is not None:
                lease.close()
            raise
        if self._exclusive or lease is None or lease.borrowed:
            wishes = Wishes(must_yield=lambda: False, let_go=lambda: None)
        else:
            lease.to_monitor()
            wishes = Wishes(must_yield=self._must_yield, let_go=lease.close)
        self._owner = True
        self._transport = Hub(inner, self._path, wishes)
        return self._transport

    def _must_yield(self) -> bool:
        self._gave_way_to = self._office.preemptor(self._spec.identity)
        return self._gave_way_to is not None

    def _open_port(self, *, reset: bool) -> Transport:
        from hostkit.boards.foreign import refuse_foreign  # noqa: PLC0415 - not for --help
        from hostkit.boards.open import open_board  # noqa: PLC0415
        from hostkit.link.transport import open_transport  # noqa: PLC0415

        if self._board is None:
            context = self._context
            self._board = open_board(self._spec, boards_dir=context.paths.boards, clock=context.clock)
        board = self._board
        first = not self._spec.served  # a real board's reset needs the port for itself
        try:
            refuse_foreign(board)
            if reset and first:
                board.run_application()
            transport = open_transport(board.link_port())
            if reset and not first:
                board.run_application()
        except InconclusiveError:
            board.close()  # whoever served it may be gone: look anew the next time
            self._board = None
            raise
        return transport
