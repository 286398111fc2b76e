from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.build.elf import ElfFacts, read_elf, strip_elf
from hostkit.errors import ExitCode, ToolError


def test_data_and_bss_count_and_relocated_constants_do_not(make_elf: Callable[..., bytes]) -> None:
    assert read_elf(make_elf(data=100, bss=200, relro=400)) == ElfFacts("x86_64", 300)
    assert read_elf(make_elf(machine=183)).machine == "aarch64"


def test_a_real_program_is_read_as_pyelftools_reads_it() -> None:
    elffile = pytest.importorskip("elftools.elf.elffile")
    program = Path(sys.executable).resolve()
    with program.open("rb") as stream:
        sections = list(elffile.ELFFile(stream).iter_sections())
    expected = sum(
        section["sh_size"]
        for section in sections
        if section.name.split(".")[1:2] in (["data"], ["bss"], ["tdata"], ["tbss"])
        and not section.name.startswith(".data.rel.ro")
        and section["sh_flags"] & 3 == 3
    )
    assert read_elf(program.read_bytes()).ram == expected
    assert expected > 0


def test_a_32_bit_file_is_read() -> None:
    names = b"\0.bss\0"
    head = b"\x7fELF\x01\x01\x01".ljust(16, b"\0") + struct.pack("<HHI", 2, 40, 1)
    head += struct.pack("<IIIIHHHHHH", 0, 0, 64 + len(names), 0, 52, 0, 0, 40, 2, 0)
    rows = [(0, 3, 0, 0, 64, len(names)), (1, 8, 3, 0, 0, 1234)]
    body = b"".join(struct.pack("<IIIIII", *row).ljust(40, b"\0") for row in rows)
    assert read_elf(head.ljust(64, b"\0") + names + body) == ElfFacts("arm", 1234)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a little-endian ELF file"),
        (b"MZ" + bytes(100), "not a little-endian ELF file"),
        (b"\x7fELF\x02\x02" + bytes(100), "not a little-endian ELF file"),
        (b"\x7fELF\x02\x01" + bytes(100), "machine 0, which hostkit does not know"),
    ],
)
def test_what_is_no_elf_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ToolError, match=words) as caught:
        read_elf(data)
    assert caught.value.exit_code is ExitCode.TOOL
    assert caught.value.hint == "run the build again with -v"


@given(data=st.data())
def test_a_cut_or_damaged_file_never_raises_anything_else(
    data: st.DataObject, make_elf: Callable[..., bytes]
) -> None:
    whole = bytearray(make_elf())
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ToolError):
        damaged = bytes(whole[: data.draw(st.integers(0, len(whole)))])
        assert read_elf(damaged).ram >= 0
        assert len(strip_elf(damaged)) >= 0


def test_a_stripped_program_runs_and_has_no_sections(tmp_path: Path) -> None:
    elffile = pytest.importorskip("elftools.elf.elffile")
    found = shutil.which("true")
    assert found is not None
    whole = Path(found).resolve().read_bytes()
    program = tmp_path / "true"
    program.write_bytes(strip_elf(whole))
    program.chmod(0o755)
    assert subprocess.run([program], check=False).returncode == 0
    with program.open("rb") as stream:
        file = elffile.ELFFile(stream)
        assert file.num_sections() == 0
        assert file.num_segments() > 3
    assert strip_elf(whole + b"more debug information") == program.read_bytes()


def test_a_32_bit_program_is_stripped_too() -> None:
    head = b"\x7fELF\x01\x01\x01".ljust(16, b"\0") + struct.pack("<HHI", 2, 40, 1)
    head += struct.pack("<IIIIHHHHHH", 0, 52, 84, 0, 52, 32, 1, 40, 0, 0)
    body = head + struct.pack("<8I", 1, 84, 0, 0, 16, 16, 5, 4) + b"sixteen bytes...debug"
    stripped = strip_elf(body)
    assert stripped.endswith(b"sixteen bytes...")
    assert struct.unpack_from("<I", stripped, 32) == (0,)


def test_an_offset_beyond_any_memory_is_a_broken_file() -> None:
    head = bytearray(64)
    head[:6], head[18:20] = b"\x7fELF\x02\x01", struct.pack("<H", 62)
    head[40:48], head[58:64] = struct.pack("<Q", (1 << 64) - 1), struct.pack("<HHH", 64, 2, 1)
    with pytest.raises(ToolError, match="section table is cut off"):
        read_elf(bytes(head))
