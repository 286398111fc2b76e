"""USB serial ports that tests plug, pull and rename."""

from __future__ import annotations

from dataclasses import replace

from hostkit.boards.usb import UsbPort


class FakeLister:
    """A :data:`hostkit.boards.usb.Lister` whose ports are what the test says; ``calls`` counts the looks."""

    def __init__(self, *ports: UsbPort) -> None:
        """Start with these plugged in."""
        self._ports = {port.device: port for port in ports}
        self.calls = 0

    def __call__(self) -> tuple[UsbPort, ...]:
        """Return what is plugged in, by device name."""
        self.calls += 1
        return tuple(self._ports[name] for name in sorted(self._ports))

    def plug(self, port: UsbPort) -> None:
        """Add a port; one with the same device name is replaced."""
        self._ports[port.device] = port

    def pull(self, device: str) -> UsbPort:
        """Take a port away and return it. Raises :class:`KeyError` for one that is not there."""
        return self._ports.pop(device)

    def rename(self, device: str, new: str) -> None:
        """Give a port another device name, as a replug does."""
        self.plug(replace(self.pull(device), device=new))
