"""Every recorded panic text decodes to the line that failed, with an ELF file linked at such addresses."""

from __future__ import annotations

import pytest

from hostkit.link.crash.decode import decode
from hostkit.link.crash.elf import ElfLocator
from hostkit.link.crash.stream import find_crashes
from hostkit.testing import crash as texts

XTENSA = {
    **texts.XTENSA,
    "interrupt watchdog": texts.INTERRUPT_WATCHDOG,
    "stack canary": texts.CANARY,
    "abort": texts.ABORT,
    "stack smashing": texts.SMASHING,
    "task watchdog": texts.TASK_WATCHDOG,
}


def _crash(made, text: str):
    said = texts.spoken(
        text, pc=made.symbols["fault"], call=made.symbols["back"] - 1, ra=made.symbols["back"]
    )
    (report,) = find_crashes(said)
    return decode(report, ElfLocator(made.elf))


def _assert_at_fault(made, crash) -> None:
    place = crash.locations[0].places[0]
    assert (place.function, place.line) == ("hk::lava::draw", made.line("FAULT"))
    assert crash.reason.endswith(f"in hk::lava::draw, firmware/lava.cpp:{made.line('FAULT')}")
    called = crash.locations[-1].places[0]
    assert (called.function, called.line) == ("app_main", made.line("CALL"))


@pytest.mark.parametrize("name", XTENSA)
def test_a_text_of_an_xtensa_core(program, name: str) -> None:
    made = program("xtensa", 4)
    _assert_at_fault(made, _crash(made, XTENSA[name]))


@pytest.mark.parametrize("name", texts.RISCV)
def test_a_text_of_a_riscv_core(program, name: str) -> None:
    made = program("riscv", 5)
    crash = _crash(made, texts.RISCV[name])
    _assert_at_fault(made, crash)
    assert crash.reason.startswith(f"panic: {name} in hk::lava::draw")


def test_the_text_of_the_host_port(program) -> None:
    made = program("host", 5)
    _assert_at_fault(made, _crash(made, texts.HOST))


@pytest.mark.parametrize("text", [texts.ASSERT, texts.OVERFLOW])
def test_a_text_that_names_no_pc_is_decoded_by_its_calls(program, text: str) -> None:
    made = program("xtensa", 4)
    crash = _crash(made, text)
    assert crash.place is not None
    assert (crash.place.function, crash.place.line) == ("app_main", made.line("CALL"))


def test_a_pc_outside_of_the_elf_file_is_said_with_the_call_that_is_inside(program) -> None:
    made = program("riscv", 5)
    said = texts.spoken(texts.RISCV["Instruction access fault"], pc=0, ra=made.symbols["back"])
    (report,) = find_crashes(said)
    crash = decode(report, ElfLocator(made.elf))
    assert crash.reason == (
        "panic: Instruction access fault at 0x00000000, not in the ELF file; "
        f"called from app_main, firmware/lava.cpp:{made.line('CALL')}"
    )


def test_a_function_without_a_line_is_told_with_the_line_that_called_it(program) -> None:
    made = program("xtensa", 4)
    assert str(ElfLocator(made.elf).locate(made.symbols["_start"])).startswith("_start, firmware/lava.cpp:")
