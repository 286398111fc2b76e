"""A crash report with places instead of addresses, and the one line that says it all. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from hostkit.link.crash.model import CrashKind, CrashReport
from hostkit.link.crash.places import Location, Locator, Place

_MOST_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Crash:
    """A report and where it happened. ``locations``: of ``report.addresses``; empty without an ELF file."""

    report: CrashReport
    locations: tuple[Location, ...] = ()

    @property
    def reason(self) -> str:
        """One line: ``panic: StoreProhibited in hk::lava::draw, firmware/lib/pattern/lava.cpp:42``."""
        report = self.report
        said = f"{report.kind.value}: {report.reason}"
        if report.resets:
            return f"{said} ({', '.join(report.resets)})"
        if report.task and report.task not in said:
            said += f" in task {report.task}"
        return said + self._where()

    @property
    def place(self) -> Place | None:
        """The innermost place with a known line, where the firmware's own code failed."""
        return next((place for place in self._places() if place.line), None)

    def lines(self) -> tuple[str, ...]:
        """Return the calls that led there, innermost first, at most sixteen and one that counts the rest."""
        shown: list[str] = []
        for location in self.locations:
            places = location.places or (None,)
            for number, place in enumerate(places):
                mark = f"{location.address:#010x}" if number == len(places) - 1 else "inlined in".rjust(10)
                shown.append(f"{mark}  {place if place is not None else 'not in the ELF file'}")
        rest = len(shown) - _MOST_SHOWN
        return (*shown[:_MOST_SHOWN], f"and {rest} more") if rest > 0 else tuple(shown)

    def _places(self) -> tuple[Place, ...]:
        return tuple(place for location in self.locations for place in location.places)

    def _where(self) -> str:
        """Say where in the sources; an address that is not there is said, not guessed."""
        addresses = self.report.addresses
        if not addresses:
            return ""
        if not self.locations:
            return f" at {addresses[0]:#010x}"
        first, known = self.locations[0], self.place
        if not first.places:
            here = f" at {first}"
            return f"{here}; called from {known}" if known is not None else here
        innermost = first.places[0]
        if innermost.line or known is None:
            return f" in {innermost}"
        return f" in {innermost}, called from {known}"


def decode(report: CrashReport, locator: Locator | None) -> Crash:
    """Look a report's addresses up; without a locator they stay addresses."""
    if locator is None or report.kind in (CrashKind.BROWNOUT, CrashKind.BOOT_LOOP):
        return Crash(report)
    return Crash(report, tuple(locator.locate(address) for address in report.addresses))


def plain(crash: Crash) -> dict[str, object]:
    """Return a crash as JSON-ready values: numbers as hex text, places as records."""
    report = crash.report
    return {
        "reason": crash.reason,
        "kind": report.kind.value,
        "said": report.reason,
        "blames_firmware": report.blames_firmware,
        "core": report.core,
        "task": report.task or None,
        "pc": None if report.pc is None else hex(report.pc),
        "registers": {name: hex(value) for name, value in report.registers},
        "backtrace": [hex(address) for address in report.backtrace],
        "elf": report.elf or None,
        "resets": list(report.resets),
        "calls": [
            {
                "address": hex(location.address),
                "places": [
                    {"function": place.function, "file": place.file, "line": place.line}
                    for place in location.places
                ],
            }
            for location in crash.locations
        ],
    }
