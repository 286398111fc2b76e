"""What esptool 5 prints, as facts. Pure: text in, records out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from hostkit.boards.model import Chip
from hostkit.build.model import Image

VERIFIED = "Hash of data verified."
MATCHED = "Verification successful (digest matched)."
ERASED = "Flash memory region erased successfully"

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_VERSION = re.compile(r"^esptool v(\S+)", re.MULTILINE)
_CONNECTED = re.compile(r"^Connected to (\S+) on ", re.MULTILINE)
_MAC = re.compile(r"^(?:BASE )?MAC:\s+((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\s*$", re.MULTILINE)
_FLASH_SIZE = re.compile(r"^Detected flash size: (\d+)(KB|MB)\s*$", re.MULTILINE)
_REFLASHED = "Verification failed after fast reflash"
_WROTE = re.compile(r"^Wrote (\d+) bytes ", re.MULTILINE)
_WRITING = re.compile(r"Writing at (0x[0-9a-fA-F]+)")
_FATAL = re.compile(
    r"A (?:fatal|serial exception) error occurred: (.*?)(?=^Note:|^Hint:|^For troubleshooting|\Z)",
    re.MULTILINE | re.DOTALL,
)
_UNIT = {"KB": 1 << 10, "MB": 1 << 20}


class Trouble(Enum):
    """Why esptool gave up, as far as hostkit acts on it."""

    PORT = "the port is busy or not there"
    SILENT = "the chip does not answer"
    WRONG_CHIP = "another chip"
    LOST = "the connection broke"
    OTHER = "something else"


_TROUBLES = (
    (Trouble.PORT, ("the port is busy or doesn't exist", "Could not exclusively lock port")),
    (Trouble.WRONG_CHIP, ("Wrong chip argument", "Unexpected chip ID", "not recognized")),
    (Trouble.SILENT, ("Failed to connect to", "No serial data received", "Wrong boot mode detected")),
    (
        Trouble.LOST,
        (
            "chip stopped responding",
            "A serial exception error occurred",
            "Packet content transfer stopped",
            "Invalid head of packet",
            "Serial data stream stopped",
            "Timed out waiting",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class EsptoolFacts:
    """What one run printed; empty, 0 or None where it did not say.

    ``verified`` counts regions whose hash esptool found right after writing, ``matched`` those that
    verify-flash found equal, ``erased`` those that it erased; ``wrote`` is how many bytes of flash it wrote.
    ``reflashed``: writing the sectors that differ did not give the right content, so that esptool wrote the
    region whole. ``fatal`` is esptool's own last word.
    """

    version: str
    chip: Chip | None
    mac: str
    flash_size: int
    verified: int
    matched: int
    erased: int
    wrote: int
    reflashed: bool
    fatal: str
    trouble: Trouble | None


def parse_output(text: str) -> EsptoolFacts:
    """Read the whole output of one run; colours and carriage returns do not matter."""
    plain = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    size = _FLASH_SIZE.search(plain)
    fatal = _first(_FATAL, plain).strip()
    return EsptoolFacts(
        version=_first(_VERSION, plain),
        chip=_chip(_first(_CONNECTED, plain)),
        mac=_first(_MAC, plain),
        flash_size=int(size[1]) * _UNIT[size[2]] if size else 0,
        verified=plain.count(VERIFIED),
        matched=plain.count(MATCHED),
        erased=plain.count(ERASED),
        wrote=sum(map(int, _WROTE.findall(plain))),
        reflashed=_REFLASHED in plain,
        fatal=" ".join(fatal.split()),
        trouble=_trouble(plain) if fatal else None,
    )


def last_lines(text: str, count: int = 5) -> str:
    """Return the last lines that say something, without progress bars."""
    plain = _ESCAPES.sub("", text).replace("\r", "\n")
    lines = [line.rstrip() for line in plain.splitlines() if line.strip() and not _WRITING.search(line)]
    return "\n".join(lines[-count:])


class ProgressReader:
    """Turns the growing output of write-flash into a fraction; pieces may end anywhere in a line."""

    def __init__(self, images: tuple[Image, ...]) -> None:
        """Know the regions: esptool prints addresses."""
        self._images = images
        self._total = sum(image.size for image in images) or 1
        self._rest = ""
        self._done = 0.0

    def feed(self, piece: str) -> float | None:
        """Take output; return the fraction written (0.0..1.0, never falling) if it rose, else None."""
        *lines, self._rest = (self._rest + piece).replace("\r", "\n").split("\n")
        before = self._done
        for line in lines:
            found = _WRITING.search(line)
            if found is not None:
                self._done = max(self._done, self._fraction(int(found[1], 16)))
        return self._done if self._done > before else None

    def _fraction(self, address: int) -> float:
        written = sum(max(0, min(address - image.offset, image.size)) for image in self._images)
        return written / self._total


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def _chip(name: str) -> Chip | None:
    """Return the chip of esptool's name for it ("ESP32-C3"), None for one that hostkit does not know."""
    plain = name.lower().replace("-", "")
    return next((chip for chip in Chip if chip.value == plain), None)


def _trouble(text: str) -> Trouble:
    for trouble, phrases in _TROUBLES:
        if any(phrase in text for phrase in phrases):
            return trouble
    return Trouble.OTHER
