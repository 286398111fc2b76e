"""A second client beside a session's link, over a line that is disturbed on purpose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from hostkit.errors import FailedError, HostkitError, InconclusiveError
from hostkit.hil.disturbance import CALM, Disturbance, DisturbedTransport, Hit, OneWay
from hostkit.hil.session import OWN_FAULT, HilSession
from hostkit.link.client import Link
from hostkit.link.errors import PortGoneError
from hostkit.link.transport import Transport

BUTTON = ("external", "power-on")
"""Reset reasons (link.cddl) after the reset button was pressed: some chips cannot tell it from power."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a line is disturbed, and how patient its client is.

    ``timeout_s`` before a request goes out again, times the board's own patience; ``restarts``: the reset
    reasons that the board may have once the line is at rest.
    """

    to_board: Disturbance = CALM
    to_host: Disturbance = CALM
    seed: int = 0
    timeout_s: float = 0.02
    retries: int = 24
    restarts: tuple[str, ...] = BUTTON


class DisturbedLine:
    """The line for as long as its ``with`` block lasts; afterwards board and link are as they were before.

    ``link`` is the client to use inside; the session's own link must rest meanwhile.
    """

    def __init__(self, session: HilSession, plan: Plan) -> None:
        """Take an open session; nothing is sent before the block begins."""
        self._session = session
        self._plan = plan
        self._transport: DisturbedTransport
        self.link: Link

    def __enter__(self) -> DisturbedLine:
        """Begin to disturb."""
        plan = self._plan
        timeout_s = plan.timeout_s * self._session.board.spec.patience
        self.link = self._session.link.beside(self._wrap, timeout_s=timeout_s, retries=plan.retries)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Rest, and find the board again.

        Raises :class:`FailedError` when it restarted by itself, unless the block's own error says more.
        """
        if error is None:
            self._settle()
            return
        with suppress(HostkitError):
            self._settle()

    @property
    def hits(self) -> Counter[Hit]:
        """What was done to frames so far, both directions together."""
        return self._transport.to_board.hits + self._transport.to_host.hits

    def cut_next(self, after: int, then: Callable[[], object]) -> None:
        """Let the next ``after`` bytes from the board pass, call ``then``, and lose what came with them."""
        self._transport.cut_next(after, then)

    def calm(self) -> None:
        """Disturb nothing any more; what was held back arrives."""
        self._transport.calm()

    def _wrap(self, inner: Transport) -> Transport:
        plan = self._plan
        to_board = OneWay(plan.to_board, f"{plan.seed}/to board")
        self._transport = DisturbedTransport(inner, to_board, OneWay(plan.to_host, f"{plan.seed}/to host"))
        return self._transport

    def _settle(self) -> None:
        session = self._session
        switch = session.board.faults
        if switch is not None:
            switch.fault("clear")
            switch.fault("replug")
        before = session.identity.nonce
        try:
            self.calm()
            self.link.raw(b"\0")  # the end of whatever the board still waits for
            identity = session.restart(lambda: None)
        except PortGoneError:
            session.reopen()
            identity = session.restart(lambda: None)
        self.link.close()
        session.forget_text()
        if identity.nonce != before and identity.reset not in self._plan.restarts:
            raise self._restarted(identity.reset)

    def _restarted(self, reset: str) -> HostkitError:
        if reset not in OWN_FAULT:
            return InconclusiveError(f"the board restarted: {reset}", hint="is its supply well?")
        self._session.restarts += 1
        return FailedError(f"the firmware restarted by itself: {reset}", hint="see the transcript")
