"""A board that runs a model firmware in memory, and where the suite gets it from."""

from __future__ import annotations

from dataclasses import dataclass, field

from hostkit.boards.model import BoardSpec, Chip, Kind
from hostkit.clock import Clock
from hostkit.errors import UsageError
from hostkit.link.client import Link
from hostkit.link.errors import PortGoneError
from hostkit.testing.hil_firmware import ModelFirmware
from hostkit.testing.hil_flaws import Flaws
from hostkit.testing.link import LineFaults, MemoryTransport


@dataclass
class ModelBoard:
    """A board that runs a :class:`ModelFirmware` in memory; passes for an ``OpenBoard``."""

    clock: Clock
    flaws: Flaws = field(default_factory=Flaws)
    build: str = "0123456789abcdef" * 4
    spec: BoardSpec = field(
        default_factory=lambda: BoardSpec("model", Kind.VIRTUAL, Chip.ESP32, "02:00:00:00:00:01")
    )
    firmware: ModelFirmware = field(init=False)
    host: MemoryTransport = field(init=False)
    closed: bool = False
    marks: list[str] = field(default_factory=list)
    plugged: bool = True

    def __post_init__(self) -> None:
        """Wire the two ends up and power the board."""
        self.host, end = MemoryTransport.pair(self.clock)
        self.firmware = ModelFirmware(end, self.flaws, clock=self.clock, build=self.build)
        self.host.on_read = self.firmware.heard
        self.firmware.boot()

    def open_link(self) -> Link:
        """Open the host's end. Raises :class:`PortGoneError` while unplugged."""
        if not self.plugged:
            raise PortGoneError("the model board is unplugged", hint="call replug()")
        return Link(self.host, self.clock)

    def unplug(self) -> None:
        """Take the port away; the firmware goes on, as one with a battery does."""
        self.plugged = False
        self.host.unplug()

    def replug(self) -> None:
        """Give the board a new line to the firmware that runs on it."""
        self.plugged = True
        self.host, end = MemoryTransport.pair(self.clock)
        self.host.on_read = self.firmware.heard
        self.firmware.connect(end)

    @property
    def faults(self) -> ModelBoard | None:
        """The board itself, unless it is to pass for silicon."""
        return None if self.spec.kind is Kind.SERIAL else self

    def fault(self, fault: str, amount: float | None = None) -> None:
        """Make something go wrong; of the line's faults those that a line in memory knows."""
        lines = (self.host.faults, self.firmware.end.faults)
        if fault == "unplug":
            self.unplug()
        elif fault == "replug":
            if not self.plugged:
                self.replug()
                self.firmware.boot("power-on")
        elif fault == "hang":
            self.firmware.halt()
        elif fault == "hold64":
            self.firmware.end.faults.hold64 = True
        elif fault in ("corrupt", "drop", "duplicate"):
            for line in lines:
                setattr(line, fault, (amount or 0) / 100)
        elif fault == "clear":
            self.host.faults, self.firmware.end.faults = LineFaults(), LineFaults()
        else:
            raise UsageError(f"the model board knows no fault {fault!r}", hint="teach it")

    def mark(self, text: str) -> None:
        """Remember what was marked."""
        self.marks.append(text)

    def reset(self) -> None:
        """Press the button."""
        self.firmware.boot("external")

    def close(self) -> None:
        """Note that it was given back."""
        self.closed = True


@dataclass(frozen=True, slots=True)
class ModelOpener:
    """Knows one board."""

    board: ModelBoard

    def open(self, name: str) -> ModelBoard:
        """Return the board for its name. Raises :class:`UsageError` for any other."""
        if name != self.board.spec.name:
            raise UsageError(f"there is no board {name!r}", hint=f"did you mean {self.board.spec.name!r}?")
        return self.board


@dataclass(frozen=True, slots=True)
class ModelBench:
    """A plugin that gives a run of pytest one board: ``runpytest(…, plugins=[ModelBench(board)])``."""

    board: ModelBoard

    def pytest_hostkit_opener(self) -> ModelOpener:
        """Return who opens it."""
        return ModelOpener(self.board)
