"""The lanes of a campaign, as child processes that answer one message at a time."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from hostkit.mutants.messages import LaneOrder
from hostkit.process import Command, end_group, start

_PATIENCE_S = 8.0  # for a lane to close its board


@dataclass(frozen=True, slots=True)
class Reply:
    """What a lane said: ``done`` (the answer), ``note``, or ``error`` with ``hint``; ``gone``: it died."""

    lane: int
    done: Mapping[str, Any] | None = None
    note: str = ""
    error: str = ""
    hint: str = ""
    gone: bool = False


class Lanes(Protocol):
    """Lanes by number. The shipped fake is ``hostkit.testing.mutants.FakeLanes``."""

    def start(self, lane: int) -> None:
        """Start a lane, or start it again."""
        ...

    def ask(self, lane: int, message: Mapping[str, Any]) -> None:
        """Send a message to a lane that has none to answer."""
        ...

    def wait(self) -> Sequence[Reply]:
        """Wait until some lane says something."""
        ...

    def close(self) -> None:
        """End all lanes; boards are given back."""
        ...


class ProcessLanes:
    """Real child processes; each is gone with this process, however that ends."""

    def __init__(self, orders: Sequence[LaneOrder]) -> None:
        """Take an order for each lane; nothing is started yet."""
        self._orders = orders
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._rest: dict[int, bytes] = {}
        self._selector = selectors.DefaultSelector()

    def start(self, lane: int) -> None:
        """Start a lane, or start it again after its end."""
        self._end(lane)
        argv = (sys.executable, "-P", "-m", "hostkit.mutants.worker", self._orders[lane].line())
        # Its standard error is ours: what goes wrong in a lane itself is to be seen.
        child = start(Command(argv), stdin=subprocess.PIPE, stderr=sys.stderr.fileno())
        self._children[lane] = child
        self._rest[lane] = b""
        assert child.stdout is not None
        self._selector.register(child.stdout, selectors.EVENT_READ, lane)

    def pid(self, lane: int) -> int:
        """Return the process id of a lane that was started."""
        return self._children[lane].pid

    def ask(self, lane: int, message: Mapping[str, Any]) -> None:
        """Send a message; a lane that is dead says so to :meth:`wait`."""
        stream = self._children[lane].stdin
        assert stream is not None
        with suppress(BrokenPipeError):
            stream.write(json.dumps(message).encode() + b"\n")
            stream.flush()

    def wait(self) -> Sequence[Reply]:
        """Wait until some lane says something whole, or dies."""
        while True:
            replies = [reply for key, _ in self._selector.select() for reply in self._read(key.data)]
            if replies:
                return replies

    def close(self) -> None:
        """Ask all lanes to end by closing their input, and end those that do not."""
        for child in self._children.values():
            if child.stdin is not None:
                with suppress(OSError):
                    child.stdin.close()
            child.terminate()
        for lane in list(self._children):
            self._end(lane)
        self._selector.close()

    def _read(self, lane: int) -> list[Reply]:
        child = self._children[lane]
        assert child.stdout is not None
        piece = child.stdout.read1(1 << 16)  # type: ignore[attr-defined]
        if not piece:
            self._end(lane)
            return [Reply(lane, gone=True)]
        *lines, self._rest[lane] = (self._rest[lane] + piece).split(b"\n")
        return [_reply(lane, line) for line in lines]

    def _end(self, lane: int) -> None:
        child = self._children.pop(lane, None)
        if child is None:
            return
        for stream in (child.stdin, child.stdout):
            if stream is child.stdout and stream is not None:
                with suppress(KeyError, ValueError):
                    self._selector.unregister(stream)
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        end_group(child, grace_s=_PATIENCE_S)


def _reply(lane: int, line: bytes) -> Reply:
    try:
        said = json.loads(line)
        if not isinstance(said, dict):
            raise ValueError("no object")
    except ValueError:
        return Reply(lane, error=f"lane {lane} said {line[:80]!r}", hint="this is a bug of hostkit")
    if "done" in said:
        return Reply(lane, done=said["done"])
    return Reply(lane, note=said.get("note", ""), error=said.get("error", ""), hint=said.get("hint", ""))
