"""A transport that leaves what passes in a transcript."""

from __future__ import annotations

from hostkit.link.transcript import Direction, Transcript
from hostkit.link.transport import Transport


class RecordingTransport:
    """Passes everything on; bytes are recorded as the port carried them."""

    def __init__(self, inner: Transport, transcript: Transcript | None) -> None:
        """Wrap an open transport; without a transcript nothing is recorded."""
        self._inner = inner
        self._transcript = transcript

    @property
    def name(self) -> str:
        """The port as people know it."""
        return self._inner.name

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived; see :class:`Transport`."""
        data = self._inner.read(timeout_s)
        if self._transcript is not None:
            self._transcript.record(Direction.RECEIVED, data)
        return data

    def write(self, data: bytes) -> None:
        """Send all bytes; see :class:`Transport`."""
        self._inner.write(data)
        if self._transcript is not None:
            self._transcript.record(Direction.SENT, data)

    def close(self) -> None:
        """Give the port back."""
        self._inner.close()
