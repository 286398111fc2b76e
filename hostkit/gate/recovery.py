"""After a run that lost its board: bring it back, or take it out of service, and write down which."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from hostkit.boards.ladder import Step
from hostkit.boards.model import Board
from hostkit.boards.outage import OutageBook
from hostkit.build.model import Artifact
from hostkit.errors import HostkitError, InconclusiveError
from hostkit.flash.golden import find_known_good
from hostkit.flash.model import Bench as FlashBench
from hostkit.flash.recovery import Medicine, Recovery, recover
from hostkit.gate.model import Stage
from hostkit.gate.request import Bench
from hostkit.gate.run import Run
from hostkit.store.model import Verdict


@dataclass(frozen=True, slots=True)
class Rescue:
    """What a gate works with when its board is lost. ``into``: the evidence's directory.

    ``may_write``: this run was to flash the board, so that trying a known-good image takes nothing away.
    ``run_id``: whose evidence tells more.
    """

    bench: Bench
    env: str
    into: Path
    may_write: bool
    run_id: str
    answer_s: float = 5.0  # for the firmware to answer after each step

    def run(self, board: Board, *, answered: bool) -> Recovery | None:
        """Return what came of it; None for a board whose port is not there, which needs no telling.

        A board that never ``answered`` in this run is only given up when an image that is known to run does
        not run on it either: else its firmware may be to blame, or that it has none.
        """
        try:
            board.link_port()
        except InconclusiveError:
            return None
        flash = FlashBench(self.bench.runner, self.bench.clock)
        medicine = replace(Medicine.of(board, flash, self._known_good(board)), answer_s=self.answer_s)
        result = recover(board, medicine, write=self.into)
        tried_good = any(each.step is Step.KNOWN_GOOD for each in result.tried)
        if result.reason and (answered or tried_good):
            book = OutageBook(self.bench.paths.state, self.bench.clock)
            book.take_out(board.spec, result.reason, self.run_id)
        return result

    def _known_good(self, board: Board) -> Artifact | None:
        if not self.may_write:
            return None
        try:
            return find_known_good(self.bench.paths, self.bench.database, board.spec.name, self.env)
        except HostkitError:  # a ledger that cannot be read is another matter
            return None


def rescue(run: Run, board: Board, stage: Stage, *, lost: bool) -> None:
    """Look after a board that was lost in a run; one that crashed is well, its firmware is not."""
    ran = run.ran
    if not lost or any(crash.blames_firmware for crash in ran.crashes):
        return
    answered = ran.flash is not None or ran.identity is not None
    rescuer = Rescue(run.bench, run.request.env, run.into, run.request.rules.flash, run.run_id)
    found = rescuer.run(board, answered=answered)
    if found is None:
        return
    if found.firmware_is_sick and ran.stop is not None:
        reason = f"{ran.stop.reason}; an image that is known to run does run on this board"
        ran.stop = replace(ran.stop, verdict=Verdict.FAIL, reason=reason)
    last = found.tried[-1]
    run.tell(stage, f"{last.step.value}: {last.detail}")
