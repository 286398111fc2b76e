"""What a disturbed line does to frames, and to nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.hil.disturbance import CALM, Disturbance, DisturbedTransport, FrameCutter, Hit, OneWay
from hostkit.link.errors import PortGoneError
from hostkit.link.framing import Frame, FrameDecoder, encode_frame
from hostkit.testing.clock import FakeClock
from hostkit.testing.link import MemoryTransport

FRAMES = [encode_frame(bytes([number]) * (number + 2)) for number in range(80)]


def cut(data, sizes=()):
    cutter, pieces = FrameCutter(), []
    for size in (*sizes, len(data)):
        pieces += cutter.feed(data[:size])
        data = data[size:]
    return pieces, cutter.flush()


@given(
    st.lists(st.one_of(st.sampled_from(FRAMES), st.just(b"\0"), st.just(b"boot text\r\n"), st.binary())),
    st.lists(st.integers(0, 40), max_size=20),
)
def test_cutting_loses_and_invents_nothing(parts, sizes):
    stream = b"".join(parts)
    pieces, rest = cut(stream, sizes)
    assert b"".join(piece for piece, _ in pieces) + rest == stream


@given(st.lists(st.sampled_from(FRAMES)), st.lists(st.integers(0, 40), max_size=20))
def test_frames_are_found_however_a_port_cuts_them(frames, sizes):
    pieces, rest = cut(b"".join(frames), sizes)
    assert [piece for piece, is_frame in pieces if is_frame] == frames
    assert rest == b""


def test_text_is_no_frame_and_waits_for_no_zero():
    assert cut(b"boot\r\n") == ([(b"boot\r\n", False)], b"")
    assert cut(b"ets\r\n" + FRAMES[3] + b"entry") == (
        [(b"ets\r\n", False), (FRAMES[3], True), (b"entry", False)],
        b"",
    )


def test_a_stream_without_a_zero_is_not_kept_for_ever():
    pieces, rest = cut(b"\0" + b"\x91" * 9000)
    assert (len(pieces), rest) == (1, b"")


@given(st.lists(st.binary(min_size=1)))
def test_a_calm_line_changes_nothing(frames):
    way = OneWay(CALM, "seed")
    assert [piece for frame in frames for piece in way.carry(frame)] == frames
    assert not way.hits


@pytest.mark.parametrize(
    ("disturbance", "hit"),
    [
        (Disturbance(drop=0.3), Hit.DROPPED),
        (Disturbance(duplicate=0.3), Hit.DUPLICATED),
        (Disturbance(corrupt=0.3), Hit.CORRUPTED),
        (Disturbance(garbage=0.3), Hit.GARBAGE),
        (Disturbance(split=True), Hit.SPLIT),
        (Disturbance(hold64=True), Hit.HELD),
    ],
)
def test_the_same_seed_does_the_same_and_counts_it(disturbance, hit):
    ways = [OneWay(disturbance, seed) for seed in ("a", "a", "b")]
    came = [[way.carry(frame) for frame in FRAMES] for way in ways]
    assert came[0] == came[1] != [[frame] for frame in FRAMES]
    assert (came[0] == came[2]) == (hit is Hit.HELD)
    assert set(ways[0].hits) == {hit}
    assert ways[0].hits[hit] > 0


def test_a_corrupted_frame_differs_in_one_bit():
    way = OneWay(Disturbance(corrupt=1.0), "seed")
    for frame in FRAMES:
        (came,) = way.carry(frame)
        assert sum((a ^ b).bit_count() for a, b in zip(came, frame, strict=True)) == 1
    assert way.hits[Hit.CORRUPTED] == len(FRAMES)


def test_garbage_stands_before_a_frame_that_is_whole():
    way = OneWay(Disturbance(garbage=1.0), "seed")
    for frame in FRAMES:
        (came,) = way.carry(frame)
        assert came.endswith(frame)
        assert 1 <= len(came) - len(frame) <= 40


def test_a_frame_of_64_bytes_waits_for_the_next_one():
    way = OneWay(Disturbance(hold64=True), "seed")
    whole = next(frame for frame in FRAMES if len(frame) == 64)
    assert way.carry(whole) == []
    assert way.carry(FRAMES[0]) == [whole + FRAMES[0]]
    assert way.carry(whole) == way.carry(whole) == []
    assert way.calm() == 2 * whole
    assert way.carry(whole) == [whole]


@pytest.fixture
def ends():
    return MemoryTransport.pair(FakeClock())


def disturbed(host, to_board=CALM, to_host=CALM):
    return DisturbedTransport(host, OneWay(to_board, "a"), OneWay(to_host, "b"))


def test_merged_frames_come_in_one_read_and_go_in_one_write(ends):
    host, board = ends
    line = disturbed(host, Disturbance(merge=True), Disturbance(merge=True))
    board.write(FRAMES[1])
    board.write(FRAMES[2])
    line.write(FRAMES[3])
    line.write(FRAMES[4])
    assert line.read(0) == FRAMES[1] + FRAMES[2]
    assert board.read(0) == FRAMES[3] + FRAMES[4]
    assert line.to_host.hits[Hit.MERGED] == line.to_board.hits[Hit.MERGED] == 1


def test_split_frames_come_in_many_reads(ends):
    host, board = ends
    line = disturbed(host, to_host=Disturbance(split=True))
    board.write(FRAMES[60])
    came = [line.read(0) for _ in range(100)]
    assert b"".join(came) == FRAMES[60]
    assert max(map(len, came)) <= 7


def test_a_cut_lets_so_much_pass_and_acts_in_the_middle(ends):
    host, board = ends
    line = disturbed(host)
    done = []
    line.cut_next(10, lambda: done.append("reset"))
    board.write(FRAMES[30][:4])
    assert (line.read(0), done) == (FRAMES[30][:4], [])
    board.write(FRAMES[30][4:])
    assert (line.read(0), done) == (FRAMES[30][4:10], ["reset"])
    board.write(FRAMES[5])
    assert line.read(0) == FRAMES[5]
    assert line.to_host.hits[Hit.CUT] == 1


def test_an_end_that_never_comes_is_given_out_when_the_line_is_idle(ends):
    host, board = ends
    line = disturbed(host)
    board.write(FRAMES[9][:-1])
    assert line.read(0) == b""
    assert line.read(0.1) == FRAMES[9][:-1]


def test_what_was_held_back_arrives_when_the_line_comes_to_rest(ends):
    host, board = ends
    whole = next(frame for frame in FRAMES if len(frame) == 64)
    line = disturbed(host, Disturbance(hold64=True), Disturbance(hold64=True))
    board.write(whole)
    line.write(whole)
    assert (line.read(0), board.read(0)) == (b"", b"")
    line.calm()
    assert (line.read(0), board.read(0)) == (whole, whole)


def test_closing_it_leaves_the_port_open(ends):
    host, board = ends
    line = disturbed(host)
    line.close()
    with pytest.raises(PortGoneError, match="is closed"):
        line.read(0)
    board.write(b"x")
    assert host.read(0) == b"x"


def test_frames_through_duplicates_and_splits_are_still_frames(ends):
    host, board = ends
    line = disturbed(host, to_host=Disturbance(split=True, duplicate=1.0))
    board.write(encode_frame(b"hello"))
    decoder = FrameDecoder()
    pieces = [piece for _ in range(20) for piece in decoder.feed(line.read(0))]
    assert pieces == [Frame(b"hello"), Frame(b"hello")]
