"""The application of a virtual board: a child process whose stdin and stdout are the UART."""

from __future__ import annotations

import errno
import os
import platform
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hostkit.errors import ToolError
from hostkit.files import atomic_write
from hostkit.process import Command, end_group, start

SOFTWARE_RESTART = 0x52
"""Exit code by which firmware asks for a restart (op ``reboot``)."""

PANICKED = 0x53
"""Exit code of firmware that panicked and has said so on its UART, in the words of ESP-IDF."""

STORAGE_FILE = "nvs.bin"
"""The firmware's storage while it runs; found at the start of a server, it is what a killed one left."""

_PIPE = 1 << 16
_LIMITS = {
    resource.RLIMIT_AS: 4 << 30,  # bytes; runaway allocation ends the child, not the machine
    resource.RLIMIT_CPU: 4 * 3600,  # seconds of CPU: days of live mode, hours of a busy loop
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_FSIZE: 16 << 20,
    resource.RLIMIT_CORE: 0,
}


def host_machine() -> str:
    """Return what payloads this host runs, as the build names it: ``x86_64-linux``, ``aarch64-darwin``."""
    return f"{platform.machine().lower()}-{platform.system().lower()}"


@dataclass(frozen=True, slots=True)
class Firmware:
    """An executable and the environment that tells it who it is; ``storage`` is the NVS file's content."""

    executable: bytes
    env: Mapping[str, str]
    storage: bytes | None


class Payload:
    """One running application. Reads and writes return at once; it ends with its server, whatever happens."""

    def __init__(self, firmware: Firmware, directory: Path) -> None:
        """Start the child, its files in ``directory``. Raises :class:`ToolError` when it cannot be."""
        self._nvs = directory / STORAGE_FILE if firmware.storage is not None else None
        program = directory / "application"
        atomic_write(program, firmware.executable, mode=0o700, durable=False)
        # PATH so that a script serves as payload in tests; nothing else of the server's environment.
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", **firmware.env}
        if self._nvs is not None and firmware.storage is not None:
            atomic_write(self._nvs, firmware.storage, durable=False)
            env["HK_NVS_FILE"] = str(self._nvs)
        command = Command((str(program),), cwd=directory, env=env)
        self._child = _start(command)
        _limit(self._child.pid)
        for stream in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(stream.fileno(), False)
        # Without pidfd (not Linux) the end of its output stands for its end.
        self.ended = os.pidfd_open(self._child.pid) if hasattr(os, "pidfd_open") else self.output
        """Descriptor that is readable once the application ended."""
        self._unsent = bytearray()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def output(self) -> int:
        """Descriptor that is readable when the application wrote to its UART, or ended."""
        return self._stdout.fileno()

    @property
    def log(self) -> int:
        """Descriptor that is readable when the application wrote to stderr."""
        return self._stderr.fileno()

    @property
    def input(self) -> int:
        """Descriptor that is writable when :meth:`flush` can get rid of more."""
        return self._stdin.fileno()

    @property
    def unsent(self) -> int:
        """Bytes that the application has not taken yet."""
        return len(self._unsent)

    def read(self) -> bytes | None:
        """Return what the application sent, empty when nothing waits, None when it closed its UART."""
        return _read(self.output)

    def read_log(self) -> bytes | None:
        """Return what it wrote to stderr; None at its end."""
        return _read(self.log)

    def write(self, data: bytes, limit: int) -> int:
        """Send bytes; beyond ``limit`` untaken ones the rest is lost, as in a UART. Return how many were."""
        room = limit - len(self._unsent)
        self._unsent += data[:room]
        self.flush()
        return max(0, len(data) - room)

    def flush(self) -> None:
        """Hand over what the pipe takes now."""
        with suppress(BlockingIOError, BrokenPipeError):
            while self._unsent:
                del self._unsent[: os.write(self.input, self._unsent[:_PIPE])]

    def hang(self) -> None:
        """Stop the application where it is."""
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGSTOP)

    def end(self) -> int:
        """End it at once if it still runs; return its exit code, negative for a signal. To be called once."""
        code = self._child.poll()
        killed = end_group(self._child, grace_s=0)
        if self.ended != self.output:
            os.close(self.ended)
        for stream in (self._stdin, self._stdout, self._stderr):
            with suppress(OSError):
                stream.close()
        return killed if code is None else code

    def exit_code(self) -> int:
        """Wait for a child that has ended and return its exit code, negative for a signal."""
        return self._child.wait()

    def storage(self) -> bytes | None:
        """Return the NVS file's content as the application left it, None without one."""
        if self._nvs is None:
            return None
        with suppress(OSError):
            return self._nvs.read_bytes()
        return None

    def discard(self) -> None:
        """Remove the NVS file."""
        if self._nvs is not None:
            self._nvs.unlink(missing_ok=True)

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._child.stdin is not None
        return self._child.stdin

    @property
    def _stdout(self) -> IO[bytes]:
        assert self._child.stdout is not None
        return self._child.stdout

    @property
    def _stderr(self) -> IO[bytes]:
        assert self._child.stderr is not None
        return self._child.stderr


def _start(command: Command) -> subprocess.Popen[bytes]:
    for attempt in range(20):
        try:
            return start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except OSError as error:
            # A fork in another thread may hold the file open for writing until its own exec.
            if error.errno != errno.ETXTBSY or attempt == 19:
                raise ToolError(
                    f"cannot run the payload: {error.strerror}",
                    hint="is the directory of virtual boards mounted noexec? set HOSTKIT_STATE_DIR elsewhere",
                ) from error
    raise AssertionError("unreachable")


def _limit(pid: int) -> None:
    if sys.platform != "linux":
        return
    for name, most in _LIMITS.items():
        with suppress(ProcessLookupError, PermissionError, ValueError):
            _, hard = resource.prlimit(pid, name)
            ceiling = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.prlimit(pid, name, (ceiling, ceiling))


def _read(descriptor: int) -> bytes | None:
    try:
        return os.read(descriptor, _PIPE) or None
    except BlockingIOError:
        return b""
    except OSError:
        return None
