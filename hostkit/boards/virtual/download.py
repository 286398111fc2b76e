"""Download mode as a whole: SLIP around whichever loader runs. Pure: bytes in, bytes and effects out."""

from __future__ import annotations

from dataclasses import dataclass

from hostkit.boards import slip
from hostkit.boards.virtual.loader import Chipset, Effect, Loader, Step
from hostkit.boards.virtual.rom import RomLoader
from hostkit.boards.virtual.stub import GREETING, StubLoader


@dataclass(frozen=True, slots=True)
class Reply:
    """What the wire carries back, and the effects in order, each after the bytes before it."""

    out: bytes
    effects: tuple[Step, ...] = ()


class DownloadMode:
    """The chip with GPIO0 held low: the ROM loader, then perhaps the stub, then perhaps the ROM again."""

    def __init__(self, chipset: Chipset) -> None:
        """Start in the ROM loader."""
        self._chips = chipset
        self._decoder = slip.Decoder()
        self._loader: Loader = RomLoader(chipset)
        self.in_stub = False

    def feed(self, data: bytes) -> Reply:
        """Take bytes in pieces of any size. Never raises; what is not understood gets no answer."""
        out = bytearray()
        effects = []
        for packet in self._decoder.feed(data):
            step = self._loader.handle(packet)
            for answer in step.packets:
                out += slip.encode(answer)
            if step.effect is Effect.START_STUB:
                out += slip.encode(GREETING)
                self._loader, self.in_stub = StubLoader(self._chips), True
            elif step.effect is Effect.LEAVE_STUB:
                self._loader, self.in_stub = RomLoader(self._chips), False
            elif step.effect is not Effect.NOTHING:
                effects.append(step)
                if step.effect is not Effect.NEW_BAUD:
                    break  # the chip left the loader; what follows was sent to nobody
        return Reply(bytes(out), tuple(effects))
