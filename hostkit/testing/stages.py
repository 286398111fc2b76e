"""Stages that start nothing, for tests of what comes after them: they leave what a run would leave."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from hostkit.boards.model import BoardSpec, Chip, Kind
from hostkit.build.inputs import hash_facts
from hostkit.build.model import Artifact, Image, Sizes
from hostkit.build.store import MANIFEST, ArtifactStore
from hostkit.clock import Clock
from hostkit.files import jsonable
from hostkit.flash.model import ChipIdentity, FlashRecord, ReadBackBy, RegionRecord
from hostkit.gate.challenge import write_challenges
from hostkit.gate.evidence import write_bytes, write_json
from hostkit.gate.model import ChallengeFact, Stage, Stop
from hostkit.gate.parts import BOOT_TRANSCRIPT, END_TRANSCRIPT, SUITE_END, WAIVERS, SuiteEnd
from hostkit.gate.request import Bench, GateRequest
from hostkit.gate.run import Ran
from hostkit.gate.suite import OBSERVATIONS, OUTPUT, TRANSCRIPT
from hostkit.gate.waivers import waiver_files
from hostkit.hil.observations import Measurement, ObservationFile, Outcome, Summary, TestSeen
from hostkit.link.bodies import identity
from hostkit.link.challenge import Challenge
from hostkit.link.framing import encode_frame
from hostkit.link.messages import Op, Reply, Request, Status, encode_message
from hostkit.link.transcript import Direction, Transcript
from hostkit.testing.gate import NONCE, TOOLS, right_answer

BOARD = BoardSpec("virt0", Kind.VIRTUAL, Chip.ESP32, mac="02:68:6b:00:00:00")
"""The board that they say they ran on."""

_APP = b"an image"


def a_test(name: str = "hil_tests/test_a.py::test_a", **changes: Any) -> TestSeen:
    """Return what a passed test of the rung linked saw, with ``changes``."""
    seen = TestSeen(
        name, Outcome.PASSED, "linked", 0.25, measurements=(Measurement("rate", 30.0, "Hz"),), pattern="solid"
    )
    return replace(seen, **changes)


@dataclass
class PlayedStages:
    """A run on a virtual board: built, flashed, and a suite of ``tests``, then ``during``.

    ``stop``: the run ends with it, before anything was built. ``build`` (a build id) is what the board says
    that it runs, in the transcripts and in the observations; "" for the one that was built.
    """

    commit: str
    tests: tuple[TestSeen, ...] = (a_test(),)
    stop: Stop | None = None
    build: str = ""
    dirty: bool = False
    during: Callable[[], None] = lambda: None
    ran: Ran = field(default_factory=Ran)
    seconds: dict[str, float] = field(default_factory=lambda: {"build": 1.0})

    def of(self, request: GateRequest, bench: Bench, into: Path) -> PlayedStages:
        """Return itself, with where to leave things; see :data:`hostkit.pipeline.StagesOf`."""
        self._request, self._bench, self._into = request, bench, into
        return self

    def run(self) -> None:
        """Leave everything."""
        self.ran = Ran(stop=self.stop, tools=TOOLS)
        if waivers := waiver_files(self._request.project):
            write_json(self._into, WAIVERS, waivers)
        if self.stop is None:
            self.ran.spec = BOARD
            self.ran.artifact = self._built()
            said = self.build or self.ran.artifact.build_id
            if self._request.rules.flash:
                self.ran.flash = self._flashed(self.ran.artifact)
                self._ask(Stage.FLASH, BOOT_TRANSCRIPT, said)
                self.ran.flash = replace(self.ran.flash, challenge=self.ran.challenges[0].answer)
            self._suite(said)
            self._ask(Stage.HIL, END_TRANSCRIPT, said)
            write_challenges(self._into, self.ran.challenges)
        self.during()

    def _built(self) -> Artifact:
        facts: dict[str, object] = {"commit": self.commit, "dirty": self.dirty, "env": self._request.env}
        md5, sha256 = (hashlib.new(name, _APP).hexdigest() for name in ("md5", "sha256"))
        artifact = Artifact(
            build_id=hash_facts(facts),
            env=self._request.env,
            chip="esp32",
            profile="dual-160",
            version="1",
            commit=self.commit,
            dirty=self.dirty,
            images=(Image("app", 0x10000, "app.bin", len(_APP), sha256, md5),),
            elf="firmware.elf",
            sizes=Sizes(8, 0, 1, 0),
            toolchain={"zig": "0"},
            directory=self._into,
        )
        files = {"app.bin": _APP, "firmware.elf": b"", "build.log": b""}
        stored = ArtifactStore(self._bench.paths.artifacts).save(artifact, files, facts, []).artifact
        shutil.copyfile(stored.directory / MANIFEST, self._into / MANIFEST)
        return stored

    def _flashed(self, artifact: Artifact) -> FlashRecord:
        regions = tuple(RegionRecord(i.role, i.offset, i.size, i.md5, i.md5) for i in artifact.images)
        return FlashRecord(
            board=BOARD.name,
            port="/dev/null",
            identity=ChipIdentity(BOARD.chip, BOARD.mac, BOARD.flash_size),
            env=artifact.env,
            build_id=artifact.build_id,
            bytes=len(_APP),
            seconds=0.5,
            regions=regions,
            read_back_by=ReadBackBy.ROM,
            esptool="5.6.0",
            log=None,
            skipped=False,
            nonce=NONCE,
        )

    def _ask(self, stage: Stage, name: str, build: str) -> None:
        answer = right_answer(bytes([len(self.ran.challenges)]) * 32, build, BOARD.mac)
        self.ran.challenges += (ChallengeFact(stage, answer, reset="external"),)
        _talk(self._into / name, self._bench.clock, build, (), answer)

    def _suite(self, build: str) -> None:
        tests = tuple(replace(test, build=test.build or build) for test in self.tests)
        file = ObservationFile(self._into / OBSERVATIONS)
        file.session(BOARD.name, self.ran.artifact.build_id if self.ran.artifact else "")
        file.collected(len(tests))
        file.identity(asdict(identity(_hello(build), NONCE)))
        counts: dict[str, int] = {}
        for test in tests:
            file.test(test)
            counts[test.outcome.value] = counts.get(test.outcome.value, 0) + 1
        bad = any(test.outcome not in (Outcome.PASSED, Outcome.SKIPPED) for test in tests)
        file.summary(Summary(len(tests), counts, int(bad), 0.25, NONCE))
        file.close()
        _talk(self._into / TRANSCRIPT, self._bench.clock, build, tuple(test.test for test in tests))
        write_bytes(self._into, OUTPUT, b"1 passed in 0.25 s\n")
        write_json(self._into, SUITE_END, jsonable(SuiteEnd(int(bad), timed_out=False)))


def _talk(
    path: Path, clock: Clock, build: str, marks: tuple[str, ...], challenge: Challenge | None = None
) -> None:
    """Write a conversation: who are you, and the answer, once for each mark; and a challenge with its own."""
    turns: list[tuple[str, Op, tuple[Any, ...], Any]] = [
        (mark, Op.HELLO, (), _hello(build)) for mark in marks or ("",)
    ]
    if challenge is not None:
        answer = [bytes.fromhex(challenge.digest), challenge.build, challenge.mac]
        turns.append(("", Op.CHALLENGE, (bytes.fromhex(challenge.question),), answer))
    with Transcript(clock, path=path) as transcript:
        for number, (mark, op, args, body) in enumerate(turns, 1):
            if mark:
                transcript.mark(mark)
            transcript.record(Direction.SENT, encode_frame(encode_message(Request(number, op, args))))
            answered = encode_message(Reply(number, NONCE, Status.OK, body))
            transcript.record(Direction.RECEIVED, encode_frame(answered))


def _hello(build: str) -> Mapping[str, Any]:
    return {
        "proto": 1,
        "project": "led-controller",
        "version": "1",
        "commit": "",
        "dirty": False,
        "build": build,
        "profile": "dual-160",
        "chip": "esp32",
        "port": "host",
        "mac": BOARD.mac,
        "features": ["live"],
        "boots": 1,
        "reset": "external",
        "mtu": 2048,
        "tick-ns": 25,
        "reset-us": 300,
        "strips": [[5, 160, "GRB"], [4, 160, "GRB"]],
        "uptime-us": 0,
    }
