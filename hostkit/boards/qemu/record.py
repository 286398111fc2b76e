"""Which QEMU runs a board now, so that another process with the same lease finds it (or ends it)."""

from __future__ import annotations

import json
import os
import select
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from hostkit.files import atomic_write, pretty_json
from hostkit.process import boot_id, process_start_ticks

_GONE_MS = 5_000


@dataclass(frozen=True, slots=True)
class QemuRecord:
    """A running QEMU and the TCP port of its UART. The pid is that of its process group as well."""

    pid: int
    start_ticks: int
    boot: str
    port: int

    @property
    def alive(self) -> bool:
        """True while exactly this process runs."""
        return self.boot == boot_id() and process_start_ticks(self.pid) == self.start_ticks

    def end(self) -> None:
        """Kill its group and wait until it has gone; its flash file is whole, as the kernel holds it."""
        with suppress(ProcessLookupError, PermissionError):
            descriptor = os.pidfd_open(self.pid)
            try:
                if self.alive:
                    os.killpg(self.pid, signal.SIGKILL)
                    gone = select.poll()
                    gone.register(descriptor, select.POLLIN)
                    gone.poll(_GONE_MS)
            finally:
                os.close(descriptor)


def write_record(path: Path, pid: int, port: int) -> None:
    """Write down a process that was just started. Raises :class:`ToolError` when the disk refuses."""
    record = QemuRecord(pid, process_start_ticks(pid) or 0, boot_id(), port)
    atomic_write(path, pretty_json(asdict(record)), durable=False)


def read_record(path: Path) -> QemuRecord | None:
    """Return the QEMU that runs, or None: never started, or dead."""
    try:
        record = QemuRecord(**json.loads(path.read_bytes()))
        return record if record.alive else None
    except (OSError, ValueError, TypeError):
        return None
