"""What can go wrong on a link, split by whose fault it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostkit.errors import FailedError, HostkitError, InconclusiveError, InvalidError

if TYPE_CHECKING:
    from hostkit.link.messages import Status


_LONGEST_COMMAND = 80  # characters


class MessageError(HostkitError):
    """Bytes that are no message of ``firmware/protocol/link.cddl``, or a value that it cannot carry."""


class ContractError(FailedError):
    """The firmware answered with something that ``link.cddl`` does not allow."""


class DeviceError(FailedError):
    """The firmware refused a request; ``status`` says how, ``detail`` is its own reason."""

    def __init__(self, op: str, status: Status, detail: str) -> None:
        """Say which operation was refused."""
        super().__init__(
            f"the board refused {op}: {status.label}" + (f" ({detail})" if detail else ""),
            hint="firmware/protocol/link.cddl says what each operation takes",
        )
        self.op = op
        self.status = status
        self.detail = detail


class LinkTimeoutError(InconclusiveError):
    """The board did not answer in time."""


class LinkLostError(InconclusiveError):
    """The board restarted between two messages: what was set up before is gone."""

    def __init__(self, during: str, old: int, new: int) -> None:
        """Keep both boot nonces."""
        super().__init__(
            f"the board restarted {during} (boot nonce {old:#010x} became {new:#010x})",
            hint="look for a panic or brownout in the transcript; run it again if the supply was touched",
        )
        self.old = old
        self.new = new


class ImpostorError(InvalidError):
    """Something at a port passes itself off as the firmware, and is not: it plays a text or a recording."""


class PortGoneError(InconclusiveError):
    """The port is not there, or vanished while it was in use."""


class PortBusyError(InconclusiveError):
    """Another process holds the port; ``pid`` is None where it cannot be seen."""

    def __init__(self, port: str, pid: int | None, command: str) -> None:
        """Say who holds it."""
        words = " ".join(command.split())  # a script on a command line has lines of its own
        told = words if len(words) <= _LONGEST_COMMAND else words[: _LONGEST_COMMAND - 1] + "…"
        holder = f"by process {pid} ({told})" if pid else "by a process that this user cannot see"
        super().__init__(
            f"{port} is in use {holder}",
            hint=f"end it (kill {pid}) or wait for it" if pid else "wait for it, or ask the machine's owner",
        )
        self.port = port
        self.pid = pid
        self.command = command


class PortStuckError(InconclusiveError):
    """The port took no bytes for a while: nobody reads at the other end."""
