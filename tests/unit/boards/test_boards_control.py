from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.lease import BusyError
from hostkit.boards.model import Chip
from hostkit.boards.served import (
    BoardState,
    ControlClient,
    ServedBoard,
    error_from,
    error_word,
    read_record,
    write_record,
)
from hostkit.boards.virtual.control import ControlDesk, LineBuffer, Serving
from hostkit.boards.virtual.flash import NorFlash
from hostkit.boards.virtual.journal import Journal
from hostkit.boards.virtual.machine import Machine
from hostkit.boards.virtual.serve import spec_from_json, spec_to_json
from hostkit.boards.virtual.server import ServeSpec
from hostkit.boards.virtual.silicon import Mode, Silicon
from hostkit.errors import InconclusiveError, InvalidError, ToolError, UsageError
from hostkit.files import short_path
from hostkit.process import boot_id
from hostkit.testing.boards import FakeApplication
from hostkit.testing.clock import FakeClock

STATE = BoardState(
    name="b",
    chip="esp32",
    mac="",
    serial="",
    mode="off",
    stub=False,
    resets=0,
    reason="power-on",
    port="",
    pty="",
    rfc2217="",
    flash_size=0,
    flash="",
    pid=1,
    paced=False,
    lost=0,
    problem="",
)


class Desk:
    def __init__(self) -> None:
        self.did: list[str] = []
        self.machine = Machine(
            Silicon(Chip.ESP32, "02:00:00:00:00:01", "none"),
            NorFlash(256 << 10),
            clock=FakeClock(),
            save=lambda flash: None,
            launch=FakeApplication,
        )
        self.desk = ControlDesk(
            self.machine,
            Serving(
                lambda: STATE,
                lambda: self.did.append("settle"),
                lambda: self.did.append("stop"),
                lambda text: None,
            ),
        )

    def ask(self, request: object) -> dict[str, object]:
        line = request if isinstance(request, bytes) else json.dumps(request).encode()
        answer = self.desk.answer(line)
        assert answer.endswith(b"\n")
        return json.loads(answer)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_state_tells_all(desk: Desk) -> None:
    answer = desk.ask({"op": "state"})
    assert answer["ok"] is True
    assert BoardState(**answer["state"]) == STATE  # type: ignore[arg-type]


def test_reset_presses_the_button_before_it_answers(desk: Desk) -> None:
    assert desk.ask({"op": "reset", "download": True}) == {"ok": True}
    assert desk.machine.mode is Mode.DOWNLOAD
    assert desk.did == ["settle"]


def test_faults_reach_the_machine(desk: Desk) -> None:
    assert desk.ask({"op": "fault", "fault": "drop", "amount": 3}) == {"ok": True}
    assert desk.machine.wire.faults == {"drop": 3}


def test_stop_ends_the_server(desk: Desk) -> None:
    assert desk.ask({"op": "stop"}) == {"ok": True}
    assert "stop" in desk.did


@pytest.mark.parametrize(
    ("request_", "kind", "message"),
    [
        (b"rubbish", "usage", "no JSON"),
        (b"[" * 100_000, "usage", "no JSON"),
        ([1], "usage", "no JSON object"),
        ({"op": "dance"}, "usage", "knows no 'dance'"),
        ({"op": "fault", "fault": "bend"}, "usage", "no fault 'bend'"),
        ({"op": "fault", "fault": "drop", "amount": "many"}, "usage", "no amount"),
    ],
)
def test_what_cannot_be_is_refused_with_a_hint(desk: Desk, request_: object, kind: str, message: str) -> None:
    answer = desk.ask(request_)
    assert (answer["ok"], answer["kind"]) == (False, kind)
    assert message in str(answer["error"])
    assert answer["hint"]


def test_an_unplugged_board_cannot_be_reset(desk: Desk) -> None:
    desk.ask({"op": "fault", "fault": "unplug"})
    answer = desk.ask({"op": "reset"})
    assert (answer["ok"], answer["kind"]) == (False, "inconclusive")


@given(st.binary(max_size=200))
def test_no_line_makes_the_desk_raise(line: bytes) -> None:
    assert isinstance(json.loads(Desk().desk.answer(line))["ok"], bool)


@pytest.mark.parametrize("kind", [BusyError, UsageError, InvalidError, InconclusiveError, ToolError])
def test_errors_keep_their_kind_over_the_channel(kind: type[UsageError]) -> None:
    error = error_from({"error": "what", "hint": "how", "kind": error_word(kind("x"))})
    assert (type(error), error.message, error.hint) == (kind, "what", "how")


@given(st.lists(st.binary(max_size=20)), st.binary())
def test_lines_are_cut_wherever_the_stream_was(lines: list[bytes], rest: bytes) -> None:
    lines = [line.replace(b"\n", b"") for line in lines]
    stream = b"".join(line + b"\n" for line in lines) + rest.replace(b"\n", b"")
    buffer, found = LineBuffer(), []
    for start in range(0, len(stream), 7):
        found += buffer.feed(stream[start : start + 7])
    assert found == lines


def test_a_line_without_end_is_given_up() -> None:
    buffer = LineBuffer()
    found = [line for _ in range(100) for line in buffer.feed(bytes(10_000))]
    assert set(found) == {b""}
    assert len(buffer._rest) <= 1 << 16


def test_a_spec_survives_the_command_line() -> None:
    spec = ServeSpec("b", Chip.ESP32C3, "02:00:00:00:00:01", 8 << 20, paced=True, seed=3, rfc2217_port=4000)
    assert spec_from_json(spec_to_json(spec)) == spec
    assert spec.serial == "HK020000000001"


def served(pid: int, ticks: int) -> ServedBoard:
    return ServedBoard("b", "esp32", "", 0, pid, ticks, boot_id(), "", "", "", False)


def test_the_record_of_a_dead_server_is_no_board(tmp_path: Path) -> None:
    write_record(tmp_path, served(pid=1, ticks=-1))
    assert read_record(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "b"}', '{"surprise": 1}'])
def test_a_broken_record_is_no_board(tmp_path: Path, text: str) -> None:
    (tmp_path / "board.json").write_text(text)
    assert read_record(tmp_path) is None


def test_a_board_that_nobody_serves_says_how_to_serve_it(tmp_path: Path) -> None:
    with pytest.raises(InconclusiveError, match="is not served") as caught:
        ControlClient(tmp_path / "virt0").state()
    assert caught.value.hint == "say: hostkit boards serve virt0"


def test_a_deep_directory_still_gives_a_socket_name_that_fits(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with short_path(deep / "control.sock") as name:
        assert len(name) < 108
        Path(name).write_text("here")
    assert (deep / "control.sock").read_text() == "here"


def test_the_journal_stays_small_and_shows_no_control_characters(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "board.log", FakeClock())
    journal.note("one\x1b[2J\ntwo")
    assert (tmp_path / "board.log").read_text() == "0.000000 one?[2J\n0.000000 two\n"
    for _ in range(1200):
        journal.note("x" * 5000)
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) < 3 << 20


def test_a_journal_that_cannot_be_written_is_silent(tmp_path: Path) -> None:
    Journal(tmp_path / "missing" / "board.log", FakeClock()).note("lost")
    assert list(tmp_path.iterdir()) == []
