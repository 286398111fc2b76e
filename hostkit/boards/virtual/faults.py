"""What goes wrong on a wire and on a board, on demand. The wire's part is pure and seeded."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from hostkit.errors import UsageError


class Fault(Enum):
    """Everything that can be switched on, by API and by ``hostkit boards fault``."""

    RESET = "reset"
    UNPLUG = "unplug"
    REPLUG = "replug"
    HANG = "hang"
    BROWNOUT = "brownout"
    PANIC = "panic"
    CORRUPT = "corrupt"
    DROP = "drop"
    DUPLICATE = "duplicate"
    HOLD64 = "hold64"
    CLEAR = "clear"


NOISE = (Fault.CORRUPT, Fault.DROP, Fault.DUPLICATE)
"""Faults that take a percentage of the bytes, in both directions; 0 switches one off."""

_BLOCK = 64  # a full-speed USB packet


@dataclass(frozen=True, slots=True)
class FaultRequest:
    """One fault as it was asked for; ``amount`` is a percentage for :data:`NOISE`, else 1 (on) or 0 (off)."""

    fault: Fault
    amount: float = 1.0


def parse_fault(word: str, amount: float | None) -> FaultRequest:
    """Return the request. Raises :class:`UsageError` for an unknown word or an impossible amount."""
    fault = next((each for each in Fault if each.value == word), None)
    if fault is None:
        raise UsageError(
            f"there is no fault {word!r}", hint="one of: " + ", ".join(each.value for each in Fault)
        )
    if fault in NOISE:
        if amount is None or not 0 <= amount <= 100:
            raise UsageError(
                f"fault {word} needs a percentage of bytes, 0 to 100",
                hint=f"for example: hostkit boards fault NAME {word} 0.5",
            )
        return FaultRequest(fault, amount)
    if fault is Fault.HOLD64:
        return FaultRequest(fault, 1.0 if amount is None else float(bool(amount)))
    if amount is not None:
        raise UsageError(f"fault {word} takes no amount", hint=f"say: hostkit boards fault NAME {word}")
    return FaultRequest(fault)


class NoisyWire:
    """One direction of a serial line. Without faults bytes pass as they came, at no cost.

    The same seed, faults and bytes give the same damage, however the bytes were cut into pieces.
    """

    def __init__(self, seed: int) -> None:
        """Start clean."""
        self._seed = seed
        self._rates: dict[Fault, float] = {}
        self._gaps: dict[Fault, Iterator[int]] = {}
        self._until: dict[Fault, int] = {}
        self._hold = False
        self._held = b""

    @property
    def faults(self) -> dict[str, float]:
        """What is on, by the words of :class:`Fault`; percentages for noise, 1 for hold64."""
        on = {fault.value: rate for fault, rate in self._rates.items()}
        return on | ({Fault.HOLD64.value: 1.0} if self._hold else {})

    def set(self, request: FaultRequest) -> bytes:
        """Switch one fault on or off (CLEAR: all); return bytes that were held back and come free."""
        if request.fault is Fault.CLEAR:
            self._rates.clear()
            return self._free(hold=False)
        if request.fault is Fault.HOLD64:
            return self._free(hold=bool(request.amount))
        if request.fault in NOISE:
            self._rates.pop(request.fault, None)
            if request.amount:
                self._rates[request.fault] = request.amount
                self._gaps[request.fault] = _gaps(f"{self._seed}/{request.fault.value}", request.amount)
                self._until[request.fault] = next(self._gaps[request.fault])
        return b""

    def carry(self, data: bytes) -> bytes:
        """Return what arrives of ``data``, plus what was held back before it."""
        for fault in list(self._rates):
            data = self._damage(fault, data)
        if not self._hold:
            return data
        data = self._held + data
        whole = len(data) % _BLOCK == 0
        self._held = data if whole else b""
        return b"" if whole else data

    def _free(self, *, hold: bool) -> bytes:
        self._hold = hold
        if hold:
            return b""
        held, self._held = self._held, b""
        return held

    def _damage(self, fault: Fault, data: bytes) -> bytes:
        pieces = []
        start = 0
        while self._until[fault] < len(data) - start:
            hit = start + self._until[fault]
            pieces.append(data[start:hit])
            byte = data[hit]
            if fault is Fault.CORRUPT:
                pieces.append(bytes((byte ^ 1 << byte % 8,)))
            elif fault is Fault.DUPLICATE:
                pieces.append(bytes((byte, byte)))
            start = hit + 1
            self._until[fault] = next(self._gaps[fault])
        self._until[fault] -= len(data) - start
        pieces.append(data[start:])
        return b"".join(pieces)


def _gaps(seed: str, percent: float) -> Iterator[int]:
    """How many bytes pass unharmed before each that is hit: geometric, so no byte needs a draw of its own."""
    draw = random.Random(seed)
    miss = 1 - percent / 100
    while True:
        yield 0 if miss <= 0 else int(math.log(1 - draw.random()) / math.log(miss))
