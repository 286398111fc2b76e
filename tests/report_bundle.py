"""Runs as the gate leaves them, written by the gate's own code from facts that a test gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from hostkit.boards.model import BoardSpec, Chip, Fidelity, Kind
from hostkit.build.store import MANIFEST
from hostkit.gate.bundle import Case, write_records
from hostkit.gate.decide import decide
from hostkit.gate.derive import verdict_json
from hostkit.gate.evidence import write_bytes, write_json
from hostkit.gate.model import (
    BuildFact,
    Facts,
    FlashFact,
    IdentityFact,
    Observation,
    Rules,
    SuiteFact,
)
from hostkit.gate.parts import VERDICT
from hostkit.gate.request import GateRequest
from hostkit.gate.run import Ran
from hostkit.gate.seal import seal
from hostkit.gate.statement import Origin
from hostkit.gate.suite import OBSERVATIONS
from hostkit.gate.waived import WaiverFact
from hostkit.hil.observations import ObservationFile, Outcome, TestSeen
from hostkit.store.model import Rung
from hostkit.tasks.git import Checkout
from hostkit.testing.gate import NONCE, TOOLS, answered
from hostkit.testing.keys import a_signer

BUILD = "ab" * 32
COMMIT = "c" * 40
PASSED = (
    Observation("h/test_l.py::echo", Outcome.PASSED, Rung.LINKED, 0.5, build=BUILD),
    Observation(
        "h/test_p.py::model[solid]", Outcome.PASSED, Rung.RENDERED, 1.0, pattern="solid", build=BUILD
    ),
    Observation("h/test_p.py::model[lava]", Outcome.PASSED, Rung.RENDERED, 1.0, pattern="lava", build=BUILD),
    Observation("h/test_w.py::wire[lava]", Outcome.PASSED, Rung.WIRED, 1.0, pattern="lava", build=BUILD),
    Observation("h/test_t.py::rate", Outcome.PASSED, Rung.TIMED, build=BUILD, numbers={"rate [Hz]": 190.25}),
)


def failed(message: str, where: str = "h/test_w.py:12", test: str = PASSED[3].test) -> Observation:
    """Return the test of the wire as it fails."""
    return replace(PASSED[3], test=test, outcome=Outcome.FAILED, message=message, where=where)


@dataclass
class Bundle:
    """What a run is made of; more ``files`` are JSON values by name, or bytes as they are."""

    observations: Sequence[Observation] = PASSED
    details: dict[str, str] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    board: str = "virt0"
    waivers: tuple[WaiverFact, ...] = ()

    def write(self, into: Path) -> Path:
        """Write it sealed; return the directory."""
        into.mkdir(parents=True)
        bad = any(seen.outcome in (Outcome.FAILED, Outcome.ERROR, Outcome.LOST) for seen in self.observations)
        facts = Facts(
            fidelity=Fidelity.VIRTUAL,
            build=BuildFact(BUILD, COMMIT, False),
            flash=FlashFact(BUILD, "", True),
            identity=IdentityFact(BUILD, ""),
            suite=SuiteFact(len(self.observations), True, int(bad), nonce=NONCE),
            observations=tuple(self.observations),
            challenges=answered(BUILD, ""),
            tools=TOOLS,
            waivers=self.waivers,
        )
        ran = Ran(
            spec=BoardSpec(self.board, Kind.VIRTUAL, Chip.ESP32, "02:00:00:00:00:01"),
            observations=facts.observations,
        )
        request = GateRequest(into, "virtual", self.board)
        sizes = {"flash": 70_192, "flash_budget": 1_048_576, "ram": 1000, "ram_budget": 0}
        write_json(into, MANIFEST, {"version": "0.1.0", "sizes": sizes})
        case = Case(into.name, request, Checkout(COMMIT, "d" * 40, False, ""), "e" * 64)
        write_records(into, case, ran, {"hil": 4.5})
        write_bytes(into, VERDICT, verdict_json(decide(Rules(), facts), facts))
        self._write_observations(into)
        for name, value in self.files.items():
            write = write_bytes if isinstance(value, bytes) else write_json
            write(into, name, value)
        seal(into, a_signer(), asdict(Origin(1)))
        return into

    def _write_observations(self, into: Path) -> None:
        file = ObservationFile(into / OBSERVATIONS)
        for seen in self.observations:
            detail = self.details.get(seen.test, "")
            file.test(TestSeen(seen.test, seen.outcome, "wired", seen.seconds, seen.message, detail))
        file.close()
