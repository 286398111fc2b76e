"""The firmware's own tests, and the host program as a process: raw COBS and CBOR over its pipes."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cobs import cobs

ROOT = Path(__file__).resolve().parents[3]
FIRMWARE = ROOT / "firmware"
BUILD = ROOT / ".hostkit" / "firmware-tests"
PATIENCE_S = 20.0  # for a process on a busy machine; never reached when all is well
RESET_STOPS = 82


def runner(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(FIRMWARE / "test" / "run.py"), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=110, check=False)


def summary(output: str) -> tuple[int, int]:
    found = re.findall(r"^(\d+) passed, (\d+) failed$", output, re.MULTILINE)
    assert len(found) == 1, output
    return int(found[0][0]), int(found[0][1])


class Board:
    """The host program, spoken to without any of hostkit's own code."""

    def __init__(self, program: Path, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            bufsize=0,
        )
        self._bytes = b""
        self._id = 0
        self.seen: list[Any] = []
        self.nonce = 0

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def send(self, message: Any) -> None:
        cbor = cbor2.dumps(message, canonical=True)
        self.write(b"\0" + cobs.encode(cbor + zlib.crc32(cbor).to_bytes(4, "little")) + b"\0")

    def chunk(self) -> bytes:
        """Return what stands between two zero bytes, or everything up to the end of a text line."""
        assert self.process.stdout is not None
        end = time.monotonic() + PATIENCE_S
        while b"\0" not in self._bytes and not self._bytes.endswith(b"\r\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], end - time.monotonic())
            assert ready, "the firmware says nothing"
            more = os.read(self.process.stdout.fileno(), 65536)
            assert more, "the firmware has gone"
            self._bytes += more
        chunk, _, self._bytes = self._bytes.partition(b"\0")
        return chunk

    def message(self) -> Any:
        chunk = b""
        while not chunk:
            chunk = self.chunk()
        data = cobs.decode(chunk)
        assert zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "little")
        decoded = cbor2.loads(data[:-4])
        assert cbor2.dumps(decoded, canonical=True) == data[:-4], "not the deterministic encoding"
        return decoded

    def ask(self, op: int, *args: Any) -> list[Any]:
        """Return [status, body] of the reply; other messages go to `seen`."""
        self._id += 1
        self.send([0, self._id, op, list(args)])
        while True:
            message = self.message()
            if message[0] == 1:
                assert message[1] == self._id
                self.nonce = message[2]
                return list(message[3:])
            self.seen.append(message)

    def stop(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(timeout=PATIENCE_S)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture(scope="session")
def host_program() -> Path:
    built = runner("--build-dir", str(BUILD), "--host")
    assert built.returncode == 0, built.stderr
    return Path(built.stdout.strip())


@pytest.fixture
def boot(host_program: Path, tmp_path: Path) -> Iterator[Any]:
    boards: list[Board] = []

    def start(**env: str) -> Board:
        # The firmware has no heap that could leak, and the leak checker needs ptrace.
        clean = {"ASAN_OPTIONS": "detect_leaks=0", "HK_NVS_FILE": str(tmp_path / "nvs.bin"), **env}
        boards.append(Board(host_program, clean))
        return boards[-1]

    yield start
    for board in boards:
        board.close()


@pytest.fixture
def device(boot: Any) -> Board:
    started = boot()
    assert isinstance(started, Board)
    return started


def test_the_firmware_passes_its_own_tests() -> None:
    result = runner("--build-dir", str(BUILD))
    passed, failed = summary(result.stdout)
    assert (result.returncode, failed) == (0, 0), result.stdout + result.stderr
    assert passed > 50
    assert result.stdout.count("\nok   ") == passed


def planted(tmp_path: Path, file: str, good: str, bad: str) -> subprocess.CompletedProcess[str]:
    """Run the firmware's tests on a copy with one text replaced; objects that it leaves alone are reused."""
    copy = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, copy, ignore=shutil.ignore_patterns("platforms", "__pycache__"))
    source = copy / file
    text = source.read_text(encoding="utf-8")
    assert text.count(good) == 1
    source.write_text(text.replace(good, bad), encoding="utf-8")
    return runner("--firmware", str(copy), "--build-dir", str(BUILD))


@pytest.mark.parametrize(
    ("file", "good", "bad"),
    [
        ("lib/strip/encoder.cpp", "rgb[channel];", "rgb[channel < 2 ? 1 - channel : 2];"),
        ("lib/pattern/centre.hpp", "kCentreFromEnd = 1;", "kCentreFromEnd = 0;"),
    ],
    ids=["colour order", "centre"],
)
def test_the_runner_goes_red_on_a_planted_fault(tmp_path: Path, file: str, good: str, bad: str) -> None:
    result = planted(tmp_path, file, good, bad)
    passed, failed = summary(result.stdout)
    assert result.returncode == 1
    assert failed > 0
    assert passed > 0
    assert "FAIL" in result.stdout


def test_the_runner_says_what_does_not_compile_and_ends_as_a_tool_that_failed(tmp_path: Path) -> None:
    result = planted(
        tmp_path, "lib/strip/order.hpp", "inline constexpr ColourOrder", "inline constexpr Colour"
    )
    assert result.returncode == 5
    assert "lib/strip/order.hpp:" in result.stderr


def test_a_filter_that_matches_nothing_is_no_success() -> None:
    result = runner("--build-dir", str(BUILD), "--filter", "no such test")
    assert result.returncode == 1
    assert summary(result.stdout) == (0, 0)


def test_hello_says_who_it_is(boot: Any) -> None:
    device = boot(HK_RESET_REASON="brownout", HK_MAC="24:0a:c4:01:02:ff")
    status, identity = device.ask(0)
    assert status == 0
    assert identity["proto"] == 1
    assert identity["project"] == "led-controller"
    assert identity["build"] == "0" * 64
    assert identity["port"] == "host"
    assert identity["mac"] == "24:0a:c4:01:02:ff"
    assert identity["reset"] == "brownout"
    assert identity["boots"] == 1
    assert identity["strips"] == [[5, 160, "GRB"], [4, 160, "GRB"]]
    assert {"audio", "live", "storage", "wire"} <= set(identity["features"])
    assert [message[4] for message in device.seen if message[0] == 3] == ["ready"]


CDDL_TYPES = {"1": int, "uint": int, "tstr": str, "bool": bool, "[": list}


@pytest.mark.parametrize(("rule", "op"), [("identity", 0), ("stats", 12)])
def test_a_map_has_exactly_the_entries_of_the_cddl(device: Board, rule: str, op: int) -> None:
    cddl = re.sub(";.*", "", (FIRMWARE / "protocol" / "link.cddl").read_text(encoding="utf-8"))
    found = re.search(rf"^{rule} = {{(.*?)^}}", cddl, re.MULTILINE | re.DOTALL)
    assert found
    entries = {name: CDDL_TYPES[kind] for name, kind in re.findall(r'"([\w-]+)": (\w+|\[)', found[1])}
    assert len(entries) >= 10
    status, body = device.ask(op)
    assert status == 0
    assert {name: type(value) for name, value in body.items()} == entries


def test_the_wire_shows_the_colour_that_was_asked_for(device: Board) -> None:
    device.ask(4, "solid", 0, {"colour": 0xFF8000})
    device.ask(5, 255, 0)
    status, (crc, milliamps) = device.ask(9, 0)
    assert status == 0
    assert milliamps > 320
    pixels = b"".join(device.ask(11, 5, strip, 0, 480)[1] for strip in (0, 1))
    assert crc == zlib.crc32(pixels)
    assert pixels == pixels[:3] * 320
    red, green, blue = pixels[:3]
    assert red > green > blue == 0


def test_thousands_of_steps_come_in_a_few_requests(device: Board) -> None:
    device.ask(4, "lava", 1, {})
    crcs = [crc for turn in range(8) for crc in device.ask(10, turn * 256 * 5000, 5000, 256, 3)[1]]
    assert len(crcs) == 2048
    assert len(set(crcs)) > 1000


def test_live_mode_keeps_to_the_rate_of_the_strips(device: Board) -> None:
    assert device.ask(7, 1, 0) == [0, [1, 196]]
    events = [device.message()[2] for _ in range(40)]
    assert [event[0] for event in events] == list(range(40))
    assert all(event[3] >= 5100 for event in events), "faster than the light bits can go"
    assert events[-1][1] - events[0][1] >= 39 * 5100
    assert device.ask(7, 0, 0) == [0, [0, 0]]


def test_a_broken_frame_is_answered_and_a_newline_gets_a_banner(device: Board) -> None:
    device.ask(0)
    device.write(b"\0\x05\x01\x02\x03\x04\0")
    kind, _, reason, lost = device.message()
    assert (kind, reason, lost) == (4, 0, 1)
    device.write(b"\r\n")
    assert b"led-controller" in device.chunk()
    assert device.ask(0)[0] == 0


def test_a_repeated_request_is_answered_from_memory(device: Board) -> None:
    request = [0, 77, 10, [0, 8000, 3, 3]]
    device.ask(4, "bloom", 0, {})
    replies = []
    for _ in range(2):
        device.send(request)
        replies.append(device.message())
    assert replies[0] == replies[1]
    assert device.ask(12)[1]["repeats"] == 1


def test_a_reboot_ends_with_the_code_that_asks_for_a_restart_and_keeps_what_was_saved(boot: Any) -> None:
    first = boot()
    first.ask(4, "comet", 3, {"tail": 7})
    first.ask(14)
    assert first.ask(13) == [0, None]
    assert first.process.wait(timeout=PATIENCE_S) == RESET_STOPS
    second = boot(HK_RESET_REASON="software")
    identity = second.ask(0)[1]
    assert (identity["boots"], identity["reset"]) == (2, "software")
    assert 0 != second.nonce != first.nonce != 0
    restored = second.ask(9, 1_000_000)
    second.ask(4, "comet", 3, {"tail": 7})
    assert second.ask(9, 1_000_000) == restored


def test_the_rest_of_the_nvs_partition_is_left_alone(boot: Any, tmp_path: Path) -> None:
    nvs = tmp_path / "nvs.bin"
    nvs.write_bytes(b"\xff" * 0x5000 + b"other" + b"\xff" * (0x1000 - 5))
    assert boot().ask(0)[1]["boots"] == 1
    kept = nvs.read_bytes()
    assert len(kept) == 0x6000
    assert kept[:4] == b"HKS1"
    assert kept[0x5000:0x5005] == b"other"
    assert list(tmp_path.iterdir()) == [nvs]


def test_the_process_ends_with_its_input_after_answering_it(device: Board) -> None:
    device.send([0, 5, 0, []])
    assert device.stop() == 0
    messages = [device.message(), device.message()]
    assert [message[0] for message in messages] == [3, 1]


def test_a_reader_that_stays_away_loses_events_that_are_counted_and_no_reply(device: Board) -> None:
    device.ask(7, 1, 0)
    for request in range(40):  # more replies than the pipe and the outbox can hold
        device.send([0, 1000 + request, 11, [4, 0, 0, 2000]])
    replies = [device.message() for _ in range(40)]
    while len([message for message in replies if message[0] == 1]) < 40:
        replies.append(device.message())
    answered = [message[1] for message in replies if message[0] == 1]
    assert answered == list(range(1000, 1040))
    assert all(message[3] == 0 for message in replies if message[0] == 1)


def test_the_process_ends_when_its_reader_has_gone(device: Board) -> None:
    device.ask(7, 1, 0)
    assert device.process.stdout is not None
    device.process.stdout.close()
    assert device.process.wait(timeout=PATIENCE_S) == 0


def test_storage_that_cannot_be_written_is_told_and_changes_nothing_else(boot: Any, tmp_path: Path) -> None:
    device = boot(HK_NVS_FILE=str(tmp_path / "missing" / "nvs.bin"))
    assert device.ask(0)[1]["boots"] == 1
    assert [message[4] for message in device.seen] == ["ready", "storage refused the boot count"]
    assert device.ask(14)[0] == 7


ALLOWED = {"array", "cstddef", "cstdint", "cstring", "iterator", "zcbor_decode.h", "zcbor_encode.h"}


def test_the_library_sees_no_vendor_header_no_heap_and_no_float() -> None:
    sources = sorted((FIRMWARE / "lib").rglob("*.[ch]pp"))
    assert len(sources) > 40
    for source in sources:
        text = re.sub(r"//.*", "", source.read_text(encoding="utf-8"))
        includes = re.findall(r'#include [<"]([^>"]+)[>"]', text)
        foreign = [
            name for name in includes if name not in ALLOWED and not (FIRMWARE / "lib" / name).exists()
        ]
        assert not foreign, f"{source.name} includes {foreign}"
        words = set(re.findall(r"\w+", text))
        assert not words & {"float", "double", "new", "malloc", "calloc"}, source.name
