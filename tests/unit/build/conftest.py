"""A small project, a small executable, and a PlatformIO that is played."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hostkit.process import Command
from hostkit.settings.paths import Paths
from hostkit.testing.process import FakeRunner, Scripted

INI = """\
[env]
custom_hostkit_profile = dual-160
custom_hostkit_version = 1.2.3

[env:virtual]
platform = symlink://firmware/platforms/virtual
custom_hostkit_chip = esp32
custom_hostkit_flash_budget = 4K
custom_hostkit_ram_budget = 2K
"""
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def tiny_elf(
    *, data: int = 100, bss: int = 200, relro: int = 400, machine: int = 62, code: bytes = b""
) -> bytes:
    """A 64-bit ELF file with sections .data, .bss, .data.rel.ro and .text of the given sizes."""
    names = b"\0.data\0.bss\0.data.rel.ro\0.text\0.shstrtab\0"
    rows = [
        (0, 0, 0, 0, 0, 0),
        (names.index(b".data\0"), 1, 3, 0, 0, data),
        (names.index(b".bss\0"), 8, 3, 0, 0, bss),
        (names.index(b".data.rel.ro\0"), 1, 3, 0, 0, relro),
        (names.index(b".text\0"), 1, 6, 0, 0, 999),
        (names.index(b".shstrtab\0"), 3, 0, 0, 64, len(names)),
    ]
    table = 64 + len(names) + len(code)
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHI", 2, machine, 1)
    head += struct.pack("<QQQIHHHHHH", 0, 0, table, 0, 64, 0, 0, 64, len(rows), len(rows) - 1)
    body = b"".join(struct.pack("<IIQQQQ", *row).ljust(64, b"\0") for row in rows)
    return head + names + code + body


@dataclass
class PlayedPlatformIO:
    """Answers git and PlatformIO; the latter leaves ``program`` where the environment asks for it."""

    program: bytes = field(default_factory=tiny_elf)
    lines: tuple[str, ...] = (
        "hostkit: 2 sources\n",
        "Compiling .hostkit/build/virtual/out/virtual/src/lib/a.o\nRetrieved `.hostkit/build/vir",
        "tual/out/virtual/zcbor/z.o' from cache\nLinking .hostkit/build/virtual/out/virtual/program\n",
    )
    git: Scripted = field(default_factory=lambda: Scripted([f"# branch.oid {COMMIT}\n# branch.head main\n"]))
    end: Scripted | None = None
    meanwhile: Callable[[], None] = lambda: None
    builds: int = 0

    def __call__(self, command: Command) -> Scripted:
        if command.argv[0] == "git":
            return self.git
        if "platformio" not in command.argv:
            return Scripted([f"{command.argv[0]} version 1.2.3\n"])
        self.builds += 1
        self.meanwhile()
        if self.end is not None:
            return self.end
        assert command.env is not None
        program = Path(command.env["PLATFORMIO_BUILD_DIR"], "virtual", "program")
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_bytes(self.program)
        return Scripted(self.lines)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with one source file."""
    root = tmp_path / "project"
    (root / "firmware" / "lib").mkdir(parents=True)
    (root / "platformio.ini").write_text(INI)
    (root / "firmware" / "lib" / "a.cpp").write_text("int a;\n")
    return root


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "state", tmp_path / "cache")


@pytest.fixture
def played() -> PlayedPlatformIO:
    return PlayedPlatformIO()


@pytest.fixture
def runner(played: PlayedPlatformIO) -> FakeRunner:
    return FakeRunner(played)


@pytest.fixture(scope="session")
def make_elf() -> Callable[..., bytes]:
    return tiny_elf
