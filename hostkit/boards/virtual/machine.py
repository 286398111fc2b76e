"""The virtual board as a state machine: power, reset, strap, loader, boot, application, faults.

No I/O of its own: time, flash file and the start of the application come in through the constructor.
"""

from __future__ import annotations

from collections.abc import Callable

from hostkit.boards.partitions import Partition
from hostkit.boards.virtual.bootrom import (
    Launch,
    ResetReason,
    brownout_text,
    download_text,
    panic_text,
    plan_boot,
)
from hostkit.boards.virtual.download import DownloadMode
from hostkit.boards.virtual.faults import Fault, FaultRequest
from hostkit.boards.virtual.flash import NorFlash
from hostkit.boards.virtual.keeper import FlashKeeper
from hostkit.boards.virtual.loader import Chipset, Effect
from hostkit.boards.virtual.payload import PANICKED, SOFTWARE_RESTART, Firmware
from hostkit.boards.virtual.registers import Registers
from hostkit.boards.virtual.reset import ResetCircuit, Strap
from hostkit.boards.virtual.retry import BootRetry
from hostkit.boards.virtual.silicon import Application, Mode, Silicon
from hostkit.boards.virtual.storage import store
from hostkit.boards.virtual.wire import Wire
from hostkit.clock import Clock
from hostkit.errors import HostkitError, InconclusiveError

RX_BUFFER = 1 << 16
"""Bytes that the application may leave unread before the UART loses some."""

_CALM_NS = 2_000_000_000  # an application that lived this long did not fail at boot


class Machine:
    """Call it with what happened; read :meth:`take_output` and :attr:`deadline_ns` after every call."""

    def __init__(
        self,
        silicon: Silicon,
        flash: NorFlash,
        *,
        clock: Clock,
        save: Callable[[NorFlash], None],
        launch: Callable[[Firmware], Application],
    ) -> None:
        """Make the board, plugged in and without power. ``save`` may raise :class:`HostkitError`."""
        self.silicon = silicon
        self.flash = flash
        self._clock = clock
        self._keeper = FlashKeeper(flash, clock, save)
        self._launch = launch
        self.wire = Wire(seed=silicon.seed, paced=silicon.paced)
        self._circuit = ResetCircuit()
        self._download: DownloadMode | None = None
        self.application: Application | None = None
        self._nvs: Partition | None = None
        self.mode = Mode.OFF
        self.resets = 0
        self.reason = ResetReason.POWER_ON
        self.host_baud = 115_200
        self.lost = 0
        self._cannot_run = ""
        self._booted_at = 0
        self._retry = BootRetry()

    @property
    def plugged(self) -> bool:
        """False between ``unplug`` and ``replug``: there is no port then."""
        return self.mode is not Mode.UNPLUGGED

    @property
    def problem(self) -> str:
        """What the machine that this board lives on could not do for it; empty when all is well."""
        return self._keeper.problem or self._cannot_run

    @property
    def in_stub(self) -> bool:
        """True while the flasher stub runs, not the ROM loader."""
        return self._download is not None and self._download.in_stub

    @property
    def deadline_ns(self) -> int | None:
        """When :meth:`tick` has something to do, by the clock's monotonic time."""
        due = [part.deadline_ns for part in (self._circuit, self._retry, self._keeper, self.wire)]
        return min((each for each in due if each is not None), default=None)

    def power_on(self) -> None:
        """Give it power: it boots what its flash holds."""
        self._reset_afresh(ResetReason.POWER_ON, Strap.RUN)

    def power_off(self) -> None:
        """Take its power away; flash keeps what it has, and is saved."""
        self._stop()
        self._keeper.save()
        self.wire.clear()
        self._circuit = ResetCircuit()
        self._retry.forget()
        self.mode = Mode.OFF

    def from_host(self, data: bytes, baud: int) -> None:
        """Bytes from the port, which the host has at ``baud`` bits per second (0: no known speed)."""
        if self.plugged:
            self.host_baud = baud or self.host_baud
            self.wire.set_baud(self.host_baud)
            self._arrive(self.wire.from_host(data, self._now))

    def from_application(self, data: bytes) -> None:
        """Bytes that the application wrote to its UART."""
        self.wire.send(data, self._now)

    def application_ended(self, code: int) -> None:
        """The application ended by itself with this exit code (negative: a signal)."""
        self._stop()
        if code == 0:
            self.mode = Mode.OFF
        elif code == SOFTWARE_RESTART:
            self._reset(ResetReason.SOFTWARE, self._strap)
        else:
            self._panic(said=code == PANICKED)

    def lines(self, *, dtr: bool | None = None, rts: bool | None = None) -> None:
        """The host drives DTR or RTS."""
        if self.plugged:
            self._rise(self._circuit.set(self._now, dtr=dtr, rts=rts))
            if self._circuit.in_reset and self.mode is not Mode.IN_RESET:
                self._stop()
                self._retry.forget()
                self.mode = Mode.IN_RESET

    def press_reset(self, *, download: bool) -> None:
        """Somebody presses the reset button, with the boot button held or not.

        Raises :class:`InconclusiveError` when the board is unplugged.
        """
        self._need_plug()
        self._circuit = ResetCircuit()
        self._reset_afresh(ResetReason.EXTERNAL, Strap.DOWNLOAD if download else Strap.RUN)

    def apply(self, request: FaultRequest) -> None:
        """Make something go wrong, or right again.

        Raises :class:`InconclusiveError` for what cannot happen now: a panic of firmware that does not
        run, a reset without a plug.
        """
        fault = request.fault
        if fault is Fault.UNPLUG:
            self.power_off()
            self.mode = Mode.UNPLUGGED
        elif fault is Fault.REPLUG:
            if not self.plugged:
                self.power_on()
        elif fault in (Fault.RESET, Fault.HANG, Fault.BROWNOUT, Fault.PANIC):
            self._need_plug()
            self._break(fault)
        else:
            self.wire.set_fault(request, self._now)

    def tick(self) -> None:
        """Do what is due by now."""
        self._rise(self._circuit.tick(self._now))
        if self._retry.deadline_ns is not None and self._now >= self._retry.deadline_ns:
            self._reset(self._retry.reason, self._strap)
        self._arrive(self.wire.from_host(b"", self._now))
        self._keeper.tick()

    def take_output(self) -> bytes:
        """Return what has reached the host's end of the line by now."""
        return self.wire.to_host(self._now)

    @property
    def _now(self) -> int:
        return self._clock.monotonic_ns()

    @property
    def _strap(self) -> Strap:
        return Strap.DOWNLOAD if self._circuit.gpio0_low else Strap.RUN

    def _say(self, text: bytes) -> None:
        self.wire.send(text, self._now)

    def _rise(self, strap: Strap | None) -> None:
        if strap is not None:
            self._reset_afresh(ResetReason.EXTERNAL, strap)

    def _arrive(self, data: bytes) -> None:
        if not data:
            return
        if self._download is not None:
            self._load(self._download, data)
        elif self.application is not None:
            self.lost += self.application.write(data, RX_BUFFER)

    def _load(self, download: DownloadMode, data: bytes) -> None:
        if self.mode is Mode.HUNG:
            return
        reply = download.feed(data)
        self._say(reply.out)
        self._keeper.touched()
        for step in reply.effects:
            if step.effect is Effect.RUN:
                self._reset(ResetReason.SOFTWARE, Strap.RUN)
            elif step.effect is Effect.WATCHDOG:
                self._reset(ResetReason.WATCHDOG, self._strap)

    def _break(self, fault: Fault) -> None:
        if fault is Fault.RESET:
            self.press_reset(download=False)
        elif fault is Fault.BROWNOUT:
            self._say(brownout_text())
            self._reset(ResetReason.BROWNOUT, self._strap)
        elif self.mode not in (Mode.RUNNING, Mode.HUNG, Mode.DOWNLOAD):
            raise InconclusiveError(
                f"nothing runs on the board that could {fault.value}: it is {self.mode.value}",
                hint="flash it, or reset it",
            )
        elif fault is Fault.PANIC:
            self._panic()
        else:
            if self.application is not None:
                self.application.hang()
            self.mode = Mode.HUNG

    def _need_plug(self) -> None:
        if not self.plugged:
            raise InconclusiveError("the board is unplugged", hint="say: hostkit boards fault NAME replug")

    def _panic(self, *, said: bool = False) -> None:
        if not said:
            self._say(panic_text())
        if self._now - self._booted_at > _CALM_NS:
            self._reset_afresh(ResetReason.PANIC, self._strap)
        else:
            self._stop()
            self._try_again(ResetReason.PANIC)

    def _stop(self) -> None:
        """Whatever runs is gone at once; what the application stored goes back to flash."""
        self._download = None
        application, self.application = self.application, None
        if application is None:
            return
        application.end()
        stored = application.storage()
        if self._nvs is not None and stored is not None:
            store(self.flash, self._nvs, stored)
            self._keeper.save()
        if not self.flash.changed:
            application.discard()

    def _reset_afresh(self, reason: ResetReason, strap: Strap) -> None:
        self._retry.forget()
        self._reset(reason, strap)

    def _reset(self, reason: ResetReason, strap: Strap) -> None:
        self._stop()
        self._keeper.save()
        self.resets += 1
        self.reason = reason
        self._retry.deadline_ns = None
        if strap is Strap.DOWNLOAD:
            registers = Registers(self.silicon.chip, self.silicon.mac, self.flash, lambda: self.host_baud)
            self._download = DownloadMode(Chipset(self.flash, registers))
            self.mode = Mode.DOWNLOAD
            self._say(download_text(self.silicon.chip, reason))
            return
        plan = plan_boot(self.silicon.chip, self.flash, reason, self.silicon.host)
        self._say(plan.text)
        if plan.launch is None:
            self._try_again(ResetReason.WATCHDOG)
        else:
            self._run(plan.launch)

    def _run(self, launch: Launch) -> None:
        self._nvs = launch.nvs
        nvs = None if launch.nvs is None else self.flash.read(launch.nvs.offset, launch.nvs.size)
        env = {
            "HK_RESET_REASON": self.reason.value,
            "HK_MAC": self.silicon.mac,
            "HK_CHIP": self.silicon.chip.value,
        }
        try:
            self.application = self._launch(Firmware(launch.payload.data, env, nvs))
        except HostkitError as error:
            self._cannot_run = error.message
            self._say(f"E (0) boot: {error.message}\r\n".encode())
            self._try_again(ResetReason.WATCHDOG)
            return
        self._cannot_run = ""
        self._booted_at = self._now
        self.mode = Mode.RUNNING

    def _try_again(self, reason: ResetReason) -> None:
        self._retry.failed(reason, self._now)
        self.mode = Mode.BOOT_LOOP
