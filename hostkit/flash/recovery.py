"""Bringing a board back that does not answer, step by step, each step written down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hostkit.boards.ladder import Ladder, Step, Tried
from hostkit.boards.model import Board
from hostkit.boards.power import cycle_power, power_command
from hostkit.build.model import Artifact
from hostkit.errors import HostkitError, InconclusiveError
from hostkit.files import atomic_write
from hostkit.flash.model import Bench
from hostkit.flash.service import Opener, flash_artifact, open_port
from hostkit.link.client import Link

RECORD = "recovery.jsonl"
"""Where a run's evidence says what was tried."""

_BAUD = 115_200
_PORT_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Recovery:
    """What came of it. ``reason``: why the board is given up, "" unless it is."""

    tried: tuple[Tried, ...]
    recovered: bool
    reason: str = ""

    @property
    def firmware_is_sick(self) -> bool:
        """True when only a known-good image made the board answer: the board itself is well."""
        return self.recovered and self.tried[-1].step is Step.KNOWN_GOOD

    def lines(self) -> str:
        """Return the record as JSON lines, one a step."""
        rows = (
            {
                "step": each.step.value,
                "ok": each.ok,
                "detail": each.detail,
                "seconds": round(each.seconds, 3),
            }
            for each in self.tried
        )
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@dataclass(frozen=True, slots=True)
class Medicine:
    """What there is to try with. ``known_good``: an artifact that this board has run well, or None."""

    bench: Bench
    answer_s: float = 5.0
    known_good: Artifact | None = None
    power: tuple[str, ...] | None = None
    opener: Opener = open_port

    @classmethod
    def of(cls, board: Board, bench: Bench, known_good: Artifact | None = None) -> Medicine:
        """Return what there is for a board on this machine."""
        return cls(bench, known_good=known_good, power=power_command(board.spec))


def recover(
    board: Board,
    medicine: Medicine,
    *,
    write: Path | None = None,
    on_tried: Callable[[Tried], None] = lambda _: None,
) -> Recovery:
    """Go up the ladder until the board answers; the caller holds its lease and has its port closed.

    ``write``: a directory for :data:`RECORD`. ``on_tried`` is told of each step as it ends. Raises
    :class:`ToolError` when the record cannot be written, and nothing for what a board does. A board whose
    port is not there is not given up: it is absent, and everybody can see that.
    """
    able = {Step.ASK, Step.LINK_RESET, Step.LINE_RESET}
    able |= {Step.POWER_CYCLE} if medicine.power is not None else set()
    able |= {Step.KNOWN_GOOD} if medicine.known_good is not None else set()
    climb = _Climb(board, medicine, Ladder(able), on_tried)
    result = climb.run()
    if write is not None:
        atomic_write(write / RECORD, result.lines().encode(), durable=False)
    return result


@dataclass(slots=True)
class _Climb:
    board: Board
    medicine: Medicine
    ladder: Ladder
    on_tried: Callable[[Tried], None]

    def run(self) -> Recovery:
        while (step := self.ladder.next) is not None:
            if step is Step.OUT_OF_SERVICE:
                return self._conclude()
            self._try(step)
        return Recovery(self.ladder.tried, recovered=True)

    def _conclude(self) -> Recovery:
        try:
            self.board.link_port()
        except InconclusiveError:
            return Recovery(self.ladder.tried, recovered=False)
        reason = self.ladder.reason
        self._took(Tried(Step.OUT_OF_SERVICE, ok=False, detail=reason, seconds=0.0))
        return Recovery(self.ladder.tried, recovered=False, reason=reason)

    def _try(self, step: Step) -> None:
        clock = self.medicine.bench.clock
        began = clock.monotonic_ns()
        try:
            detail, ok = self._action(step)(), True
        except HostkitError as error:
            detail, ok = error.message, False
        self._took(Tried(step, ok, detail, (clock.monotonic_ns() - began) / 1e9))

    def _took(self, tried: Tried) -> None:
        self.ladder.took(tried)
        self.on_tried(tried)

    def _action(self, step: Step) -> Callable[[], str]:
        return {
            Step.ASK: self._ask,
            Step.LINK_RESET: self._link_reset,
            Step.LINE_RESET: self._line_reset,
            Step.POWER_CYCLE: self._power_cycle,
            Step.KNOWN_GOOD: self._known_good,
        }[step]

    def _ask(self) -> str:
        with self._link() as link:
            return f"it runs build {link.wait_ready(self.medicine.answer_s).build[:12]}"

    def _link_reset(self) -> str:
        with self._link() as link:
            link.reboot()
            return f"it runs build {link.wait_ready(self.medicine.answer_s).build[:12]}"

    def _line_reset(self) -> str:
        self.board.run_application()
        return self._ask()

    def _power_cycle(self) -> str:
        assert self.medicine.power is not None
        cycle_power(self.medicine.power, self.medicine.bench.runner)
        return self._ask()

    def _known_good(self) -> str:
        assert self.medicine.known_good is not None
        bench = replace(self.medicine.bench, log=None, transcript=None, on_progress=None)
        flash_artifact(self.medicine.known_good, self.board, bench, opener=self.medicine.opener)
        return f"it runs build {self.medicine.known_good.short_id}: the board is well, the firmware is not"

    def _link(self) -> Link:
        """Open the port, waiting for one that goes away at a reset to come back."""
        clock = self.medicine.bench.clock
        until = clock.monotonic_ns() + round(self.medicine.answer_s * 1e9)
        while True:
            try:
                opened = self.medicine.opener(self.board.link_port(), _BAUD)
                return Link(opened, clock, timeout_s=self.medicine.answer_s / 4)
            except InconclusiveError:
                if clock.monotonic_ns() >= until:
                    raise
            clock.sleep(_PORT_POLL_S)
