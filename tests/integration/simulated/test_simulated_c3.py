"""The firmware for the ESP32-C3: built for real, read by esptool, flashed by it, run on the simulator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from hostkit.boards.image import APP_DESCRIPTION_SIZE, Segment, pack_image, parse_image
from hostkit.boards.virtual.board import VirtualBoard
from hostkit.build.model import Artifact
from hostkit.build.service import build
from hostkit.clock import SystemClock
from hostkit.hil.compare import Subject, first_difference
from hostkit.hil.golden.controller import GoldenController
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.golden.registry import PATTERNS
from hostkit.hil.profiles import find_profile
from hostkit.hil.timing import collect_live, floor_us
from hostkit.hil.variants import VARIANTS
from hostkit.link.client import Link
from hostkit.link.crash.reader import CrashReader
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.link.errors import LinkLostError, LinkTimeoutError
from hostkit.link.framing import Broken, Text
from hostkit.link.messages import Tap
from hostkit.link.transport import open_transport
from hostkit.process import SystemRunner
from hostkit.settings.paths import Paths
from hostkit.testing.boards import IDLE_PROGRAM, simulated_board

pytest.importorskip("labwired", reason="not run: pip install 'hostkit[sim]'")

READY_S = 20.0
EBREAK = (0x00100073).to_bytes(4, "little")
NO_INSTRUCTION = b"\xff" * 4


@pytest.fixture(scope="module")
def artifact(project_root: Path, shared_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    paths = Paths(tmp_path_factory.mktemp("state"), shared_cache)
    return build(project_root, "esp32c3", paths=paths, runner=SystemRunner(), clock=SystemClock()).artifact


@pytest.fixture(scope="module")
def image(artifact: Artifact) -> bytes:
    return (artifact.directory / "app.bin").read_bytes()


@pytest.fixture
def board(image: bytes, state_dir: Path) -> Iterator[VirtualBoard]:
    with simulated_board(state_dir, image) as board:
        yield board


def linked(board: VirtualBoard) -> Link:
    return Link(open_transport(board.link_port()), SystemClock(), timeout_s=10.0)


@pytest.fixture
def link(board: VirtualBoard) -> Iterator[Link]:
    with linked(board) as link:
        link.wait_ready(READY_S)
        yield link


def esptool(*arguments: str) -> str:
    argv = [sys.executable, "-m", "esptool", "--chip", "esp32c3", *arguments]
    plain = os.environ | {"NO_COLOR": "1"}
    ran = subprocess.run(argv, check=False, capture_output=True, text=True, env=plain, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def broken_at(artifact: Artifact, image: bytes, function: str, instruction: bytes) -> tuple[bytes, int]:
    """The image with another instruction at the start of a function, and where that is."""
    with (artifact.directory / artifact.elf).open("rb") as stream:
        symbols = ELFFile(stream).get_section_by_name(".symtab")
        (address,) = {s["st_value"] for s in symbols.iter_symbols() if function in s.name and s["st_size"]}
    read = parse_image(image)
    parts = [_patched(part, address, instruction) for part in read.segments]
    return pack_image(read.header, parts), address


def _patched(part: Segment, address: int, instruction: bytes) -> Segment:
    at = address - part.address
    if not 0 <= at < len(part.data):
        return part
    return replace(part, data=part.data[:at] + instruction + part.data[at + len(instruction) :])


def test_esptool_reads_the_image_as_one_of_the_esp32c3(artifact: Artifact) -> None:
    said = esptool("image-info", str(artifact.directory / "app.bin"))
    assert "Chip ID: 5 (ESP32-C3)" in said
    assert said.count("(valid)") == 2
    assert "Project name: led-controller" in said
    assert f"ELF file SHA256: {artifact.build_id}" in said
    assert "IROM" in said
    assert "DROM" in said


def test_nothing_in_the_image_moves_out_of_its_page(image: bytes) -> None:
    offset = 24
    for part in parse_image(image).segments:
        offset += 8
        if part.address >> 24 in (0x3C, 0x42):
            assert offset % 0x10000 == part.address % 0x10000
        offset += len(part.data)
    assert len(parse_image(image).segments[0].data) > APP_DESCRIPTION_SIZE


def test_stock_esptool_flashes_it_and_it_boots(artifact: Artifact, state_dir: Path) -> None:
    with simulated_board(state_dir, IDLE_PROGRAM) as board:
        access = board.enter_download()
        lines = ("--port", access.port, "--before", access.before, "--after", access.after)
        regions = [text for part in artifact.images for text in (hex(part.offset), str(artifact.path(part)))]
        assert "Hash of data verified." in esptool(*lines, "write-flash", *regions)
        board.run_application()
        with linked(board) as link:
            identity = link.wait_ready(READY_S)
    assert identity.build == artifact.build_id
    assert (identity.chip, identity.port, identity.mac) == ("esp32c3", "esp32c3", board.spec.mac)
    assert identity.features == ("audio", "live", "storage", "wire")


@pytest.mark.parametrize("pattern", ["lava", "rainbow", "pulse", "twinkle"])
@pytest.mark.parametrize("tap", [Tap.FRAME, Tap.WIRE], ids=["frame", "wire"])
def test_it_draws_bit_for_bit_what_the_model_says(link: Link, pattern: str, tap: Tap) -> None:
    geometry = Geometry(find_profile("dual-160").lengths)
    subject = Subject(link, link.wait_ready(READY_S), lambda: GoldenController(geometry, PATTERNS))
    for variant in ("defaults", "mixed", "late"):
        assert first_difference(subject, VARIANTS[variant](PATTERNS[pattern]).sampled(3), tap) is None


def test_restarts_are_told_by_their_cause_and_settings_outlive_them(board: VirtualBoard, link: Link) -> None:
    first = link.wait_ready(READY_S)
    link.configure("comet", 7)
    link.save()
    link.reboot()
    second = link.wait_ready(READY_S)
    board.run_application()
    third = link.wait_ready(READY_S)
    assert [each.reset for each in (first, second, third)] == ["power-on", "software", "power-on"]
    assert [each.boots for each in (first, second, third)] == [1, 2, 3]
    assert len({each.nonce for each in (first, second, third)}) == 3
    board.close()


def test_live_frames_keep_to_the_chips_own_time(link: Link) -> None:
    live = collect_live(link, 50, 8)
    assert live.applied_fps == 50
    assert min(event.transmit_us for event in live.events) >= floor_us(160, 300)
    assert live.median_interval_us == 20_000


def _said(item: object) -> str:
    """Text, also where it cuts off a frame that was on its way."""
    if isinstance(item, Broken):
        return item.data.decode(errors="replace")
    return item.text + "\n" if isinstance(item, Text) else ""


def _until_text(link: Link, words: str) -> str:
    heard = ""
    for _ in range(100):
        heard += "".join(_said(item) for item in link.receive(0.2))
        if words in heard:
            return heard
    raise AssertionError(f"never said: {words}\n{heard}")


@pytest.fixture
def panicking(artifact: Artifact, image: bytes, state_dir: Path) -> Callable[[bytes], tuple[str, str, int]]:
    """Run firmware that breaks at an echo; return what it says, its next reset reason and the place."""

    def run(instruction: bytes) -> tuple[str, str, int]:
        broken, address = broken_at(artifact, image, "8Commands4echo", instruction)
        with simulated_board(state_dir, broken) as board, linked(board) as link:
            link.wait_ready(READY_S)
            with pytest.raises((LinkLostError, LinkTimeoutError)):
                link.echo(b"break")
            heard = _until_text(link, "Rebooting...")
            return heard, link.wait_ready(READY_S).reset, address

    return run


def test_a_trap_is_told_with_registers_and_restarts_the_chip(
    panicking: Callable[[bytes], tuple[str, str, int]],
) -> None:
    heard, reset, address = panicking(EBREAK)
    assert "Guru Meditation Error: Core  0 panic'ed (Breakpoint). Exception was unhandled." in heard
    assert f"MEPC    : 0x{address:08x}" in heard
    assert "MCAUSE  : 0x00000003" in heard
    assert heard.count("Guru Meditation") == 1
    assert reset == "panic"


def test_the_text_of_a_panic_is_enough_to_find_program_function_and_line(
    artifact: Artifact, panicking: Callable[[bytes], tuple[str, str, int]]
) -> None:
    heard, _, address = panicking(EBREAK)
    reader = CrashReader()
    reports = [report for line in heard.splitlines() for report in reader.take(line)] + reader.finish()
    assert [(report.pc, report.elf) for report in reports] == [(address, artifact.build_id[:16])]
    crash = CrashDecoder(artifact.directory.parent).decode(reports[0])
    assert crash.place is not None
    assert (crash.place.function, crash.place.line > 0) == ("hk::Commands::echo", True)
    assert crash.place.file.endswith("commands.cpp")


def test_what_the_simulator_cannot_execute_is_a_panic_too(
    panicking: Callable[[bytes], tuple[str, str, int]],
) -> None:
    heard, reset, _ = panicking(NO_INSTRUCTION)
    assert "Guru Meditation Error" in heard
    assert reset == "panic"
