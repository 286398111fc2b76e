"""How patterns with a state keep time: ``docs/reference/rendering.md``, section 6."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from hostkit.hil.golden.arithmetic import Array
from hostkit.hil.golden.model import Audio

TICK_US = 8000
MAX_CATCH_UP = 1024  # ticks: 8.192 s

State = TypeVar("State")


def keep_factor(decay_ms: int) -> int:
    """Return what is left of a u16 after one tick, as a factor for ``fade16``, for a decay time."""
    return 65535 - 524280 // decay_ms


class Ticking(ABC, Generic[State]):
    """An artist that advances in ticks counted from time 0, so that the frame rate does not matter.

    A subclass keeps the state, and works in whole arrays where it can: inputs of many ticks are made
    at once, and so are the frames from the states that were seen.
    """

    def __init__(self) -> None:
        """Start at tick 0 with no state."""
        self._done = 0

    def draw(self, times: Sequence[int], audio: Audio) -> Array:
        """Return what is to be seen at each time, one after the other, all with the same audio."""
        plan = [self._catch_up(time // TICK_US) for time in times]
        inputs = self._inputs([number for _, numbers in plan for number in numbers], audio)
        states = []
        spent = 0
        for fresh, numbers in plan:
            if fresh:
                self._clear()
            self._advance(inputs[spent : spent + len(numbers)])
            spent += len(numbers)
            states.append(self._state())
        return self._paint(states)

    def reset(self) -> None:
        """Forget all state; the next tick is number 1."""
        self._done = 0
        self._clear()

    def _catch_up(self, target: int) -> tuple[bool, range]:
        """Return whether the state starts afresh, and the numbers of the ticks to carry out."""
        done, fresh = self._done, False
        if target < done:
            done, fresh = 0, True
        if target - done > MAX_CATCH_UP:
            done, fresh = target - MAX_CATCH_UP, True
        self._done = target
        return fresh, range(done + 1, target + 1)

    @abstractmethod
    def _clear(self) -> None:
        """Set the state to all zero."""

    @abstractmethod
    def _inputs(self, numbers: Sequence[int], audio: Audio) -> Array:
        """Return what goes into the ticks with these numbers: one row a tick."""

    @abstractmethod
    def _advance(self, inputs: Array) -> None:
        """Carry out one tick for each row of inputs."""

    @abstractmethod
    def _state(self) -> State:
        """Return the state as it is now; later ticks do not change what was returned."""

    @abstractmethod
    def _paint(self, states: Sequence[State]) -> Array:
        """Return the frames that these states show: shape (states, LEDs, 3)."""
