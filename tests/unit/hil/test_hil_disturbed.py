"""A second client on a bad line: it sees what befalls the board, and leaves all as it was."""

import pytest

from hostkit.errors import FailedError, InconclusiveError
from hostkit.hil.disturbance import Disturbance, Hit
from hostkit.hil.disturbed import DisturbedLine, Plan
from hostkit.hil.session import Expectation, HilSession
from hostkit.link.client import Link
from hostkit.link.errors import LinkLostError, LinkTimeoutError, PortGoneError
from hostkit.link.transcript import Direction, Transcript
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import ModelBoard, ModelOpener


@pytest.fixture
def board():
    return ModelBoard(FakeClock())


@pytest.fixture
def session(board):
    session = HilSession(lambda: ModelOpener(board), Expectation("model"), clock=board.clock)
    session.fresh()
    return session


def test_a_lost_reply_is_asked_for_again_and_counted(session):
    with DisturbedLine(session, Plan(to_host=Disturbance(drop=0.5))) as line:
        for number in range(20):
            assert line.link.echo(bytes([number])) == bytes([number])
        assert line.link.resends == line.hits[Hit.DROPPED] > 0
    assert session.link.resends == 0


def test_a_restart_before_the_first_request_is_noticed(session, board):
    with DisturbedLine(session, Plan()) as line:
        board.reset()
        with pytest.raises(LinkLostError):
            line.link.step(0)
    assert session.identity.nonce == board.firmware.nonce
    assert session.fresh().step(0).crc


def test_what_the_board_waits_for_and_what_was_held_is_gone_afterwards(session, board):
    with DisturbedLine(session, Plan(to_board=Disturbance(hold64=True), retries=0)) as line:
        line.link.raw(b"\0half a fr")
    assert session.fresh().echo(b"x") == b"x"


@pytest.mark.parametrize(
    ("reset", "kind", "counted"), [("panic", FailedError, 1), ("brownout", InconclusiveError, 0)]
)
def test_a_restart_that_nobody_asked_for_is_told_at_the_end(session, board, reset, kind, counted):
    with (
        pytest.raises(kind, match=f"restarted.*: {reset}") as caught,
        DisturbedLine(session, Plan()),
    ):
        board.firmware.boot(reset)
    assert caught.value.hint
    assert session.restarts == counted
    assert session.fresh().step(0).crc


def test_an_error_of_the_block_is_not_hidden_by_what_is_found_at_the_end(session, board):
    def crash():
        with DisturbedLine(session, Plan()):
            board.firmware.boot("panic")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()


def test_an_unplugged_board_is_plugged_in_again(session, board):
    with DisturbedLine(session, Plan(restarts=("power-on",))) as line:
        board.fault("unplug")
        with pytest.raises(PortGoneError):
            line.link.echo(b"x")
    assert session.fresh().echo(b"x") == b"x"


def test_faults_of_the_board_are_switched_off(session, board):
    with DisturbedLine(session, Plan(retries=2)) as line:
        board.fault("drop", 100)
        with pytest.raises(LinkTimeoutError):
            line.link.echo(b"x")
    assert session.fresh().echo(b"x") == b"x"
    assert session.link.resends == 0


def test_the_transcript_holds_what_the_port_carried():
    clock = FakeClock()
    board = ModelBoard(clock)
    transcript = Transcript(clock)
    board.open_link = lambda: Link(board.host, clock, transcript=transcript)
    session = HilSession(lambda: ModelOpener(board), Expectation("model"), clock=clock)
    session.fresh()
    before = len(transcript.entries())
    with DisturbedLine(session, Plan(to_board=Disturbance(drop=1.0), retries=1)) as line:
        with pytest.raises(LinkTimeoutError):
            line.link.echo(b"x")
        assert len(transcript.entries()) == before
    sent = [entry for entry in transcript.entries()[before:] if entry.direction is Direction.SENT]
    assert sent
