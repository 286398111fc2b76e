"""One run on one board: fresh for each test, and honest about who is to blame."""

import pytest

from hostkit.errors import FailedError, InconclusiveError, InvalidError, UsageError
from hostkit.hil.profiles import find_profile
from hostkit.hil.session import Expectation, HilSession
from hostkit.link.errors import LinkLostError, LinkTimeoutError
from hostkit.link.messages import Mode, Op
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import ModelBoard, ModelOpener
from hostkit.testing.hil_flaws import Flaws


def session_on(board, build="", name="model", told=None):
    seen = [] if told is None else told
    return HilSession(lambda: ModelOpener(board), Expectation(name, build), seen.append, board.clock)


@pytest.fixture
def board():
    return ModelBoard(FakeClock())


def test_nothing_is_opened_before_it_is_used(board):
    session = session_on(board)
    assert session.build == ""
    session.close()
    assert not board.closed
    assert board.firmware.executed == []


def test_the_board_is_opened_once_and_given_back(board):
    told = []
    session = session_on(board, told=told)
    assert session.fresh() is session.fresh() is session.link
    assert [identity.mac for identity in told] == [board.spec.mac]
    assert session.build == board.build
    session.close()
    session.close()
    assert board.closed


def test_the_transcript_is_told_which_test_runs(board):
    session = session_on(board)
    session.begin("first")
    session.fresh()
    session.begin("second")
    assert board.marks == ["first", "second"]


def test_every_test_finds_the_board_as_the_first_one_did(board):
    session = session_on(board)
    link = session.fresh()
    first = link.step(1000)
    link.configure("comet", 7, {"tail": 100})
    link.output(3, 50)
    link.audio(65535, 65535, (65535,) * 8)
    link.mode(Mode.LIVE, 0)
    assert session.fresh().step(1000) == first
    assert link.receive(0) == ()


def test_a_fresh_start_costs_few_round_trips(board):
    session = session_on(board)
    session.fresh()
    before = len(board.firmware.executed)
    session.fresh()
    assert len(board.firmware.executed) - before <= 4


def test_another_build_than_the_expected_one_is_invalid_and_stays_so(board):
    session = session_on(board, build="f" * 64)
    for _ in range(2):
        with pytest.raises(
            InvalidError, match="runs build 0123456789ab, to be tested is ffffffffffff"
        ) as caught:
            session.fresh()
        assert "hostkit flash -b model" in caught.value.hint
    assert session.failure is caught.value
    assert board.closed
    assert session.build == board.build


def test_another_mac_than_the_catalogs_is_invalid(board):
    board.firmware.mac = "02:00:00:00:00:99"
    with pytest.raises(InvalidError, match="says MAC 02:00:00:00:00:99"):
        session_on(board).fresh()


def test_an_unknown_board_is_a_usage_error(board):
    with pytest.raises(UsageError, match="there is no board 'modl'"):
        session_on(board, name="modl").fresh()


def test_a_board_that_never_answers_is_inconclusive_and_named_once(board):
    board.firmware.mute = True
    session = session_on(board)
    with pytest.raises(LinkTimeoutError, match="no answer to hello"):
        session.fresh()
    asked = board.host.reads
    with pytest.raises(LinkTimeoutError):
        session.fresh()
    assert board.host.reads == asked


def test_a_board_that_floods_the_line_is_told_apart_from_a_silent_one(board):
    link = session_on(board).fresh()
    end = board.firmware._transport
    end.on_bytes = lambda _: end.write(b"\x91\x92" * 5000)
    with pytest.raises(LinkTimeoutError, match="bytes came that were no reply"):
        link.step(0)


def restart_in_step(reset):
    def before(firmware, request):
        if request.op == Op.STEP:
            firmware.flaws.before = lambda *_: None
            firmware.boot(reset)

    return Flaws(before=before)


@pytest.mark.parametrize("reset", ["panic", "watchdog", "software"])
def test_a_restart_of_the_firmwares_own_making_is_its_failure(reset):
    session = session_on(ModelBoard(FakeClock(), restart_in_step(reset)))
    link = session.fresh()
    with pytest.raises(LinkLostError) as caught:
        link.step(0)
    meaning = session.blame(caught.value)
    assert meaning is not None
    assert isinstance(meaning, FailedError)
    assert meaning.message == f"the firmware restarted by itself: {reset}"
    assert session.restarts == 1
    assert session.fresh().step(0).crc


@pytest.mark.parametrize("reset", ["brownout", "power-on", "external"])
def test_a_restart_from_outside_is_nobodys_fault(reset):
    session = session_on(ModelBoard(FakeClock(), restart_in_step(reset)))
    link = session.fresh()
    with pytest.raises(LinkLostError) as caught:
        link.step(0)
    assert isinstance(session.blame(caught.value), InconclusiveError)
    assert session.restarts == 0


def test_a_lost_board_is_looked_for_once_more(board):
    session = session_on(board)
    link = session.fresh()
    board.firmware.mute = True
    with pytest.raises(LinkTimeoutError) as caught:
        link.step(0)
    assert session.blame(caught.value) is caught.value
    assert session.failure is None
    board.firmware.mute = False
    assert session.fresh().step(0).ma > 0


def test_a_board_whose_port_comes_back_is_used_again(board):
    session = session_on(board)
    link = session.fresh()
    board.unplug()
    with pytest.raises(InconclusiveError) as caught:
        link.step(0)
    session.blame(caught.value)
    board.replug()
    assert session.fresh().step(0).ma > 0
    assert session.restarts == 0


def test_a_board_that_does_not_come_back_ends_the_run(board):
    session = session_on(board)
    session.fresh()
    board.unplug()
    with pytest.raises(InconclusiveError) as caught:
        session.fresh()
    session.blame(caught.value)
    with pytest.raises(InconclusiveError):
        session.fresh()
    assert session.failure is not None
    with pytest.raises(InconclusiveError):
        session.fresh()


def test_a_wanted_restart_changes_the_nonce_and_counts_for_nothing(board):
    session = session_on(board)
    link = session.fresh()
    before = session.identity
    after = session.restart(board.reset)
    assert after.nonce != before.nonce
    assert after.boots == before.boots + 1
    assert session.identity is after
    assert session.restarts == 0
    assert link.nonce == after.nonce


def test_errors_that_are_no_matter_of_the_board_are_left_alone(board):
    session = session_on(board)
    assert session.blame(AssertionError("wrong")) is None
    assert session.blame(KeyError("x")) is None


def test_an_unknown_profile_names_the_nearest():
    assert find_profile("single-60").leds == 60
    with pytest.raises(UsageError, match="no board profile 'dual-16'") as caught:
        find_profile("dual-16")
    assert caught.value.hint == "did you mean 'dual-160'?"
