"""Parts that say why something ran, or failed, are held against what ran, and against the figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.build.growth import GrowthLimits
from hostkit.build.inputs import hash_facts
from hostkit.build.model import Sizes
from hostkit.build.store import MANIFEST, ArtifactStore
from hostkit.gate.keys import open_signer
from hostkit.gate.model import Rules, Stage, Stop
from hostkit.gate.parts import AFFECTED, BASE
from hostkit.gate.request import Bench, GateRequest
from hostkit.gate.verify import Verification, verify
from hostkit.pipeline import run_gate
from hostkit.process import SystemRunner
from hostkit.settings.model import Settings
from hostkit.settings.paths import Paths
from hostkit.store.model import Rung, Verdict
from hostkit.testing.clock import FakeClock
from hostkit.testing.stages import PlayedStages, a_test

RULES = Rules(min_rung=Rung.LINKED, growth=GrowthLimits("b" * 40, flash=5, ram=5))


class Place:
    """A project whose gates are played, and what `hostkit verify` says of what they leave."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = Paths(root / "state", root / "cache")
        (root / "project").mkdir()
        self.request = GateRequest(root / "project", "virtual", "virt0", RULES, ledger=False)

    def gate(self, request: GateRequest, *, base: Sizes | None = None, reason: str = "") -> Verification:
        """Play a gate; ``base``: what the base's build took; ``reason``: why the build stopped it."""
        runs = self.root / "runs" / request.selection
        bench = Bench(self.paths, Settings(), SystemRunner(), FakeClock(), {}, runs)
        stages = PlayedStages("", tests=(a_test(),))

        def leave() -> None:
            if base is not None:
                (stages._into / BASE).write_bytes(self.manifest(stages, base))
            if reason:
                stages.ran.stop = Stop(Stage.BUILD, Verdict.FAIL, reason, "")

        stages.during = leave
        result = run_gate(request, bench, stages.of)
        return verify(Path(result.evidence), open_signer(self.paths, {}, ()).public)

    def manifest(self, stages: PlayedStages, sizes: Sizes) -> bytes:
        made = stages.ran.artifact
        assert made is not None
        facts: dict[str, object] = {"of": "the base", "flash": sizes.flash, "ram": sizes.ram}
        base = replace(made, build_id=hash_facts(facts), sizes=sizes)
        files = {"app.bin": b"", "firmware.elf": b"", "build.log": b""}
        stored = ArtifactStore(self.root / "bases").save(base, files, facts, []).artifact
        return (stored.directory / MANIFEST).read_bytes()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_pass_whose_firmware_grew_within_its_limits_holds(place: Place) -> None:
    found = place.gate(place.request, base=Sizes(3, 0, 1, 0))  # it has 8 bytes of flash, 1 of RAM
    assert (found.problems, found.verdict) == ((), Verdict.PASS)


@pytest.mark.parametrize(
    ("base", "said"),
    [
        (Sizes(2, 0, 1, 0), "the firmware grew by +6 B of flash (limit 5 B), which the run does not tell"),
        (Sizes(8, 0, -5, 0), "the firmware grew by +6 B of RAM (limit 5 B), which the run does not tell"),
        (None, "base.json is not there: nothing shows how much the firmware grew"),
    ],
)
def test_a_pass_that_its_manifests_speak_against_does_not_hold(
    place: Place, base: Sizes | None, said: str
) -> None:
    assert said in place.gate(place.request, base=base).problems


def test_a_fail_for_a_growth_must_name_its_figures_and_there_must_be_one(place: Place) -> None:
    told = "grew too much since bbbbbbbbbbbb: +6 B of flash (limit 5 B)"
    holds = place.gate(place.request, base=Sizes(2, 0, 1, 0), reason=told)
    assert "which the run does not tell" not in " ".join(holds.problems)
    none = place.gate(place.request, base=Sizes(8, 0, 1, 0), reason=told)
    assert "the run tells of a growth that its manifests do not show" in none.problems


CHANGED = {
    "schema": "hostkit.affected/1",
    "base": "b" * 40,
    "changed": ["hil_tests/test_a.py"],
    "envs": [{"env": "virtual", "affected": False, "reasons": []}],
    "tests": {"all": False, "files": ["test_a"], "reasons": []},
}


def test_what_a_change_touches_is_in_the_evidence_of_what_it_chose(place: Place) -> None:
    request = replace(place.request, rules=Rules(min_rung=Rung.LINKED), affected=CHANGED)
    chosen = place.gate(replace(request, selection="test_a"))
    assert (chosen.problems, chosen.verdict) == ((), Verdict.INCONCLUSIVE)
    (part,) = (place.root / "runs" / "test_a").glob(f"2*/{AFFECTED}")
    assert "hil_tests/test_a.py" in part.read_text()
    for selection in ("test_b", ""):
        other = place.gate(replace(request, selection=selection))
        assert f"{AFFECTED} chooses other tests than those that were asked for" in other.problems
    touched = CHANGED | {"envs": [{"env": "virtual", "affected": True, "reasons": ["app.cpp differs"]}]}
    assert place.gate(replace(request, affected=touched)).holds
    drawn = {"env": "virtual", "affected": True, "reasons": ["lava.cpp is read"], "patterns": ["lava"]}
    lava = replace(request, affected=CHANGED | {"envs": [drawn]})
    selection = "draws-any or draws-lava or test_a"
    assert place.gate(replace(lava, selection=selection)).problems == ()
    for other in ("", "draws-any or test_a", "draws-any or draws-lava"):
        assert not place.gate(replace(lava, selection=other)).holds
