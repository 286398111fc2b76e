"""Facts of a gate as a board gives them that does what it should."""

from __future__ import annotations

from hostkit.gate.model import ChallengeFact, Stage, ToolFact
from hostkit.link.challenge import Challenge, digest_of

NONCE = 0xC0FFEE01
"""The boot nonce that :func:`answered` answers with."""


TOOLS = (
    ToolFact("python", "3.12.1", "/usr/bin/python3.12", "1" * 64),
    ToolFact("esptool", "5.6.0", "/venv/esptool/__init__.py", "2" * 64),
)
"""Programs that are as they were installed."""


def right_answer(question: bytes, build: str, mac: str, nonce: int = NONCE) -> Challenge:
    """Return what the image of that build answers on that board in that boot."""
    digest = digest_of(question, build, bytes.fromhex(mac.replace(":", "")), nonce)
    return Challenge(question.hex(), digest.hex(), build, mac, nonce)


def answered(build: str, mac: str, *stages: Stage) -> tuple[ChallengeFact, ...]:
    """Return rightly answered challenges, by default the two of a gate that flashes."""
    return tuple(
        ChallengeFact(stage, right_answer(bytes([number]) * 32, build, mac), reset="software")
        for number, stage in enumerate(stages or (Stage.FLASH, Stage.HIL))
    )
