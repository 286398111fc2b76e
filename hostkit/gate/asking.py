"""Puts a gate's challenges to its board and keeps what came of them."""

from __future__ import annotations

from hostkit.boards.model import Board
from hostkit.errors import FailedError, InconclusiveError, InvalidError
from hostkit.gate.challenge import write_challenges
from hostkit.gate.model import ChallengeFact, Stage
from hostkit.gate.parts import END_TRANSCRIPT
from hostkit.gate.run import Run
from hostkit.link.client import Link
from hostkit.link.proof import ask_challenge
from hostkit.link.transcript import Transcript
from hostkit.link.transport import open_transport
from hostkit.store.model import Verdict

UNMASK_TRANSCRIPT = "unmask.jsonl"
"""The conversation with what could not be flashed, in the evidence."""

_READY_S = 3.0  # for a board that answered a moment ago
_TIMEOUT_S = 1.0  # for silicon to answer
_NO_SUCH = "the firmware knows no such question"


def keep_flash_challenge(run: Run) -> None:
    """Keep the challenge that was a part of the flash."""
    assert run.ran.flash is not None
    answer = run.ran.flash.challenge
    _keep(run, ChallengeFact(Stage.FLASH, answer, "" if answer else _NO_SUCH))


def challenge_at_end(run: Run, board: Board) -> None:
    """Ask once more, when the suite has given the board back, also where it was lost meanwhile.

    What the board does wrong becomes a fact; only :class:`ImpostorError` is raised for it.
    """
    _keep(run, _asked(run, board, END_TRANSCRIPT))


def unmask(run: Run, board: Board) -> None:
    """Make a stop for want of an answer invalid where something at the port only passes for the firmware.

    It cannot be flashed, as a board cannot that is not there; but it talks.
    """
    stop = run.ran.stop
    if stop is None or stop.verdict is not Verdict.INCONCLUSIVE:
        return
    try:
        answer = _asked(run, board, UNMASK_TRANSCRIPT).answer
    except InvalidError as error:
        run.stop(stop.stage, Verdict.INVALID, error.message, error.hint)
    else:
        if answer is not None and not answer.holds:
            reason = "what answers at this port answers a challenge wrongly"
            run.stop(stop.stage, Verdict.INVALID, reason, "it plays a recording of the firmware")


def _asked(run: Run, board: Board, transcript_name: str) -> ChallengeFact:
    clock, patience, restarted = run.bench.clock, board.spec.patience, board.spec.ends_with_user
    try:
        if restarted:
            board.run_application()
        with (
            Transcript(clock, path=run.into / transcript_name) as transcript,
            Link(
                open_transport(board.link_port()),
                clock,
                transcript=transcript,
                timeout_s=_TIMEOUT_S * patience,
            ) as link,
        ):
            said = link.wait_ready(_READY_S * patience)
            answer = ask_challenge(link, run.bench.draw)
            return ChallengeFact(Stage.HIL, answer, "" if answer else _NO_SUCH, said.reset, restarted)
    except (InconclusiveError, FailedError) as error:
        return ChallengeFact(Stage.HIL, None, error.message)


def _keep(run: Run, fact: ChallengeFact) -> None:
    run.ran.challenges += (fact,)
    write_challenges(run.into, run.ran.challenges)
