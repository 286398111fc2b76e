"""The stages of one gate. What stops a stage becomes part of the facts; what breaks the machine is raised."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hostkit.boards.catalog import load_catalog
from hostkit.gate.building import run_build
from hostkit.gate.choice import Share, named_boards, take_boards
from hostkit.gate.evidence import write_json
from hostkit.gate.flashing import run_flash, run_flashes
from hostkit.gate.parts import QUARANTINE, WAIVERS
from hostkit.gate.request import Bench, GateRequest
from hostkit.gate.run import Ran, Run
from hostkit.gate.suite import FOLDER
from hostkit.gate.suite_run import run_suites
from hostkit.gate.toolbox import used_tools
from hostkit.gate.waivers import read_waivers, waiver_files
from hostkit.hil.catalog import find_catalog
from hostkit.hil.quarantine import FILE_NAME, Quarantined, read_quarantine, refuse_stale
from hostkit.link.crash.shelf import CrashDecoder

if TYPE_CHECKING:
    from hostkit.gate.abreast import Abreast


class Stages:
    """Stages of one request, leaving files in ``into``; boards are held for flash and suite only."""

    def __init__(self, request: GateRequest, bench: Bench, into: Path) -> None:
        """Read catalogue and quarantine. Raises :class:`UsageError` for an unknown board or a bad entry."""
        self._catalog = load_catalog(find_catalog(request.project))
        self._named = named_boards(request, self._catalog)
        self._run = Run(request, bench, into, CrashDecoder(bench.paths.artifacts))
        self._quarantine = self._read_quarantine()
        self._waivers = waiver_files(request.project)
        allowed, today = request.rules.may_waive, str(self._today())
        self._run.waivers = read_waivers(self._waivers, allowed, request.env, today)

    @property
    def ran(self) -> Ran:
        """What came of it so far."""
        return self._run.ran

    @property
    def seconds(self) -> dict[str, float]:
        """The duration of each stage that was begun."""
        return self._run.seconds

    def _read_quarantine(self) -> tuple[Quarantined, ...]:
        """Return the entries that are in force; one that is not ends the gate before anything is built."""
        entries = read_quarantine(self._run.request.project / FOLDER / FILE_NAME)
        refuse_stale(entries, self._today())
        return entries

    def _today(self) -> date:
        return datetime.fromtimestamp(self._run.bench.clock.wall_ns() / 1e9, UTC).date()

    def run(self) -> None:
        """Run every stage up to the first that stops, then look at the programs that did it."""
        if self._quarantine:
            entries = [asdict(entry) | {"expires": str(entry.expires)} for entry in self._quarantine]
            write_json(self._run.into, QUARANTINE, entries)
        if self._waivers:
            write_json(self._run.into, WAIVERS, self._waivers)
        self._run_stages()
        self._run.ran.tools = used_tools(self._run)

    def _run_stages(self) -> None:
        run, rules = self._run, self._run.request.rules
        with ExitStack() as stack:
            if rules.build:
                run_build(run, self._named)
            abreast = stack.enter_context(_abreast(len(self._named)))
            held = take_boards(run, self._named, self._catalog, stack) if run.ran.stop is None else ()
            if not held:
                return
            shares = [Share(run, held[0])]
            shares += [Share(run.beside(each.board.spec), each) for each in held[1:]]
            run.ran.also = tuple(share.run.ran for share in shares[1:])
            if rules.flash and abreast is not None:
                run_flashes(shares, abreast)
            elif rules.flash:
                run_flash(run, held[0].board)
            if run.ran.stop is None:
                run_suites(shares)


def _abreast(boards: int) -> AbstractContextManager[Abreast | None]:
    """Give what lets several boards work at once; it outlives what is open of them. None for one board."""
    if boards < 2:
        return nullcontext()
    from hostkit.gate.abreast import Abreast  # noqa: PLC0415 - threads are for several

    return Abreast(boards)
