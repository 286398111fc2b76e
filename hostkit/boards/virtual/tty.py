"""The everyday port: a pseudo terminal, raw from the start, that knows whether anybody has it open."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from contextlib import suppress
from pathlib import Path

_CHUNK = 1 << 16
_READS = 64  # the kernel hands out about 4 KiB at once
_COMING = select.EPOLLIN | select.EPOLLET if sys.platform == "linux" else 0
_BOTH = _COMING | select.EPOLLOUT if sys.platform == "linux" else 0  # while there is something to send
_SPEEDS = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name.startswith("B") and name[1:].isdigit() and name != "B0"
}


class TtyPort:
    """Master side of a pty, with a symlink at a stable path.

    Output while nobody has the port open is lost, as on a wire that ends in the air; the kernel would
    keep it for the next one who opens. Needs Linux: elsewhere the other side is held open, so that
    whoever opens the port sees up to some kilobytes of the past.
    """

    def __init__(self, link: Path) -> None:
        """Open a pty and point ``link`` at it."""
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.name = os.ttyname(slave)
        os.set_blocking(self._master, False)
        self._kept_open = -1
        if sys.platform == "linux":
            os.close(slave)
            # Edge triggered: with the other side closed, level triggered hang-up would never be silent.
            self._watch = select.epoll()
            self._watch.register(self._master, _COMING)
        else:
            self._kept_open = slave
        self._poll = select.poll()
        self._poll.register(self._master, select.POLLIN)
        self._unsent = bytearray()
        self._sending = False
        self.link = link
        _point(link, self.name)

    def fileno(self) -> int:
        """Descriptor that is readable when :meth:`read` or :meth:`flush` may have something to do."""
        return self._watch.fileno() if sys.platform == "linux" else self._master

    @property
    def unsent(self) -> int:
        """Bytes that the other side has not read yet and the kernel would not take."""
        return len(self._unsent)

    @property
    def is_open(self) -> bool:
        """True while some process has the other side open."""
        return not any(state & select.POLLHUP for _, state in self._poll.poll(0))

    @property
    def baud(self) -> int:
        """The speed that the other side set, bits per second; 0 when it is none that has a name."""
        try:
            return _SPEEDS.get(termios.tcgetattr(self._master)[5], 0)
        except termios.error:
            return 0

    def noticed(self) -> None:
        """Take note that :meth:`fileno` is readable; to be called before :meth:`read` and :meth:`flush`.

        After them it would swallow the news of what happened meanwhile, and a reader or the board would
        wait for ever.
        """
        if sys.platform == "linux":
            self._watch.poll(0)

    def read(self) -> bytes:
        """Return what came in, about 256 KiB at most: a host that never stops must not stop the board."""
        data = bytearray()
        try:
            for _ in range(_READS):
                data += os.read(self._master, _CHUNK)
        except OSError:  # EAGAIN: no more; EIO: nobody there
            return bytes(data)
        self._ask_again()  # there may be more, and its edge is past
        return bytes(data)

    def write(self, data: bytes) -> None:
        """Send bytes, or lose them when nobody has the port open."""
        if not self.is_open:
            self._unsent.clear()
        else:
            self._unsent += data
        self.flush()

    def flush(self) -> None:
        """Hand over what the kernel takes now."""
        try:
            while self._unsent:
                del self._unsent[: os.write(self._master, self._unsent[:_CHUNK])]
        except BlockingIOError:
            pass
        except OSError:  # nobody there any more
            self._unsent.clear()
        if bool(self._unsent) != self._sending:
            self._sending = not self._sending
            self._ask_again()

    def close(self) -> None:
        """Hang up; the symlink goes if it still points here."""
        with suppress(OSError):
            if self.link.readlink() == Path(self.name):
                self.link.unlink()
        if sys.platform == "linux":
            self._watch.close()
        if self._kept_open >= 0:
            os.close(self._kept_open)
        os.close(self._master)

    def _ask_again(self) -> None:
        """Have the news of what is possible now once more, and no news that nobody waits for.

        Room to send is made by every read of the host: told each time, a board would wake up for nothing
        twice a request.
        """
        if sys.platform == "linux":
            self._watch.modify(self._master, _BOTH if self._sending else _COMING)


def _point(link: Path, target: str) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    staged = link.with_name(f".{link.name}.{os.getpid()}")
    staged.unlink(missing_ok=True)
    staged.symlink_to(target)
    staged.replace(link)
