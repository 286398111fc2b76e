"""Runs a program for an ESP32-C3: ``python -m hostkit.boards.simulated.run PROGRAM.elf``.

It takes the place of a payload on a virtual board and keeps its contract: UART on standard input and
output, HK_RESET_REASON, HK_MAC and HK_NVS_FILE in the environment, exit code 82 for a restart. 83 is a
panic that the firmware told of itself.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from hostkit.boards.simulated.pace import Pace
from hostkit.boards.simulated.silicon import RETAINED, TICK_NS, PowerUp, SimulatedChip
from hostkit.boards.virtual.payload import PANIC_TOLD, SOFTWARE_RESTART
from hostkit.files import atomic_write

BOARD = Path(__file__).with_name("board.yaml")
"""labwired's description of the board."""

_SLICE = "40us"  # of simulated time, some 1 ms of the host's: as coarse as the firmware sees its clock
_ENDING_SLICES = 4  # what the UART still holds when the chip is reset
_PIECE = 4096
_IN, _OUT = 0, 1


class Storage:
    """The file that stands for the nvs partition; RTC memory is its beginning."""

    def __init__(self, path: Path | None) -> None:
        """Read what is there; without a path nothing is kept."""
        self._path = path
        self._content = path.read_bytes() if path is not None and path.exists() else b""

    @property
    def retained(self) -> bytes:
        """What RTC memory holds at power-up."""
        return self._content[:RETAINED]

    def keep(self, retained: bytes) -> None:
        """Write RTC memory down. Raises :class:`ToolError` when the disk refuses."""
        self._content = retained + self._content[len(retained) :]
        if self._path is not None:
            atomic_write(self._path, self._content, durable=False)


class Runner:
    """The chip between the two ends of its UART, until it is reset or its input ends."""

    def __init__(self, chip: SimulatedChip, storage: Storage) -> None:
        """Start the clock."""
        self._chip = chip
        self._storage = storage
        self._pace = Pace(_host_ticks())

    def run(self) -> int:
        """Return the exit code."""
        while True:
            self._slice()
            if self._chip.reset_asked:
                return self._end()
            target = self._chip.sleeps_until
            if not (self._take(0) if target is None else self._sleep(target)):
                return 0

    def _slice(self) -> None:
        """Run a little. What was stored is written down before anybody can hear of it."""
        sent = self._chip.run(_SLICE)
        stored = self._chip.take_retained()
        if stored is not None:
            self._storage.keep(stored)
        while sent:
            sent = sent[os.write(_OUT, sent) :]

    def _sleep(self, target: int) -> bool:
        now, rest = self._pace.wake(self._chip.ticks, target, _host_ticks())
        self._chip.set_time(now)
        if rest == 0:
            return self._take(0)
        going_on = self._take(rest * TICK_NS / 1e9)
        now, _ = self._pace.wake(self._chip.ticks, target, _host_ticks())
        self._chip.set_time(now)
        return going_on

    def _take(self, longest_s: float) -> bool:
        """Hand over what came in, waiting for it; False at the end of the input."""
        if not select.select([_IN], [], [], longest_s)[0]:
            return True
        data = os.read(_IN, _PIECE)
        self._chip.receive(data)
        return bool(data)

    def _end(self) -> int:
        for _ in range(_ENDING_SLICES):
            self._slice()
        return PANIC_TOLD if self._chip.panicked else SOFTWARE_RESTART


def main(program: str, env: Mapping[str, str]) -> int:
    """Run a program until it ends; return the exit code."""
    from labwired import Sim  # noqa: PLC0415 - whether it is there was asked before

    path = env.get("HK_NVS_FILE")
    storage = Storage(Path(path) if path else None)
    noise = int.from_bytes(os.urandom(4), "little")
    power_up = PowerUp(
        env.get("HK_RESET_REASON", "power-on"),
        env.get("HK_MAC", "02:00:00:00:00:00"),
        noise,
        storage.retained,
    )
    with Sim(program, system=str(BOARD)) as simulator:
        try:
            return Runner(SimulatedChip(simulator, power_up), storage).run()
        except BrokenPipeError:
            return 0
        except RuntimeError as error:  # labwired: an address or an instruction that the chip does not have
            sys.stderr.write(f"the simulated CPU stopped: {error}\n")
            return 1


def _host_ticks() -> int:
    return int(time.monotonic_ns() / TICK_NS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], os.environ))
