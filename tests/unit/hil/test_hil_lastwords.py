"""A board that is lost while it prints a crash: the crash is the reason."""

from pathlib import Path

import pytest

from hostkit.errors import HostkitError, InconclusiveError
from hostkit.hil.lastwords import LastWords
from hostkit.hil.session import Expectation, HilSession
from hostkit.link.crash.blame import FirmwareCrashError, SupplyError
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.link.messages import Op
from hostkit.testing import crash as texts
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import Flaws, ModelBoard, ModelOpener


def crash_in_step(text, reset, *, mute=False, pcs=(0x400D1F4A,)):
    left = list(pcs)

    def before(firmware, request):
        if request.op == Op.STEP and left:
            firmware.garbage = texts.spoken(text, pc=left.pop(0))
            firmware.boot(reset)
            firmware.mute = mute

    return Flaws(before=before)


def session_on(board):
    words = LastWords(CrashDecoder(Path("/nonexistent")))
    return HilSession(lambda: ModelOpener(board), Expectation("model"), clock=board.clock, last_words=words)


def meaning_of(session):
    link = session.fresh()
    with pytest.raises(HostkitError) as caught:
        link.step(0)
    return session.blame(caught.value)


def test_a_panic_is_told_in_its_own_words_and_a_later_one_in_its_own():
    board = ModelBoard(FakeClock())
    twice = crash_in_step(texts.XTENSA["StoreProhibited"], "panic", pcs=(0x400D1000, 0x400D2000))
    board.flaws.before = twice.before
    session = session_on(board)
    first, second = meaning_of(session), meaning_of(session)
    assert isinstance(first, FirmwareCrashError)
    assert (first.message, second.message) == (
        "panic: StoreProhibited at 0x400d1000",
        "panic: StoreProhibited at 0x400d2000",
    )
    assert session.restarts == 2


def test_a_panic_of_a_board_that_stays_away_is_a_failure_not_a_loss():
    session = session_on(ModelBoard(FakeClock(), crash_in_step(texts.ABORT, "panic", mute=True)))
    meaning = meaning_of(session)
    assert isinstance(meaning, FirmwareCrashError)
    assert meaning.message.startswith("abort: abort() was called at 0x400d1f4a")


def test_a_brown_out_stays_inconclusive_and_blames_the_supply():
    session = session_on(ModelBoard(FakeClock(), crash_in_step(texts.BROWNOUT, "brownout")))
    assert isinstance(meaning_of(session), SupplyError)


def test_what_was_printed_before_the_suite_is_no_reason():
    board = ModelBoard(FakeClock())
    board.firmware.garbage = texts.spoken(texts.XTENSA["LoadProhibited"])
    board.firmware.boot()
    board.flaws.before = crash_in_step("", "brownout").before
    meaning = meaning_of(session_on(board))
    assert isinstance(meaning, InconclusiveError)
    assert not isinstance(meaning, SupplyError)


def test_a_board_that_panics_before_the_first_answer_fails_the_run():
    board = ModelBoard(FakeClock())
    board.firmware.garbage = texts.spoken(texts.XTENSA["LoadProhibited"])
    board.firmware.mute = True
    board.firmware.boot()
    session = session_on(board)
    with pytest.raises(FirmwareCrashError):
        session.fresh()
    assert isinstance(session.failure, FirmwareCrashError)
