"""`hostkit gc` on a real store and ledger: what evidence refers to stays, with two at once and a kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hostkit.build.inputs import hash_facts
from hostkit.build.model import Artifact, Sizes
from hostkit.build.pack import image_of
from hostkit.build.slots import BuildSlots
from hostkit.build.store import ArtifactStore
from hostkit.clock import SystemClock
from hostkit.flash.memory import FlashMemory
from hostkit.gate.witness import WITNESSES
from hostkit.settings.paths import Paths
from hostkit.store.database import open_database
from hostkit.store.ledger import Ledger
from hostkit.testing.store import a_pass

AGE_S = 90 * 86_400


class Yard:
    """A checkout, a state directory and a cache with old things in them."""

    def __init__(self, base: Path) -> None:
        self.paths = Paths(base / "state", base / "cache")
        self.project = base / "project"
        self.project.mkdir()
        (self.project / "platformio.ini").write_text("[env:virtual]\n")
        self.runs = self.project / ".hostkit" / "runs"
        self.environment = os.environ | {
            "HOSTKIT_STATE_DIR": str(self.paths.state),
            "HOSTKIT_CACHE_DIR": str(self.paths.cache),
        }

    def artifact(self, number: int) -> Artifact:
        facts = {"test": number}
        app = image_of("app", 0x10000, b"code")
        about = ("virtual", "esp32", "dual-160", "0", "", False, (app,), "firmware.elf")
        made = Artifact(hash_facts(facts), *about, Sizes(0, 0, 0, 0), {}, self.project)
        files = {app.file: b"code", "firmware.elf": b"", "build.log": b""}
        return ArtifactStore(self.paths.artifacts).save(made, files, facts, []).artifact

    def old(self, *paths: Path) -> None:
        then = time.time() - AGE_S
        for path in paths:
            os.utime(path, (then, then))

    def start(self, *options: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "hostkit", "gc", "--json", *options]
        return subprocess.Popen(
            argv,
            cwd=self.project,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def collect(self, *options: str) -> list[str]:
        """Run it and return the names of what went, sorted."""
        said, complaint = (process := self.start(*options)).communicate(timeout=60)
        assert process.returncode == 0, complaint
        return sorted(Path(each["path"]).name for each in json.loads(said)["gone"])


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def test_old_things_go_but_what_the_ledger_a_run_or_a_board_names_stays(yard: Yard) -> None:
    free, judged, ran, flashed, fresh = (yard.artifact(number) for number in range(5))
    with open_database(yard.paths.state, "") as database:
        Ledger(database).append(a_pass(build_id=judged.build_id))
    FlashMemory.of(yard.paths).done("board", flashed)
    sealed, broken = yard.runs / "20260101T000000Z-1", yard.runs / "20260101T000000Z-2"
    for run in (sealed, broken):
        run.mkdir(parents=True)
    (sealed / "evidence.json").write_text("{}")
    (sealed / "manifest.json").write_text(json.dumps({"build_id": ran.build_id}))
    cached = yard.paths.cache / "objects" / "00" / "object"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"o")
    witness = yard.paths.cache / WITNESSES / "key" / "asked-long-ago.json"
    witness.parent.mkdir(parents=True)
    for path in (witness, witness.with_name("asked-now.json")):
        path.write_text("{}")
    staged = yard.paths.artifacts / ".virtual-0.abcdefgh"
    staged.mkdir()
    yard.old(*(each.directory for each in (free, judged, ran, flashed)), sealed, broken)
    yard.old(cached, staged, witness)

    going = sorted((free.directory.name, broken.name, "object", "asked-long-ago.json"))
    assert yard.collect("--dry-run") == going
    with BuildSlots(yard.paths.slots, SystemClock()).hold(lambda: None):
        assert yard.collect() == sorted((free.directory.name, broken.name))
    assert yard.collect() == ["asked-long-ago.json", "object"]
    assert yard.collect("--older-than", "0", "--max-size", "0") == [], "the rest is fresh, or referred to"
    assert all(each.directory.is_dir() for each in (judged, ran, flashed, fresh))
    assert sealed.is_dir()
    assert staged.is_dir()


def test_two_at_once_and_one_that_is_killed_leave_only_whole_artifacts(yard: Yard) -> None:
    made = [yard.artifact(number) for number in range(40)]
    yard.old(*(each.directory for each in made))
    killed = yard.start()
    while killed.poll() is None and len(list(yard.paths.artifacts.glob("virtual-*"))) == len(made):
        os.sched_yield()
    killed.kill()
    killed.communicate()
    store = ArtifactStore(yard.paths.artifacts)
    left = [each for each in made if each.directory.is_dir()]
    for each in left:
        assert store.load("virtual", each.build_id) is not None
    yard.old(*(each.directory for each in left))
    both = [yard.start(), yard.start()]
    gone = [
        each["path"] for process in both for each in json.loads(process.communicate(timeout=60)[0])["gone"]
    ]
    assert sorted(gone) == sorted(str(each.directory) for each in left), "each went once"
    assert [path.name for path in yard.paths.artifacts.iterdir()] == []
