"""What a firmware grew by, and the reasons that come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.build.growth import (
    GrowthLimits,
    Layout,
    Symbol,
    check_growth,
    grown_sections,
    grown_symbols,
    read_layout,
    signed,
)
from hostkit.build.model import Artifact, Sizes
from hostkit.errors import ToolError

BASE = "ab" * 20


def layout(text: int, **symbols: int) -> Layout:
    return Layout(
        {".text": text, ".bss": 8},
        tuple(Symbol(name, ".text", size, 0x1000) for name, size in symbols.items()),
    )


@pytest.fixture
def artifact(tmp_path: Path, make_elf: Callable[..., bytes]) -> Artifact:
    (tmp_path / "firmware.elf").write_bytes(make_elf())
    return Artifact(
        "ab" * 32, "virtual", "esp32", "dual-160", "0", "", False, (), "firmware.elf",
        Sizes(1000, 0, 500, 0), {}, tmp_path,
    )  # fmt: skip


def test_bytes_read_well() -> None:
    assert (signed(1204), signed(-3)) == ("+1,204 B", "-3 B")


def test_a_section_may_grow_by_its_limit_and_no_more() -> None:
    assert list(grown_sections(layout(100), layout(110), 10)) == []
    assert list(grown_sections(layout(100), layout(1304), 1000)) == ["+1,204 B in .text (limit 1,000 B)"]
    assert list(grown_sections(layout(100), layout(9999), 0)) == []
    assert list(grown_sections(Layout({}, ()), layout(50), 10)) == ["+50 B in .text (limit 10 B)"]


def test_a_symbol_is_named_and_those_of_one_name_count_together() -> None:
    before, after = layout(0, _ZN2hk4drawEv=10, same=5), layout(0, _ZN2hk4drawEv=40, same=5, new=25)
    assert list(grown_symbols(before, after, 20)) == [
        "+30 B in .text: hk::draw (limit 20 B)",
        "+25 B in .text: new (limit 20 B)",
    ]
    assert list(grown_symbols(after, before, 1)) == []
    assert list(grown_symbols(before, after, 0)) == []


def test_what_is_within_its_limits_is_not_even_looked_into(artifact: Artifact) -> None:
    (artifact.directory / "firmware.elf").unlink()
    larger = replace(artifact, sizes=Sizes(1100, 0, 520, 0))
    check_growth(artifact, larger, GrowthLimits(BASE, flash=100, ram=20))
    check_growth(artifact, larger, GrowthLimits(BASE))
    check_growth(larger, artifact, GrowthLimits(BASE, flash=1, ram=1))


def test_a_file_that_cannot_be_read_is_no_pass(artifact: Artifact) -> None:
    (artifact.directory / "firmware.elf").write_bytes(b"no ELF file")
    with pytest.raises(ToolError) as caught:
        read_layout(artifact)
    assert "build again" in caught.value.hint
    with pytest.raises(ToolError):
        check_growth(artifact, artifact, GrowthLimits(BASE, section=1))


def test_limits_are_plain_values() -> None:
    assert GrowthLimits(BASE, 1, 2, 3, 4).plain() == {
        "base": BASE, "flash": 1, "ram": 2, "section": 3, "symbol": 4,
    }  # fmt: skip
