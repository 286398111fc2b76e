"""A line that misbehaves costs time, never truth: what is answered is right, what is lost is told."""

from dataclasses import replace

import pytest

from hostkit.hil.disturbance import Disturbance, Hit
from hostkit.hil.disturbed import BUTTON
from hostkit.hil.scene import Scene, set_board, set_model
from hostkit.link.errors import DeviceError, LinkLostError, LinkTimeoutError, PortGoneError
from hostkit.link.framing import encode_frame
from hostkit.link.messages import Op, Request, Status, Tap, encode_message
from hostkit.link.session import Stray

pytestmark = pytest.mark.rung("linked")

SCENE = Scene("rainbow", seed=6, count=16)
DRAWN = pytest.mark.parametrize("pattern", [SCENE.pattern])
MANY, FEW = 10_000, 200
BEFORE_BOOT = 0x7FFF_1000
BOOTS_S = 0.1  # with 24 repeats: a busy machine takes a while to start a board anew
FAULTS = {
    "drop": (Disturbance(drop=0.1), Hit.DROPPED),
    "duplicate": (Disturbance(duplicate=0.5), Hit.DUPLICATED),
    "split": (Disturbance(split=True), Hit.SPLIT),
    "merge": (Disturbance(merge=True, duplicate=0.5), Hit.DUPLICATED),
    "corrupt": (Disturbance(corrupt=0.3), Hit.CORRUPTED),
    "hold64": (Disturbance(hold64=True), Hit.HELD),
    "garbage": (Disturbance(garbage=0.5), Hit.GARBAGE),
}


class Asked:
    """Requests over a bad line: each has one right answer, and the only other end is a time-out."""

    def __init__(self, link, crcs):
        self.link = link
        self.crcs = crcs
        self.count = self.right = 0
        self.lost = []
        self.wrong = []

    def echo(self, number, size=8):
        data = number.to_bytes(4, "big") * (size // 4 + 1)
        self._ask(f"echo {number}", lambda: self.link.echo(data[:size]), data[:size])

    def step(self, number):
        index = number % len(self.crcs)
        self._ask(f"step {number}", lambda: self.link.step(SCENE.time_us(index)).crc, self.crcs[index])

    def judge(self, least, carried_out):
        """At least so many answers came, no wrong one, and nothing was carried out twice."""
        assert not self.wrong, f"{len(self.wrong)} wrong answers, the first to {self.wrong[0]}"
        assert self.right >= least, f"only {self.right} answers, the first lost: {self.lost[:1]}"
        assert carried_out <= self.count, "a request that was repeated was carried out again"
        assert carried_out >= self.right, "an answer came to what was never carried out"

    def _ask(self, name, ask, expected):
        self.count += 1
        try:
            got = ask()
        except LinkTimeoutError as error:
            self.lost.append(f"{name}: {error}")
            return
        except DeviceError as error:
            self.wrong.append(f"{name}: {error}")
            return
        if got == expected:
            self.right += 1
        else:
            self.wrong.append(f"{name}: {got!r}, not {expected!r}")


class Counted:
    """Requests that the board carried out, repeats not counted, beyond the three that this itself takes."""

    def __init__(self, link):
        self.link = link
        self.before = link.stats().requests

    def so_far(self):
        return self.link.stats().requests - self.before - 3  # an echo at rest, hello, stats


@pytest.fixture
def slow(board):
    """True for a board that takes much longer for an answer than silicon."""
    return board.spec.patience > 1


@pytest.fixture
def crcs(board, link, golden, pattern):
    """The frames of a scene as the model draws them; the board is set up for it."""
    scene = replace(SCENE, pattern=pattern)
    set_model(golden, scene)
    set_board(link, scene)
    return golden.run(SCENE.start_us, SCENE.step_us, SCENE.count).crcs(Tap.FRAME)


@DRAWN
@pytest.mark.parametrize("way", ["to_board", "to_host"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_line_gives_the_right_answer_or_none(link, disturb, crcs, slow, fault, way):
    disturbance, hit = FAULTS[fault]
    carried_out = Counted(link)
    with disturb(**{way: disturbance}, seed=5, retries=1 if fault == "hold64" else 4) as line:
        asked = Asked(line.link, crcs)
        for number in range(14 if slow else 42):
            asked.echo(number, size=36 + number % 14)  # two of these lengths make a frame of 64 bytes
        for number in range(1 if slow else 10):
            asked.step(number)
        line.calm()
        assert line.link.echo(b"at rest") == b"at rest"
        assert line.hits[hit] > 0, "nothing was disturbed: the test shows nothing"
    asked.judge(asked.count * 3 // 4, carried_out.so_far())


@DRAWN
def test_10000_requests_with_1_percent_corruption_give_no_wrong_answer(link, disturb, crcs, slow, measure):
    count = FEW if slow else MANY
    noisy = Disturbance(corrupt=0.01)
    carried_out = Counted(link)
    with disturb(to_board=noisy, to_host=noisy, seed=10_000) as line:
        asked = Asked(line.link, crcs)
        for number in range(count):
            if number % 50:
                asked.echo(number)
            else:
                asked.step(number)
        broken = line.hits[Hit.CORRUPTED]
        measure("requests over a line with 1 % corruption", count, "")
        measure("frames corrupted on it", broken, "")
        measure("requests sent again on it", line.link.resends, "")
        measure("requests without an answer on it", len(asked.lost), "")
        measure("wrong answers on it", len(asked.wrong), "")
        line.calm()
        assert line.link.echo(b"at rest") == b"at rest"
    asked.judge(count * 9 // 10, carried_out.so_far())
    assert broken >= count / 100, "nothing was disturbed: the test shows nothing"


@DRAWN
@pytest.mark.parametrize(
    ("fault", "amount"), [("corrupt", 1), ("drop", 1), ("duplicate", 1), ("hold64", None)]
)
def test_a_board_behind_a_bad_adapter_gives_the_right_answer_or_none(
    link, disturb, faults, crcs, slow, fault, amount
):
    """Here bytes are hit, one in a hundred, not frames."""
    carried_out = Counted(link)
    with disturb(retries=1 if fault == "hold64" else 24) as line:
        faults.fault(fault, amount)
        asked = Asked(line.link, crcs)
        for number in range(20 if slow else 100):
            asked.echo(number, size=8 + number % 40)
        asked.step(1)
        faults.fault("clear")
        assert line.link.echo(b"at rest") == b"at rest"
    asked.judge(asked.count * 3 // 4, carried_out.so_far())


def test_what_a_host_asks_before_it_reads_is_all_answered(board, link, slow):
    """Neither side may lose what the other does not take at once."""
    link.configure("gradient")
    link.step(0)
    frame = link.read_tap(Tap.FRAME, 0)
    ids = [BEFORE_BOOT + number for number in range(4 if slow else 100)]
    link.raw(b"".join(encode_frame(encode_message(Request(i, Op.READ, (3, 0, 0, 480)))) for i in ids))
    came = []
    while len(came) < len(ids) and (items := link.receive(2 * board.spec.patience)):
        came += [item.reply for item in items if isinstance(item, Stray)]
    assert [reply.id for reply in came] == ids
    assert all(reply.status is Status.OK and reply.body == frame for reply in came)


def test_a_restart_in_the_middle_of_a_reply_is_told_by_the_nonce(board, link, disturb):
    link.configure("gradient")
    link.step(0)
    before = board.identity
    with disturb(timeout_s=BOOTS_S) as line:
        line.cut_next(30, board.press_reset)
        with pytest.raises(LinkLostError) as caught:
            line.link.read_tap(Tap.FRAME, 0)
    assert (caught.value.old, caught.value.new) == (before.nonce, board.identity.nonce)
    assert board.identity.boots == before.boots + 1


def test_a_restart_between_two_requests_is_told_before_anything_is_answered(board, link, disturb):
    link.configure("gradient")
    crc = link.step(0).crc
    with disturb(timeout_s=BOOTS_S) as line:
        assert line.link.step(0).crc == crc
        board.press_reset()
        with pytest.raises(LinkLostError):
            line.link.step(0)


def test_a_board_that_boots_on_a_noisy_line_is_found(board, disturb):
    before = board.identity
    noisy = Disturbance(garbage=1.0)
    with disturb(to_board=noisy, to_host=noisy) as line:
        board.press_reset()
        found = line.link.wait_ready(10 * board.spec.patience)
        assert line.hits[Hit.GARBAGE] >= 2
    assert (found.build, found.mac) == (before.build, before.mac)
    assert found.nonce == board.identity.nonce != before.nonce


def test_a_plug_pulled_in_the_middle_of_a_frame_is_an_error_and_the_board_comes_back(
    board, link, disturb, faults
):
    link.step(0)
    before = board.identity
    with disturb(restarts=("power-on",)) as line:
        line.cut_next(30, lambda: faults.fault("unplug"))
        with pytest.raises(PortGoneError):
            line.link.read_tap(Tap.FRAME, 0)
        with pytest.raises(PortGoneError):
            line.link.raw(b"anything")
    assert board.identity.reset == "power-on"
    assert board.identity.boots == before.boots + 1
    assert board.identity.build == before.build


def test_a_board_that_hangs_is_an_error_in_time_and_a_reset_brings_it_back(board, link, disturb, faults):
    with disturb(retries=1) as line:
        assert line.link.echo(b"well") == b"well"
        faults.fault("hang")
        with pytest.raises(LinkTimeoutError, match="the line was silent"):
            line.link.echo(b"well?")
        board.press_reset()
        assert line.link.wait_ready(10 * board.spec.patience).reset in BUTTON
