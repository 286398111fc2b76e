"""Records of what is waived, by whom and until when; :mod:`hostkit.gate.waivers` reads and judges them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Waives(Enum):
    """What a waiver answers for."""

    TEST = "test"  # that a test did not pass
    RUNG = "rung"  # that a rung was not reached
    FIDELITY = "fidelity"  # that the board is not near enough to silicon
    GROWTH = "growth"  # that the firmware grew by more than its budget
    BOARD = "board"  # that there is no pass on a board that a merge requires


@dataclass(frozen=True, slots=True)
class WaiverFact:
    """A file in ``waivers/``. ``forged`` or ``ignored`` say why it does not count, both "" when it does."""

    place: str
    waives: Waives = Waives.TEST
    name: str = ""  # of the test (with ``*`` and ``?``), rung or board
    env: str = ""  # "" for every one
    reason: str = ""
    by: str = ""
    expires: str = ""  # ISO date, the last day
    key_id: str = ""  # of who signed it
    forged: str = ""
    ignored: str = ""

    @property
    def counts(self) -> bool:
        """True for one that is genuine, allowed and in force."""
        return not self.forged and not self.ignored


@dataclass(frozen=True, slots=True)
class WaivedFact:
    """What spoke against a pass and was waived, in words; by which file, which key and until when."""

    said: str
    place: str
    key_id: str
    expires: str
