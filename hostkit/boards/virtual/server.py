"""Serves one virtual board: composes machine, ports, application, control socket and files in one thread."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hostkit.boards.lease import BusyError
from hostkit.boards.model import Chip
from hostkit.boards.served import SOCKET, BoardState, ServedBoard, read_record, write_record
from hostkit.boards.simulated.engine import engine_command, require_engine
from hostkit.boards.virtual.control import ControlDesk, ControlDoor, Serving
from hostkit.boards.virtual.flash import FlashFile, NorFlash
from hostkit.boards.virtual.journal import Journal
from hostkit.boards.virtual.loop import Loop
from hostkit.boards.virtual.machine import Machine
from hostkit.boards.virtual.payload import STORAGE_FILE, Firmware, Payload, host_machine
from hostkit.boards.virtual.ports import HostPorts, PortEvents
from hostkit.boards.virtual.running import ApplicationEvents, RunningApplication
from hostkit.boards.virtual.silicon import Application, Silicon
from hostkit.boards.virtual.storage import find_storage, store
from hostkit.clock import Clock
from hostkit.files import disk_error, sweep_staged
from hostkit.process import boot_id, process_start_ticks

_BACKLOG = 1 << 18  # bytes for the host that wait before the application has to
_INFLOW = 1 << 14  # bytes on a paced line before the host has to wait


@dataclass(frozen=True, slots=True)
class ServeSpec:
    """Which board to serve. ``rfc2217_port`` 0: any free one. ``seed``: of the line's faults.

    ``simulated``: it runs programs for the chip itself, on a simulator.
    """

    name: str
    chip: Chip
    mac: str
    flash_size: int = 4 << 20
    paced: bool = False
    seed: int = 0
    rfc2217_port: int = 0
    simulated: bool = False

    @property
    def serial(self) -> str:
        """USB serial number that the board's adapter would have."""
        return f"HK{self.mac.replace(':', '').upper()}"


class BoardServer:
    """A board from power-on to power-off. One thread makes, runs and closes it, and owns its application."""

    def __init__(self, spec: ServeSpec, directory: Path, clock: Clock) -> None:
        """Take the board's directory (``<state>/boards/<name>``), open its ports and give it power.

        Raises :class:`BusyError` when another process serves it, and other :class:`HostkitError` when
        a file or a port cannot be had; nothing is left open or running then.
        """
        self.spec = spec
        self._clock = clock
        self._stopping = False
        self._digest: tuple[int, str] = (-1, "")
        self._application: RunningApplication | None = None
        self._directory = directory
        self._stack = ExitStack()
        with ExitStack() as opening:
            self._build(opening)
            self.record = self._publish(opening)
            self._stack = opening.pop_all()

    def run(self) -> None:
        """Serve until :meth:`stop`."""
        while not self._stopping:
            due = self._machine.deadline_ns
            wait = None if due is None else max(0, due - self._clock.monotonic_ns()) / 1e9
            self._loop.step(wait)
            self._machine.tick()
            self._settle()

    def stop(self) -> None:
        """Make :meth:`run` return; from any thread or signal handler."""
        self._stopping = True
        self._loop.wake()

    def close(self) -> None:
        """End the application, save flash, remove ports and record; a second call does nothing."""
        self._stack.close()

    def state(self) -> BoardState:
        """Return what the board is doing now."""
        machine, spec = self._machine, self.spec
        return BoardState(
            name=spec.name,
            chip=spec.chip.value,
            mac=spec.mac,
            serial=spec.serial,
            mode=machine.mode.value,
            stub=machine.in_stub,
            resets=machine.resets,
            reason=machine.reason.value,
            port=str(self._ports.link),
            pty=self._ports.pty,
            rfc2217=self._ports.url,
            flash_size=spec.flash_size,
            flash=self._flash_digest(),
            pid=os.getpid(),
            paced=spec.paced,
            lost=machine.lost,
            problem=machine.problem,
            faults=machine.wire.faults,
        )

    def _build(self, opening: ExitStack) -> None:
        spec = self.spec
        opening.callback(os.close, _take_directory(self._directory, spec.name))
        for name in ("flash.bin", STORAGE_FILE, "application"):
            sweep_staged(self._directory / name)
        self._journal = Journal(self._directory / "board.log", self._clock)
        self._loop = Loop()
        opening.callback(self._loop.close)
        file = FlashFile(self._directory / "flash.bin")
        self._machine = Machine(
            self._silicon(),
            self._load(file),
            clock=self._clock,
            save=file.save,
            launch=self._launch,
        )
        events = PortEvents(self._machine.from_host, lambda dtr, rts: self._machine.lines(dtr=dtr, rts=rts))
        self._ports = HostPorts(self._loop, self._directory / "port", spec.rfc2217_port, events)
        opening.callback(self._ports.close)
        desk = ControlDesk(self._machine, Serving(self.state, self._settle, self.stop, self._journal.note))
        door = ControlDoor(self._loop, self._directory / SOCKET, desk)
        opening.callback(door.close)
        opening.callback(self._power_off)
        self._ports.set_plugged(True)
        self._machine.power_on()
        self._settle()

    def _load(self, file: FlashFile) -> NorFlash:
        """Load flash, with what the firmware stored before a server was killed under it."""
        flash = file.load(self.spec.flash_size)
        left = self._directory / STORAGE_FILE
        place = find_storage(flash)
        if place is not None and left.exists():
            store(flash, place, left.read_bytes())
            file.save(flash)
        left.unlink(missing_ok=True)
        return flash

    def _silicon(self) -> Silicon:
        spec = self.spec
        if spec.simulated:
            require_engine(spec.chip)
        engine = engine_command() if spec.simulated else ()
        return Silicon(spec.chip, spec.mac, host_machine(), spec.paced, spec.seed, engine)

    def _publish(self, opening: ExitStack) -> ServedBoard:
        spec = self.spec
        board = ServedBoard(
            name=spec.name,
            chip=spec.chip.value,
            mac=spec.mac,
            flash_size=spec.flash_size,
            pid=os.getpid(),
            start_ticks=process_start_ticks(os.getpid()) or 0,
            boot=boot_id(),
            port=str(self._ports.link),
            rfc2217=self._ports.url,
            serial=spec.serial,
            paced=spec.paced,
        )
        opening.callback(write_record(self._directory, board).unlink, missing_ok=True)
        self._journal.note(f"served by pid {board.pid}: {self._ports.pty} and {board.rfc2217}")
        return board

    def _power_off(self) -> None:
        self._machine.power_off()
        if self._machine.problem:
            self._journal.note(f"flash was not saved: {self._machine.problem}")

    def _launch(self, firmware: Firmware) -> Application:
        payload = Payload(firmware, self._directory)
        self._journal.note(f"application runs as pid {payload.pid}")
        events = ApplicationEvents(self._machine.from_application, self._logged, self._ended)
        self._application = RunningApplication(self._loop, payload, events)
        return self._application

    def _logged(self, text: bytes) -> None:
        self._journal.note("stderr: " + text.decode(errors="replace"))

    def _ended(self, code: int) -> None:
        self._journal.note(f"application ended with {code}")
        self._machine.application_ended(code)

    def _settle(self) -> None:
        """Bring ports and application in line with what the machine came to."""
        machine, ports = self._machine, self._ports
        ports.deliver(machine.take_output())
        ports.set_plugged(machine.plugged)
        ports.hold(machine.wire.waiting > _INFLOW)
        if machine.application is not None and machine.application is self._application:
            self._application.hold(machine.wire.waiting_out + ports.backlog > _BACKLOG)

    def _flash_digest(self) -> str:
        flash = self._machine.flash
        if self._digest[0] != flash.generation:
            self._digest = (flash.generation, flash.sha256())
        return self._digest[1]


def _take_directory(directory: Path, name: str) -> int:
    """Lock a board's live directory for as long as the descriptor is open."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise disk_error(error, directory) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        other = read_record(directory)
        who = f"pid {other.pid}" if other else "another process"
        raise BusyError(
            f"board {name} is already served by {who}",
            hint=f"use that one, or end it: kill {other.pid}" if other else "try again",
        ) from None
    return lock
