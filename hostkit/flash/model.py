"""Records of flashing: what was asked of a chip, what it said, what is now in its flash."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from hostkit.boards.model import Chip
from hostkit.clock import Clock
from hostkit.flash.memory import FlashMemory
from hostkit.link.challenge import Challenge
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.link.transcript import Transcript
from hostkit.process import Runner


class ReadBackBy(Enum):
    """Who computed the MD5 of each region after the write, on a new connection to the chip."""

    ROM = "rom"  # hostkit's own client of the mask ROM
    ESPTOOL = "esptool verify-flash"
    FILE = "flash file"  # of a board that was off


class Way(Enum):
    """How much of an artifact went over the line."""

    SKIPPED = "skipped"  # the chip's own MD5 of every region was the artifact's already
    DIFFERENTIAL = "differential"  # the sectors that differ from an artifact that the chip held, by MD5
    FULL = "full"  # every region, whole


class Stage(Enum):
    """What flashing is busy with."""

    IDENTIFY = "identify"
    ERASE = "erase"
    WRITE = "write"
    VERIFY = "verify"
    BOOT = "boot"


@dataclass(frozen=True, slots=True)
class ChipIdentity:
    """What a chip says in its ROM loader. ``mac`` lower case with colons, ``flash_size`` in bytes."""

    chip: Chip
    mac: str
    flash_size: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is: ``fraction`` 0.0..1.0 over all regions, ``detail`` for people."""

    stage: Stage
    fraction: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RegionRecord:
    """One region as flashed: ``md5_read`` is what the chip computed from its flash afterwards."""

    role: str
    offset: int
    size: int
    md5_expected: str
    md5_read: str


@dataclass(frozen=True, slots=True)
class FlashRecord:
    """Proof that a board holds, and runs, an artifact.

    ``bytes`` is what was written (0 when ``skipped``: the flash held it already; whole sectors when ``way``
    is differential), ``why`` says why it went this way. ``seconds``: from the first connection to the
    firmware's own word (monotonic), ``nonce`` the boot nonce of that word. Whichever way, ``regions`` were
    read back whole afterwards.
    ``erased``: names of the partitions that were erased because that was asked; without it, what a device
    stored is kept. ``challenge``: a fresh question and the firmware's answer, which was right; None for a
    firmware that knows no such question.
    """

    board: str
    port: str
    identity: ChipIdentity
    env: str
    build_id: str
    bytes: int
    seconds: float
    regions: tuple[RegionRecord, ...]
    read_back_by: ReadBackBy
    esptool: str
    log: Path | None
    skipped: bool
    nonce: int
    erased: tuple[str, ...] = ()
    challenge: Challenge | None = None
    way: Way = Way.FULL
    why: str = ""


@dataclass(frozen=True, slots=True)
class TimeOuts:
    """How long each stage may take, seconds; ``write`` None: computed from size and baud rate."""

    identify: float = 20.0
    write: float | None = None
    verify: float = 60.0
    boot: float = 10.0


@dataclass(frozen=True, slots=True)
class Bench:
    """What flashing works with. esptool's output goes to ``log``, the boot conversation to ``transcript``.

    ``crashes`` says where firmware failed that crashed instead of booting; without it addresses stay numbers.
    ``draw`` gives so many random bytes, for challenges. ``memory`` knows what was flashed last; without it
    nothing is remembered, and what a board holds is unknown.
    """

    runner: Runner
    clock: Clock
    log: Path | None = None
    transcript: Transcript | None = None
    time_outs: TimeOuts = TimeOuts()
    on_progress: Callable[[Progress], None] | None = None
    crashes: CrashDecoder | None = None
    draw: Callable[[int], bytes] = secrets.token_bytes
    memory: FlashMemory | None = None

    def tell(self, stage: Stage, fraction: float, detail: str = "") -> None:
        """Report progress to whoever listens."""
        if self.on_progress is not None:
            self.on_progress(Progress(stage, fraction, detail))
