"""Puts a gate's challenges to its board and keeps what came of them."""

from __future__ import annotations

from hostkit.boards.model import Board
from hostkit.errors import FailedError, InconclusiveError
from hostkit.gate.challenge import write_challenges
from hostkit.gate.model import ChallengeFact, Stage
from hostkit.gate.parts import END_TRANSCRIPT
from hostkit.gate.run import Run
from hostkit.link.client import Link, ask_challenge
from hostkit.link.transcript import Transcript
from hostkit.link.transport import open_transport

_READY_S = 3.0  # for a board that answered a moment ago
_TIMEOUT_S = 1.0  # for silicon to answer
_NO_SUCH = "the firmware knows no such question"


def keep_flash_challenge(run: Run) -> None:
    """Keep the challenge that was a part of the flash."""
    assert run.ran.flash is not None
    answer = run.ran.flash.challenge
    _keep(run, ChallengeFact(Stage.FLASH, answer, "" if answer else _NO_SUCH))


def challenge_at_end(run: Run, board: Board, *, lost: bool) -> None:
    """Ask once more, when the suite has given the board back, unless it was ``lost``.

    What the board does wrong becomes a fact; nothing is raised for it.
    """
    _keep(run, ChallengeFact(Stage.HIL, None, "the board was lost") if lost else _asked(run, board))


def _asked(run: Run, board: Board) -> ChallengeFact:
    clock, patience, restarted = run.bench.clock, board.spec.patience, board.spec.ends_with_user
    try:
        if restarted:
            board.run_application()
        with (
            Transcript(clock, path=run.into / END_TRANSCRIPT) as transcript,
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
