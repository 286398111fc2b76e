"""Crashes in what a monitored board prints: the decoded lines that stand under its own text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostkit.link.crash.model import CrashReport
    from hostkit.link.crash.shelf import CrashDecoder
    from hostkit.link.session import Incoming

_QUIET_NS = 500_000_000  # a text that stopped that long ago is all there will be


class CrashLines:
    """Follows one board; ``elf`` is a file to decode with, None: the artifact that the text names."""

    def __init__(self, decoder: CrashDecoder, elf: Path | None = None) -> None:
        """Start with nothing seen."""
        from hostkit.link.crash.stream import CrashWatch  # noqa: PLC0415 - not for --help

        self._decoder = decoder
        self._elf = elf
        self._watch = CrashWatch()
        self._last_ns = 0

    def take(self, items: Iterable[Incoming], now_ns: int) -> Iterator[str]:
        """Return the lines about crashes that ended with these items, or a while before ``now_ns``."""
        from hostkit.link.framing import Broken, Text  # noqa: PLC0415 - not for --help

        came = False
        for item in items:
            came = True
            if isinstance(item, Text):
                yield from self._lines(self._watch.feed(item.data))
            elif isinstance(item, Broken):
                yield from self._lines(self._watch.feed(b"\0" + item.data + b"\0"))
            else:
                self._watch.answered()  # it sends frames: it came up
        if came:
            self._last_ns = now_ns
        elif self._watch.reading and now_ns - self._last_ns > _QUIET_NS:
            yield from self._lines(self._watch.settle())

    def end(self) -> Iterator[str]:
        """Return the lines about a crash that was still being printed."""
        return self._lines(self._watch.settle())

    def _lines(self, reports: Iterable[CrashReport]) -> Iterator[str]:
        for report in reports:
            crash = self._decoder.decode(report, elf=self._elf)
            yield crash.reason
            for line in crash.lines():
                yield f"  {line}"
