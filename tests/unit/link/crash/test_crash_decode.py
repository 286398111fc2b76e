"""Reports with places: the one line, the calls, and which ELF file a text belongs to."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.errors import ToolError
from hostkit.link.crash.addr2line import Addr2lineLocator, find_addr2line, parse_places
from hostkit.link.crash.decode import Crash, decode, plain
from hostkit.link.crash.model import CrashKind, CrashReport
from hostkit.link.crash.places import Location, Place, demangle, plain_name
from hostkit.link.crash.shelf import CrashDecoder, find_elf
from hostkit.testing.process import FakeRunner, Scripted

PANIC = CrashReport(CrashKind.PANIC, "StoreProhibited", 0, pc=0x1004, backtrace=(0x1001, 0x2000))
DRAW = Place("hk::lava::draw", "firmware/lib/pattern/lava.cpp", 42)


class Known:
    """A locator that knows what it is told."""

    def __init__(self, places: Mapping[int, tuple[Place, ...]]) -> None:
        self._places = places

    def locate(self, address: int) -> Location:
        return Location(address, self._places.get(address, ()))


def test_the_reason_names_function_file_and_line() -> None:
    crash = decode(PANIC, Known({0x1004: (DRAW,)}))
    assert crash.reason == "panic: StoreProhibited in hk::lava::draw, firmware/lib/pattern/lava.cpp:42"


def test_without_an_elf_file_the_reason_has_the_address() -> None:
    assert decode(PANIC, None).reason == "panic: StoreProhibited at 0x00001004"


def test_an_address_outside_of_the_file_is_said() -> None:
    assert decode(PANIC, Known({})).reason == "panic: StoreProhibited at 0x00001004, not in the ELF file"


def test_a_library_function_is_told_with_its_caller() -> None:
    crash = decode(PANIC, Known({0x1004: (Place("memcpy"),), 0x2000: (DRAW,)}))
    assert crash.reason.endswith("in memcpy, called from hk::lava::draw, firmware/lib/pattern/lava.cpp:42")
    assert crash.place == DRAW


def test_a_task_is_named_once() -> None:
    named = replace(PANIC, task="lights")
    assert decode(named, None).reason == "panic: StoreProhibited in task lights at 0x00001004"
    told = replace(PANIC, task="lights", reason="canary (lights)")
    assert decode(told, None).reason == "panic: canary (lights) at 0x00001004"


def test_a_boot_loop_names_its_resets_and_a_brown_out_the_words() -> None:
    loop = CrashReport(CrashKind.BOOT_LOOP, "3 resets without an answer", resets=("A", "B", "C"))
    assert decode(loop, Known({})).reason == "boot loop: 3 resets without an answer (A, B, C)"
    brownout = CrashReport(CrashKind.BROWNOUT, "Brownout detector was triggered")
    assert decode(brownout, Known({})).reason == "brown-out: Brownout detector was triggered"


def test_the_calls_are_shown_with_what_was_inlined_and_bounded() -> None:
    crash = decode(PANIC, Known({0x1004: (Place("poke", "a.hpp", 3), DRAW)}))
    assert crash.lines() == (
        "inlined in  poke, a.hpp:3",
        f"0x00001004  {DRAW}",
        "0x00002000  not in the ELF file",
    )
    deep = Crash(PANIC, tuple(Location(address, (DRAW,)) for address in range(40)))
    assert deep.lines()[-1] == "and 24 more"


def test_a_crash_is_json_ready_whole() -> None:
    crash = decode(replace(PANIC, registers=(("PC", 0x1004),)), Known({0x1004: (DRAW,)}))
    record = json.loads(json.dumps(plain(crash)))
    assert record["calls"][0]["places"] == [{"function": DRAW.function, "file": DRAW.file, "line": DRAW.line}]
    assert record["registers"] == {"PC": "0x1004"}
    assert record["reason"] == crash.reason


@pytest.mark.parametrize(
    ("mangled", "name"),
    [
        ("_ZN2hk4lava4drawEPVi", "hk::lava::draw"),
        ("_ZN2hk12_GLOBAL__N_14pokeEPVi", "hk::poke"),
        ("_ZNK2hk4lava4Blob4moveEv", "hk::lava::Blob::move"),
        ("_Z4mainv", "main"),
        ("_ZL4mainv", "main"),
        ("app_main", "app_main"),
        ("_ZN2hk4lava", "_ZN2hk4lava"),
        ("_ZNSt6vectorIiE4sizeEv", "_ZNSt6vectorIiE4sizeEv"),
        ("_Z", "_Z"),
    ],
)
def test_plain_cpp_names_are_demangled_and_others_left_alone(mangled: str, name: str) -> None:
    assert demangle(mangled) == name


@pytest.mark.parametrize(
    ("full", "name"),
    [
        ("hk::(anonymous namespace)::poke(int volatile*)", "hk::poke"),
        ("hk::Map<int, (hk::Kind)3>::find(int)", "hk::Map<int, (hk::Kind)3>::find"),
        ("hk::Map::operator()(int)", "hk::Map::operator()"),
        ("app_main", "app_main"),
    ],
)
def test_parameters_are_left_out(full: str, name: str) -> None:
    assert plain_name(full) == name


def test_the_output_of_addr2line_is_read_with_inlined_calls() -> None:
    said = "poke\n/src/a.hpp:3\nhk::draw(int)\n/src/a.cpp:7 (discriminator 2)\nmemcpy\n??:?\n"
    assert parse_places(said) == (
        Place("poke", "/src/a.hpp", 3),
        Place("hk::draw", "/src/a.cpp", 7),
        Place("memcpy"),
    )
    assert parse_places("??\n??:0\n") == ()


def _elf(start: int, size: int) -> bytes:
    """Return the shortest ELF file that has code at some addresses: 32 bit, one segment."""
    ident = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9)
    head = struct.pack("<HHIIIIIHHHHHH", 2, 243, 1, start, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    return ident + head + struct.pack("<8I", 1, 84, start, start, 0, size, 5, 4)


def test_addr2line_is_asked_once_for_an_address_and_its_failure_is_named(tmp_path: Path) -> None:
    elf = tmp_path / "firmware.elf"
    elf.write_bytes(_elf(0x1000, 0x100))
    runner = FakeRunner.of(Scripted(["f\na.c:1\n"]), Scripted(["no such file\n"], 1))
    locator = Addr2lineLocator("addr2line", elf, runner)
    assert locator.locate(0x1010) is locator.locate(0x1010)
    assert locator.locate(0x10).places == ()
    with pytest.raises(ToolError, match="cannot look 0x1020 up: no such file"):
        locator.locate(0x1020)


def test_the_chips_own_addr2line_comes_first() -> None:
    there = {"addr2line": "/bin/addr2line", "riscv32-esp-elf-addr2line": "/esp/addr2line"}
    assert find_addr2line(there.get) == "/esp/addr2line"
    assert find_addr2line(lambda _: None) is None


def _artifact(root: Path, name: str, content: bytes) -> Path:
    elf = root / name / "firmware.elf"
    elf.parent.mkdir(parents=True)
    elf.write_bytes(content)
    entry = {"files": {"firmware.elf": {"sha256": hashlib.sha256(content).hexdigest()}}}
    (elf.parent / "manifest.json").write_text(json.dumps(entry))
    return elf


def test_an_elf_file_is_found_by_build_id_or_by_its_own_hash(tmp_path: Path) -> None:
    first = _artifact(tmp_path, "virtual-0123456789abcdef", b"one")
    second = _artifact(tmp_path, "esp32dev-fedcba9876543210", b"two")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "manifest.json").write_text("{")
    assert find_elf(tmp_path, "0123456789abcdef") == first
    assert find_elf(tmp_path, "0123456789abcdef" + "0" * 48) == first
    assert find_elf(tmp_path, hashlib.sha256(b"two").hexdigest()[:9]) == second
    assert find_elf(tmp_path, "ffffffffffffffff") is None
    assert find_elf(tmp_path, "") is None
    assert find_elf(tmp_path / "none", "0123456789abcdef") is None


def test_a_text_that_names_unknown_firmware_is_not_decoded_with_another(tmp_path: Path) -> None:
    _artifact(tmp_path, "virtual-0123456789abcdef", b"not an ELF file")
    decoder = CrashDecoder(tmp_path)
    other = replace(PANIC, elf="ffffffffffffffff")
    assert decoder.decode(other, build="0123456789abcdef").locations == ()
    assert decoder.decode(PANIC, build="0123456789abcdef").locations == ()  # a broken file raises nothing


def test_an_addr2line_that_was_asked_for_is_used(tmp_path: Path) -> None:
    elf = _artifact(tmp_path, "virtual-0123456789abcdef", _elf(0x1000, 0x2000))
    runner = FakeRunner(lambda _: Scripted(["draw\na.cpp:1\n"]))
    decoder = CrashDecoder(tmp_path, program="addr2line", runner=runner)
    crash, again = decoder.decode_all([PANIC, PANIC], elf=elf)
    assert again == crash
    assert len(runner.commands) == 2  # once for each address
    assert crash.reason == "panic: StoreProhibited in draw, a.cpp:1"
