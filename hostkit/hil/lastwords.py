"""What a board printed when a test lost it: a crash is a better reason than silence."""

from __future__ import annotations

from hostkit.link.client import Link
from hostkit.link.crash.blame import by_weight
from hostkit.link.crash.decode import Crash
from hostkit.link.crash.shelf import CrashDecoder
from hostkit.link.crash.stream import find_crashes


class LastWords:
    """Looks through the text that a link keeps, each time from where it stopped."""

    def __init__(self, decoder: CrashDecoder) -> None:
        """Decode with the artifacts of ``decoder``; nothing is read yet."""
        self._decoder = decoder
        self._link: Link | None = None
        self._heard = 0

    def skip(self, link: Link) -> None:
        """Leave out what the board printed so far: it says nothing of the test that runs now."""
        self._link, self._heard = link, link.heard

    def crash(self, link: Link, build: str) -> Crash | None:
        """Return the crash that explains most in what the board printed since the last question, or None.

        ``build``: the build id that the board last named.
        """
        new = link.text_since(self._heard if link is self._link else 0)
        self.skip(link)
        crashes = by_weight(self._decoder.decode_all(find_crashes(new.encode()), build=build))
        return crashes[0] if crashes else None
