"""The port with ESP-IDF: compiled here against stand-ins of its headers, and kept apart from all else."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hostkit.boards.partitions import DEFAULT_PARTITIONS

ROOT = Path(__file__).resolve().parents[3]
FIRMWARE = ROOT / "firmware"
PORT = FIRMWARE / "ports" / "espidf"
BUILD = ROOT / ".hostkit" / "firmware-tests"
VENDOR = re.compile(
    r'#include [<"]((?:driver|freertos|soc|esp|nvs|sdkconfig|bootloader)[^">]*\.h)[">]', re.MULTILINE
)


def compiled(firmware: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(FIRMWARE / "test" / "run.py"), "--firmware", str(firmware)]
    argv += ["--build-dir", str(BUILD), "--filter", "espidf:"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=110, check=False)


def test_the_port_compiles_for_both_chips_and_its_own_tests_pass() -> None:
    done = compiled(FIRMWARE)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("ports/espidf compiles")]
    assert [line.split(" for ")[1].split(",")[0] for line in lines] == [
        "ESP32",
        "ESP32-S3 with USB and loopback",
    ]
    assert "against stand-ins" in lines[0]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("rmt_leds.cpp", "config.trans_queue_depth = 1;", "config.trans_depth = 1;"),
        (
            "usb_stream.cpp",
            "usb_serial_jtag_driver_install(&config)",
            "usb_serial_jtag_driver_install(config)",
        ),
        ("rmt_wire.cpp", "config.signal_range_max_ns", "config.signal_range_max_us"),
    ],
)
def test_a_call_that_is_not_as_documented_does_not_compile(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    copy = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    source = copy / "ports" / "espidf" / file
    text = source.read_text()
    assert text.count(old) == 1
    source.write_text(text.replace(old, new))
    done = compiled(copy)
    assert done.returncode == 5
    assert f"ports/espidf/{file}" in done.stderr


def test_vendor_headers_are_seen_by_the_port_alone() -> None:
    sources = [path for path in FIRMWARE.rglob("*.[ch]pp") if "test" not in path.relative_to(FIRMWARE).parts]
    foreign = {path for path in sources if VENDOR.search(path.read_text(encoding="utf-8"))}
    assert foreign
    assert all(path.parent == PORT for path in foreign)


def test_what_needs_no_vendor_header_lies_apart() -> None:
    pure = list((PORT / "pure").iterdir())
    assert len(pure) >= 5
    assert not any(VENDOR.search(path.read_text()) for path in pure)


def test_main_composes_and_does_nothing_else() -> None:
    lines = (FIRMWARE / "src" / "main_espidf.cpp").read_text().splitlines()
    assert len(lines) <= 80


def test_every_source_that_calls_a_driver_names_the_page_of_its_documentation() -> None:
    for path in PORT.glob("*.cpp"):
        assert re.search(r"API (reference|guide), \"", path.read_text()), path.name


def test_the_stand_ins_say_what_they_do_not_prove() -> None:
    assert "does not prove" in (FIRMWARE / "test" / "espidf_stubs" / "README.md").read_text()


def test_chips_have_the_partitions_of_a_virtual_board() -> None:
    kinds = {("data", "nvs"): (1, 2), ("data", "phy"): (1, 1), ("app", "factory"): (0, 0)}
    rows = [
        [field.strip() for field in line.split(",")]
        for line in (PORT / "partitions.csv").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    found = [(name, *kinds[kind, sub], int(at, 16), int(size, 16)) for name, kind, sub, at, size in rows]
    assert found == [(p.name, p.type, p.subtype, p.offset, p.size) for p in DEFAULT_PARTITIONS]
