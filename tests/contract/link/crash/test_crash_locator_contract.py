"""Every locator says the same of the same address: pyelftools, and an addr2line where there is one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hostkit.errors import ToolError
from hostkit.link.crash.addr2line import Addr2lineLocator, find_addr2line
from hostkit.link.crash.elf import ElfLocator
from hostkit.link.crash.places import Location, Locator
from hostkit.process import SystemRunner

LocatorOf = Callable[[Path], Locator]


@pytest.fixture(params=["pyelftools", "addr2line"])
def locator_of(request: pytest.FixtureRequest) -> LocatorOf:
    if request.param == "pyelftools":
        return ElfLocator
    program = find_addr2line()
    if program is None:
        pytest.skip("no addr2line on PATH")
    return lambda elf: Addr2lineLocator(program, elf, SystemRunner())


@pytest.mark.parametrize("dwarf", [4, 5])
@pytest.mark.parametrize("kind", ["xtensa", "riscv", "host"])
def test_a_label_in_the_source_is_found_with_function_file_and_line(
    program, locator_of: LocatorOf, kind: str, dwarf: int
) -> None:
    made = program(kind, dwarf)
    if kind != "host" and locator_of is not ElfLocator:
        pytest.skip("llvm's addr2line takes local labels of RISC-V for functions")
    (place,) = locator_of(made.elf).locate(made.symbols["fault"]).places
    assert place.function == "hk::lava::draw"
    assert place.file.endswith("firmware/lava.cpp")
    assert place.line == made.line("FAULT")


@pytest.mark.parametrize("kind", ["host"])
def test_an_inlined_call_is_unrolled_innermost_first(program, locator_of: LocatorOf, kind: str) -> None:
    made = program(kind, 5)
    inner, outer = locator_of(made.elf).locate(made.symbols["inlined"]).places
    assert (inner.function.split("::")[-1], inner.line) == ("poke", made.line("INLINED"))
    assert (outer.function, outer.line) == ("hk::lava::Blob::move", made.line("MOVE"))


def test_an_address_that_is_not_in_the_file_is_said_not_guessed(program, locator_of: LocatorOf) -> None:
    made = program("host", 5)
    for address in (0, 0x40000000, max(made.symbols.values()) + 0x1000):
        assert locator_of(made.elf).locate(address) == Location(address)


def test_an_answer_is_kept(program, locator_of: LocatorOf) -> None:
    made = program("host", 5)
    locator = locator_of(made.elf)
    first = locator.locate(made.symbols["fault"])
    assert locator.locate(made.symbols["fault"]) is first


def test_a_file_that_is_no_elf_file_is_an_error_with_its_name(tmp_path: Path, locator_of: LocatorOf) -> None:
    path = tmp_path / "firmware.elf"
    path.write_bytes(b"not an ELF file")
    with pytest.raises(ToolError, match="cannot"):
        locator_of(path).locate(0x1000)
