"""One run of the suite on one board: opened once, fresh for each test, honest about who is to blame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hostkit.boards.model import BoardSpec, FaultSwitch
from hostkit.clock import Clock, SystemClock
from hostkit.errors import FailedError, HostkitError, InconclusiveError, InvalidError
from hostkit.hil.lastwords import LastWords
from hostkit.hil.profiles import PROFILES, Profile, find_profile
from hostkit.link.bodies import Identity
from hostkit.link.client import Link
from hostkit.link.crash.blame import FirmwareCrashError, SupplyError
from hostkit.link.crash.decode import Crash
from hostkit.link.errors import LinkLostError, PortGoneError
from hostkit.link.messages import Mode

OWN_FAULT = ("panic", "watchdog", "software")
"""Reset reasons (link.cddl) that the firmware brought about itself."""

READY_S = 10.0  # for a board to boot and answer
_BACK_S = 3.0  # for a board that was lost to come back
_PORT_POLL_S = 0.1
_SILENCE = (0, 0, (0,) * 8)


class OpenBoard(Protocol):
    """A board that this process may use, until it is closed."""

    @property
    def spec(self) -> BoardSpec:
        """What ``boards.toml`` says of it."""
        ...

    def open_link(self) -> Link:
        """Open the link; the caller closes it. Raises :class:`InconclusiveError` without the board."""
        ...

    def reset(self) -> None:
        """Press the reset button; the firmware starts anew. Returns at once."""
        ...

    @property
    def faults(self) -> FaultSwitch | None:
        """What makes things go wrong on this board on purpose; None where nothing can."""
        ...

    def mark(self, text: str) -> None:
        """Note in the transcript, where one is kept, what follows belongs to."""
        ...

    def close(self) -> None:
        """Give the board back; a second call does nothing."""
        ...


class BoardOpener(Protocol):
    """Opens boards by the name that ``--board`` gives."""

    def open(self, name: str) -> OpenBoard:
        """Return the board, held exclusively.

        Raises :class:`UsageError` for an unknown name, :class:`InconclusiveError` when it is taken or gone.
        """
        ...


@dataclass(frozen=True, slots=True)
class Expectation:
    """Which board is to be tested and which build must run on it (64 hex digits; empty: any)."""

    board: str
    build: str = ""


class HilSession:
    """Holds board and link for all tests. Everything is opened at first use and closed by :meth:`close`."""

    def __init__(
        self,
        opener: Callable[[], BoardOpener],
        expectation: Expectation,
        on_identity: Callable[[Identity], None] = lambda _: None,
        clock: Clock | None = None,
        last_words: LastWords | None = None,
    ) -> None:
        """Take where boards come from; ``on_identity`` is told who the board is, once.

        ``last_words`` finds crashes in what the board prints; without it they are lost boards.
        """
        self._clock = SystemClock() if clock is None else clock
        self._opener = opener
        self._expectation = expectation
        self._on_identity = on_identity
        self._board: OpenBoard | None = None
        self._link: Link | None = None
        self._identity: Identity | None = None
        self._failure: HostkitError | None = None
        self._lost = False
        self._port_gone = False
        self._last_words = last_words
        self._test = ""
        self.profiles = PROFILES  # that boards.toml may name
        self.restarts = 0  # of the firmware's own making

    @property
    def failure(self) -> HostkitError | None:
        """Why the board cannot be used any more for the rest of this run; None while it can."""
        return self._failure

    @property
    def board(self) -> OpenBoard:
        """The board, opened now if it was not."""
        self._open()
        assert self._board is not None
        return self._board

    @property
    def link(self) -> Link:
        """The link, opened now if it was not."""
        self._open()
        assert self._link is not None
        return self._link

    @property
    def identity(self) -> Identity:
        """What the board said when it was opened or last restarted."""
        self._open()
        assert self._identity is not None
        return self._identity

    @property
    def profile(self) -> Profile:
        """What must hang on the board."""
        return find_profile(self.board.spec.profile, self.profiles)

    @property
    def build(self) -> str:
        """The build id that the board named, empty before it was asked."""
        return self._identity.build if self._identity else ""

    @property
    def nonce(self) -> int:
        """The boot nonce that the board named last, 0 before it was asked."""
        return (self._link.nonce or 0) if self._link is not None else 0

    def fresh(self) -> Link:
        """Return the link with the board as every test finds it.

        Test mode, full brightness, no power limit, silence, pattern ``solid`` with its defaults, seed 0.
        A board that was lost in an earlier test is looked for once more; after that every call raises the
        same error at once.
        """
        if self._lost:
            self._recover()
        link = self.link
        link.mode(Mode.TEST)
        link.output(255, 0)
        link.audio(*_SILENCE)
        link.configure("solid")
        link.receive(0)
        return link

    def begin(self, test: str) -> None:
        """Say which test runs from now on; nothing is opened for it."""
        self._test = test
        if self._board is not None:
            self._board.mark(test)

    def restart(self, press: Callable[[], None]) -> Identity:
        """Restart the board by ``press`` (the button, or the link's request), and wait until it answers."""
        press()
        self._identity = self._checked(self.link.wait_ready(READY_S))
        return self._identity

    def reopen(self) -> None:
        """Open the port anew: a board with a USB port of its own takes it away while it restarts.

        Raises :class:`InconclusiveError` when it does not come back.
        """
        assert self._link is not None
        assert self._board is not None
        self._link.close()
        deadline_ns = self._clock.monotonic_ns() + round(_BACK_S * 1e9)
        while True:
            try:
                self._link = self._board.open_link()
                return
            except InconclusiveError:
                if self._clock.monotonic_ns() >= deadline_ns:
                    raise
            self._clock.sleep(_PORT_POLL_S)

    def forget_text(self) -> None:
        """Leave out what the board printed so far when a later loss is explained: it was meant to happen."""
        if self._last_words is not None and self._link is not None:
            self._last_words.skip(self._link)

    def blame(self, error: BaseException) -> HostkitError | None:
        """Return what a test's error means for the board, None when it is no matter of the board.

        A crash, or a restart for another reason of the firmware's own making, is its failure; any other
        loss is nobody's.
        """
        if isinstance(error, LinkLostError):
            return self._judge_restart(error)
        self._port_gone = self._port_gone or isinstance(error, PortGoneError)
        if isinstance(error, InconclusiveError):
            self._lost = self._link is not None
            return self._explained(error)
        return error if isinstance(error, InvalidError) else None

    def close(self) -> None:
        """Close link and board; a second call does nothing."""
        link, board, self._link, self._board = self._link, self._board, None, None
        if link is not None:
            link.close()
        if board is not None:
            board.close()

    def _open(self) -> None:
        if self._failure is not None:  # without the old traceback, which would grow with every test
            raise self._failure.with_traceback(None) from None
        if self._link is not None:
            return
        try:
            self._board = self._opener().open(self._expectation.board)
            self._board.mark(self._test)
            self._link = self._board.open_link()
            self._identity = self._link.wait_ready(READY_S)
            self._on_identity(self._identity)
            self._checked(self._identity)
            self.forget_text()  # printed before the suite began
        except HostkitError as error:
            self._failure = explained = self._explained(error)
            self.close()
            if explained is error:
                raise
            raise explained from error

    def _checked(self, identity: Identity) -> Identity:
        wanted, spec = self._expectation.build, self.board.spec
        if wanted and identity.build != wanted:
            raise InvalidError(
                f"board {spec.name} runs build {identity.build[:12]}, to be tested is {wanted[:12]}",
                hint=f"flash it first: hostkit flash -b {spec.name}",
            )
        if spec.mac and identity.mac != spec.mac:
            raise InvalidError(
                f"the firmware on board {spec.name} says MAC {identity.mac}, boards.toml says {spec.mac}",
                hint="is another board on this port? see `hostkit boards list`",
            )
        return identity

    def _recover(self) -> None:
        try:
            if self._port_gone:
                self.reopen()
            assert self._link is not None
            self._identity = self._checked(self._link.wait_ready(_BACK_S))
        except HostkitError as error:
            self._failure = error
            raise
        self._lost = self._port_gone = False

    def _judge_restart(self, error: LinkLostError) -> HostkitError:
        try:
            self._identity = self.link.wait_ready(_BACK_S)
        except HostkitError:
            self._lost = True
            return self._explained(error)
        if self._identity.reset in OWN_FAULT:
            self.restarts += 1
            itself = f"the firmware restarted by itself: {self._identity.reset}"
            return self._explained(FailedError(itself, hint="see the transcript"))
        return self._explained(error)

    def _explained(self, error: HostkitError) -> HostkitError:
        """Return the crash behind a failure or a loss where the board printed one, else the error itself."""
        crash = self._crash() if isinstance(error, FailedError | InconclusiveError) else None
        if crash is None:
            return error
        if crash.report.blames_firmware:
            return FirmwareCrashError(crash)
        return error if isinstance(error, FailedError) else SupplyError(crash)

    def _crash(self) -> Crash | None:
        if self._last_words is None or self._link is None:
            return None
        return self._last_words.crash(self._link, self.build)
