"""Acts as Espressif's QEMU for tests of arguments and life cycle: no instruction is ever executed.

Takes the same command line, offers UART0 where `-serial` says, and answers there as the strap pins ask: as
the ROM loader (hostkit's own model of it, on the flash file), or as firmware that speaks the link. What it
should do wrong, and what its firmware says, is in stand-in.json beside the flash file; each start adds a
line to starts.jsonl there.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from hostkit.boards import slip
from hostkit.boards.model import Chip
from hostkit.boards.virtual.flash import FlashFile
from hostkit.boards.virtual.loader import Chipset
from hostkit.boards.virtual.registers import Registers
from hostkit.boards.virtual.rom import RomLoader
from hostkit.testing.link_device import FakeFirmware

DOWNLOAD = {"esp32": 0x0F, "esp32s3": 0x00, "esp32c3": 0x02}
MAC_AT = {"esp32": 4, "esp32s3": 24, "esp32c3": 24}


def fields(text: str) -> dict[str, str]:
    """Read an option's value: "file=a,if=mtd"; a comma inside of a value is doubled."""
    pairs = [each.replace("\0", ",").split("=", 1) for each in text.replace(",,", "\0").split(",")]
    return {pair[0]: pair[-1] for pair in pairs}


def values(option: str) -> list[str]:
    """All values of an option on the command line."""
    return [sys.argv[at + 1] for at, word in enumerate(sys.argv) if word == option]


class Uart:
    """What the firmware writes to."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        """Send it."""
        self._connection.sendall(data)


class Machine:
    """The board behind the UART."""

    def __init__(self) -> None:
        self.chip = values("-machine")[0]
        drives = [fields(value) for value in values("-drive")]
        self.flash = Path(next(drive["file"] for drive in drives if drive["if"] == "mtd"))
        self.efuse = next((Path(drive["file"]) for drive in drives if drive["if"] == "none"), None)
        straps = [fields(value) for value in values("-global")]
        strap = next(int(each["value"], 0) for each in straps if each["property"] == "strap_mode")
        self.download = strap == DOWNLOAD[self.chip]
        settings = self.flash.parent / "stand-in.json"
        self.settings = json.loads(settings.read_text()) if settings.exists() else {}

    def mac(self) -> str:
        """The MAC of the eFuses, as the chip reads it."""
        if self.efuse is None:
            return "00:00:00:00:00:00"
        at = MAC_AT[self.chip]
        words = self.efuse.read_bytes()[at : at + 8]
        return (words[4:6][::-1] + words[:4][::-1]).hex(":")

    def serve(self, connection: socket.socket) -> None:
        """Answer one client until it hangs up."""
        if self.download:
            self._load(connection)
        else:
            self._run(connection)

    def _load(self, connection: socket.socket) -> None:
        file = FlashFile(self.flash)
        flash = file.load(self.flash.stat().st_size)
        registers = Registers(Chip(self.chip), self.mac(), flash, lambda: 115_200)
        loader = RomLoader(Chipset(flash, registers))
        decoder = slip.Decoder()
        while data := connection.recv(4096):
            for packet in decoder.feed(data) if self.settings.get("download", True) else ():
                for reply in loader.handle(packet).packets:
                    connection.sendall(slip.encode(reply))
        file.save(flash)

    def _run(self, connection: socket.socket) -> None:
        firmware = FakeFirmware(Uart(connection), build=self.settings.get("build", "0" * 64), chip=self.chip)
        firmware.mac = self.mac()
        firmware.boot("power-on", silent=True)
        while data := connection.recv(4096):
            firmware.take(data)


def main() -> int:
    """Serve UART0, one client after the other, until killed."""
    machine = Machine()
    start = {"pid": os.getpid(), "argv": sys.argv[1:], "download": machine.download}
    if machine.settings.get("child"):
        start["child"] = subprocess.Popen(["sleep", "1000"]).pid
    with (machine.flash.parent / "starts.jsonl").open("a") as starts:
        starts.write(json.dumps(start) + "\n")
    if words := machine.settings.get("refuses"):
        sys.stderr.write(f"qemu-system-xtensa: {words}\n")
        return 1
    if machine.settings.get("deaf"):
        os.read(os.pipe()[0], 1)
    host, port = values("-serial")[0].split(",")[0].removeprefix("tcp:").split(":")
    with socket.create_server((host, int(port))) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    machine.serve(connection)
                except OSError:
                    continue


if __name__ == "__main__":
    sys.exit(main())
