"""What the robust tests of the suite see: each planted fault turns the test red that it should."""

from dataclasses import replace
from pathlib import Path

import pytest
from cobs import cobs

from hostkit.boards.model import Kind
from hostkit.hil.observations import Outcome, read_observations
from hostkit.link.framing import encode_frame
from hostkit.link.messages import Op
from hostkit.testing.clock import FakeClock
from hostkit.testing.hil_board import ModelBench, ModelBoard

pytest_plugins = ["pytester"]

ROBUST = Path(__file__).parents[3] / "hil_tests" / "test_robust.py"


@pytest.fixture
def robust(pytester, tmp_path, monkeypatch):
    """Run the robust tests, or some of them, on a model board with a fault; return what was seen, by test."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(plant, select="", *, slow=False):
        board = ModelBoard(FakeClock())
        if slow:  # fewer requests
            board.spec = replace(board.spec, kind=Kind.SIMULATED)
        plant(board)
        path = tmp_path / "obs.jsonl"
        pytester.runpytest_inprocess(
            str(ROBUST),
            *("-k", select) * bool(select),
            *("-p", "hostkit.hil.plugin", "-p", "pytest_timeout"),
            "--board=model",
            f"--observations={path}",
            plugins=[ModelBench(board)],
        )
        return {test.test.split("::")[1]: test for test in read_observations(path).tests}

    return run


def firmware_that_checks_no_crc(board):
    """Whatever a frame's CRC says, its payload is taken."""
    firmware = board.firmware

    def take(data):
        chunks = [_undone(chunk) for chunk in data.split(b"\0")]
        type(firmware).take(firmware, b"\0".join(chunks))

    board.host._peer.on_bytes = take


def _undone(chunk):
    try:
        return encode_frame(cobs.decode(chunk)[:-4])[1:-1] if chunk else chunk
    except cobs.DecodeError:
        return chunk


def firmware_that_carries_out_a_repeated_request_again(board):
    handle = board.firmware._handle

    def forget(payload):
        board.firmware._last = None
        handle(payload)

    board.firmware._handle = forget


def firmware_that_answers_with_the_reply_before(board):
    """Not always: one request in a hundred gets what the one before it got."""
    execute, kept = board.firmware._execute, []

    def late(request):
        kept.append(execute(request))
        is_echo = request.op == Op.ECHO and len(kept) % 100 == 0
        return kept[-2] if is_echo else kept[-1]

    board.firmware._execute = late


def firmware_that_panics_at_noise(board):
    say, firmware = board.firmware.say, board.firmware

    def panic(message):
        if type(message).__name__ == "Nak":
            firmware.boot("panic")
        else:
            say(message)

    firmware.say = panic


def firmware_that_loses_every_tenth_request(board):
    handle, seen = board.firmware._handle, []

    def lose(payload):
        seen.append(payload)
        if len(seen) % 10:
            handle(payload)

    board.firmware._handle = lose


def firmware_whose_nonce_never_changes(board):
    board.firmware.draw_nonce = lambda: 0x1234_5678
    board.firmware.nonce = 0x1234_5678


def board_that_no_reset_brings_back(board):
    reset = board.reset
    board.reset = lambda: reset() if board.firmware._running else None


def board_that_counts_no_boot(board):
    boot = board.firmware.boot

    def same(*args, **options):
        boot(*args, **options)
        board.firmware.boots = 1

    board.firmware.boot = same


def firmware_that_stays_mute_after_noise_at_boot(board):
    boot, firmware = board.firmware.boot, board.firmware

    def start(*args, **options):
        boot(*args, **options)
        firmware.say = lambda _: setattr(firmware, "mute", True)

    firmware.boot = start


FRAMES = "test_a_bad_line_gives_the_right_answer_or_none"
MANY = "test_10000_requests_with_1_percent_corruption_give_no_wrong_answer[rainbow]"
MIDDLE = "test_a_restart_in_the_middle_of_a_reply_is_told_by_the_nonce"
BETWEEN = "test_a_restart_between_two_requests_is_told_before_anything_is_answered"
NOISY_BOOT = "test_a_board_that_boots_on_a_noisy_line_is_found"
UNREAD = "test_what_a_host_asks_before_it_reads_is_all_answered"
PLUG = "test_a_plug_pulled_in_the_middle_of_a_frame_is_an_error_and_the_board_comes_back"
HANG = "test_a_board_that_hangs_is_an_error_in_time_and_a_reset_brings_it_back"
TWICE = "a request that was repeated was carried out again"
ADAPTER = "test_a_board_behind_a_bad_adapter_gives_the_right_answer_or_none"


def test_a_board_that_is_right_passes_them_all_and_nothing_is_left_out(robust):
    seen = robust(lambda board: None)
    assert {test.outcome for test in seen.values()} == {Outcome.PASSED}
    numbers = seen[MANY].numbers
    assert numbers["requests over a line with 1 % corruption"] == 10_000
    assert numbers["frames corrupted on it"] > 100
    assert numbers["requests sent again on it"] > 100
    assert numbers["wrong answers on it"] == 0


@pytest.mark.parametrize(
    ("plant", "test", "said"),
    [
        (firmware_that_carries_out_a_repeated_request_again, f"{FRAMES}[drop-to_host-rainbow]", TWICE),
        (firmware_that_carries_out_a_repeated_request_again, f"{FRAMES}[duplicate-to_board-rainbow]", TWICE),
        (firmware_that_carries_out_a_repeated_request_again, f"{ADAPTER}[corrupt-1-rainbow]", TWICE),
        (firmware_that_answers_with_the_reply_before, MANY, "2 wrong answers, the first to echo"),
        (
            firmware_that_panics_at_noise,
            f"{FRAMES}[corrupt-to_board-rainbow]",
            "the firmware restarted by itself",
        ),
        (firmware_that_loses_every_tenth_request, UNREAD, "assert "),
        (firmware_whose_nonce_never_changes, MIDDLE, "DID NOT RAISE"),
        (firmware_whose_nonce_never_changes, BETWEEN, "DID NOT RAISE"),
        (firmware_whose_nonce_never_changes, NOISY_BOOT, "assert "),
        (board_that_counts_no_boot, MIDDLE, "assert "),
        (board_that_counts_no_boot, PLUG, "assert "),
    ],
)
def test_a_planted_fault_is_a_failure(robust, plant, test, said):
    seen = robust(plant, select=test.split("[")[0], slow=test == MANY)[test]
    assert seen.outcome is Outcome.FAILED, seen.detail
    assert said in seen.message


@pytest.mark.parametrize(
    ("plant", "test"),
    [
        (firmware_that_checks_no_crc, MANY),
        (board_that_no_reset_brings_back, HANG),
        (firmware_that_stays_mute_after_noise_at_boot, NOISY_BOOT),
    ],
)
def test_a_board_that_is_beside_itself_does_not_pass(robust, plant, test):
    bad = (Outcome.FAILED, Outcome.LOST, Outcome.ERROR)  # by what it still does, which chance decides
    assert robust(plant, select=test.split("[")[0])[test].outcome in bad
