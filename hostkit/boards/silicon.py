"""Real boards: on a serial port of this machine, or behind an RFC 2217 server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from hostkit.boards.model import BoardSpec, FlashAccess
from hostkit.clock import Clock
from hostkit.errors import InconclusiveError

_PULSE_S = 0.1  # how long esptool holds EN low for a hard reset


class ResetLines(Protocol):
    """A port whose DTR and RTS can be driven."""

    def pulse(self, port: str, clock: Clock) -> None:
        """Pull EN low for a moment with GPIO0 released. Raises :class:`InconclusiveError` without a port."""
        ...


class SerialLines:
    """The lines of a pyserial port, device path or URL."""

    def pulse(self, port: str, clock: Clock) -> None:
        """Assert RTS alone, then release it."""
        import serial  # noqa: PLC0415 - 20 ms that a virtual board does not need

        try:
            device = serial.serial_for_url(port, do_not_open=True, exclusive=True)
            device.dtr = False  # set before opening, or opening would reset the chip into who knows what
            device.rts = False
            device.open()
        except (serial.SerialException, ValueError) as error:
            raise InconclusiveError(
                f"cannot open {port}: {error}", hint="is another program using it? is the board there?"
            ) from error
        with device:
            device.rts = True
            clock.sleep(_PULSE_S)
            device.rts = False


class SiliconBoard:
    """A board that esptool resets by itself, with its own strategies and timing lessons."""

    def __init__(
        self,
        spec: BoardSpec,
        clock: Clock,
        lines: ResetLines,
        find_port: Callable[[BoardSpec], str] = lambda spec: spec.port,
    ) -> None:
        """Name the board; its port is opened only while :meth:`run_application` needs it.

        ``find_port`` returns the device of a board on this machine as it is named now, empty for none.
        """
        self._spec = spec
        self._clock = clock
        self._lines = lines
        self._find_port = find_port

    @property
    def spec(self) -> BoardSpec:
        """What ``boards.toml`` says of it."""
        return self._spec

    def link_port(self) -> str:
        """Return the device path or URL. Raises :class:`InconclusiveError` when there is no such device."""
        spec = self._spec
        if "://" in spec.port:
            return spec.port
        port = self._find_port(spec)
        if not port:
            raise InconclusiveError(
                f"board {spec.name} is not there: no port where MAC {spec.mac} was found",
                hint="plug it in; where it was never met say: hostkit boards scan",
            )
        if not Path(port).exists():
            raise InconclusiveError(
                f"board {spec.name} is not there: no {port}",
                hint="plug it in, say: hostkit boards scan, or correct its port in boards.toml",
            )
        return port

    def enter_download(self) -> FlashAccess:
        """Say how esptool connects; the reset is its own."""
        return FlashAccess(self.link_port(), self._spec.baud, before="default-reset", after="hard-reset")

    def run_application(self) -> None:
        """Pulse the reset line."""
        self._lines.pulse(self.link_port(), self._clock)

    def close(self) -> None:
        """Do nothing: no port stays open."""
