"""What is tried, and in which order, when a board does not answer any more. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum


class Step(Enum):
    """One thing to try, the gentlest first; the last one is not tried but concluded."""

    ASK = "ask"  # it may only have been busy
    LINK_RESET = "link reset"  # the firmware is asked to restart
    LINE_RESET = "line reset"  # DTR and RTS, or what a board has in their place
    POWER_CYCLE = "power cycle"
    KNOWN_GOOD = "known-good image"  # tells a sick board from sick firmware
    OUT_OF_SERVICE = "out of service"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one step. ``detail``: in words, what was seen or why it could not be done."""

    step: Step
    ok: bool
    detail: str
    seconds: float


class Ladder:
    """Goes up one step at a time until one helps."""

    def __init__(self, able: Collection[Step]) -> None:
        """Take the steps that can be done here; the others are left out."""
        self._steps = [step for step in Step if step in able and step is not Step.OUT_OF_SERVICE]
        self._tried: list[Tried] = []

    @property
    def tried(self) -> tuple[Tried, ...]:
        """What was tried so far, in order."""
        return tuple(self._tried)

    @property
    def recovered(self) -> bool:
        """True once a step helped."""
        return bool(self._tried) and self._tried[-1].ok

    @property
    def next(self) -> Step | None:
        """What to try now: ``OUT_OF_SERVICE`` when nothing is left, None when all is well or concluded."""
        if self.recovered or any(each.step is Step.OUT_OF_SERVICE for each in self._tried):
            return None
        number = len(self._tried)
        return self._steps[number] if number < len(self._steps) else Step.OUT_OF_SERVICE

    def took(self, tried: Tried) -> None:
        """Say what came of :attr:`next`."""
        if tried.step is not self.next:
            raise ValueError(f"{tried.step.value} was not next")
        self._tried.append(tried)

    @property
    def reason(self) -> str:
        """Why the board is given up, naming all that did not help."""
        names = [each.step.value for each in self._tried if each.step not in (Step.ASK, Step.OUT_OF_SERVICE)]
        last = next((each.detail for each in reversed(self._tried) if not each.ok and each.detail), "")
        helped = f"{', '.join(names)} did not help" if names else "nothing could be tried"
        return f"it does not answer; {helped}" + (f" ({last})" if last else "")
