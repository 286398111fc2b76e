"""Starts commands and ends them: a process of its own, without hostkit. Run as a file, with ``-I -S``.

``python foreman.py RUN WIDTH``, in the directory that commands run in; at most WIDTH are at work at once. On
standard input come lines of JSON, each a list: ``["run", [[NAME, ARGV, LOG, ENVIRONMENT, SECONDS], …]]`` or
``["end", [NAME, …]]``. On standard output go lists too: ``["began", NAME, PID, TICKS]``, ``["ended", NAME,
STATUS, TIMED_OUT]`` and, for what cannot be started, ``["refused", NAME, WHY]``.

Whoever closes standard input, by dying with -9 too, has everything ended that was started here: each
process group at once, then what strayed from them, known by a ``HOSTKIT_ATTEMPT`` that begins with RUN.
Nothing here waits for hostkit to look: it is this process that the children belong to.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time

_GRACE_S = 3.0
_SWEEPS, _MOST_SWEEPS, _PAUSE_S = 3, 250, 0.02  # who was about to exec is found by the next sweep


class _Child:
    __slots__ = ("name", "over", "timed_out")

    def __init__(self, name: str, timeout_s: float) -> None:
        self.name = name
        self.over = time.monotonic() + timeout_s
        self.timed_out = False


class Foreman:
    """All children of one run, by pid."""

    def __init__(self, run: str, width: int) -> None:
        """Begin with none; ``run``: what the marks of its attempts begin with."""
        self._run = run
        self._width = width
        self._waiting: list[list[object]] = []  # told to start, when there is room
        self._children: dict[int, _Child] = {}
        self._ending: dict[int, float] = {}  # told to end, and when they are made to
        self._null = os.open(os.devnull, os.O_RDWR)
        self._said: list[object] = []

    def work(self) -> None:
        """Do as told until nobody tells any more; nothing is left running on return."""
        woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(0, select.POLLIN)
        poll.register(woken, select.POLLIN)
        rest = b""
        while True:
            for descriptor, _ in poll.poll(self._until_next_ms()):
                if descriptor == woken:
                    os.read(woken, 65536)
                    continue
                heard = os.read(0, 1 << 20)
                if not heard:
                    self._end_all()
                    return
                *lines, rest = (rest + heard).split(b"\n")
                for line in lines:
                    self._do(*json.loads(line))
            self._reap()
            self._enforce()
            self._tell()

    def _do(self, what: str, items: list[list[object]]) -> None:
        if what == "run":
            self._waiting += items
            self._fill()
            return
        names = set(map(str, items))
        self._said += [
            ("ended", item[0], -signal.SIGTERM, False) for item in self._waiting if item[0] in names
        ]
        self._waiting = [item for item in self._waiting if item[0] not in names]
        for pid, child in self._children.items():
            if child.name in names:
                self._terminate(pid)

    def _fill(self) -> None:
        while self._waiting and len(self._children) < self._width:
            self._start(*self._waiting.pop(0))  # type: ignore[arg-type]  # as the other side says it

    def _start(self, name: str, argv: list[str], log: str, marks: dict[str, str], timeout_s: float) -> None:
        output = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        actions = (
            (os.POSIX_SPAWN_DUP2, self._null, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, output & ~os.O_CLOEXEC, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        )
        try:
            pid = os.posix_spawnp(
                argv[0], argv, {**os.environ, **marks}, file_actions=actions, setsid=True, setsigdef=_SIGNALS
            )
        except (OSError, ValueError) as error:
            self._said.append(("refused", name, _refusal(argv[0], log, error)))
            return
        self._children[pid] = _Child(name, timeout_s)
        self._said.append(("began", name, pid, _start_ticks(pid)))

    def _reap(self) -> None:
        while self._children:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is None:
                return
            pid = found.si_pid
            _signal_group(pid, signal.SIGKILL)  # its leader is not reaped yet: the number is no one else's
            _, status = os.waitpid(pid, 0)
            child = self._children.pop(pid)
            self._ending.pop(pid, None)
            code = os.waitstatus_to_exitcode(status)
            self._said.append(("ended", child.name, code, child.timed_out))
            self._fill()

    def _enforce(self) -> None:
        now = time.monotonic()
        for pid, child in self._children.items():
            if child.over <= now and pid not in self._ending:
                child.timed_out = True
                self._terminate(pid)
        for pid, until in self._ending.items():
            if until <= now:
                _signal_group(pid, signal.SIGKILL)

    def _terminate(self, pid: int) -> None:
        _signal_group(pid, signal.SIGTERM)
        self._ending.setdefault(pid, time.monotonic() + _GRACE_S)

    def _until_next_ms(self) -> int | None:
        if not self._children:
            return None
        over = [child.over for pid, child in self._children.items() if pid not in self._ending]
        left_s = min([*over, *self._ending.values()]) - time.monotonic()
        return max(0, min(round(left_s * 1000) + 1, 3_600_000))

    def _tell(self) -> None:
        if not self._said:
            return
        left = memoryview("".join(json.dumps(each) + "\n" for each in self._said).encode())
        self._said.clear()
        with contextlib.suppress(BrokenPipeError):  # then standing input ends too
            while left:
                left = left[os.write(1, left) :]

    def _end_all(self) -> None:
        sweeps = _SWEEPS if self._children else 1
        for pid in self._children:
            _signal_group(pid, signal.SIGKILL)
        for pid in self._children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        end_strays(self._run, sweeps)


def end_strays(run: str, sweeps: int = _SWEEPS) -> int:
    """Kill what carries a mark of this run, wherever it went; return how many there were.

    It is over when as many ``sweeps`` in a row found nothing; what hangs in the kernel is given up.
    """
    ended: set[int] = set()
    clean = 0
    for _ in range(_MOST_SWEEPS):
        found = marked(f"HOSTKIT_ATTEMPT={run}".encode())
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        ended |= found
        clean = 0 if found else clean + 1
        if clean >= sweeps:
            break
        time.sleep(_PAUSE_S)
    return len(ended)


def marked(mark: bytes, end: bytes = b"") -> set[int]:
    """Return the other processes of this user with a variable that begins with ``mark``; none without /proc.

    ``end``: what follows it, NUL for a variable that is exactly that.
    """
    found: set[int] = set()
    if not os.path.isdir("/proc/self"):  # noqa: PTH112
        return found
    for entry in os.listdir("/proc"):  # noqa: PTH208 - as quick as can be: there may be thousands
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as stream:  # noqa: PTH123
                told = b"\0" + stream.read() + b"\0"
        except OSError:
            continue
        if b"\0" + mark + end in told:
            found.add(int(entry))
    return found


def _refusal(program: str, log: str, error: Exception) -> str:
    """Return why a command was not started: either its program or its log cannot be opened."""
    try:
        with open(log, "ab"):  # noqa: PTH123
            return f"{program}: {getattr(error, 'strerror', '') or error}"
    except OSError as refused:
        return f"its log {log}: {refused.strerror}"


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _start_ticks(pid: int) -> int:
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        return int(os.read(descriptor, 4096).rsplit(b")", 1)[1].split(None, 20)[19])
    except (OSError, IndexError, ValueError):
        return 0
    finally:
        os.close(descriptor)


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)

if __name__ == "__main__":
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # it ends when its run does, and not before
    Foreman(sys.argv[1], int(sys.argv[2])).work()
