"""`hostkit verify`: what holds, and that nothing can be edited, re-hashed, swapped or added unseen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostkit.files import pretty_json
from hostkit.gate.derive import derive
from hostkit.gate.dsse import EnvelopeError, read_envelope
from hostkit.gate.folder import Folder, read_folder
from hostkit.gate.keys import PublicKey, open_signer
from hostkit.gate.model import Rules, Stage, Stop
from hostkit.gate.request import Bench, GateRequest
from hostkit.gate.seal import SEAL, differences
from hostkit.gate.statement import FIELDS, Origin, predicate_of, read_statement, statement_json
from hostkit.gate.verify import Verification, verify, verify_folder
from hostkit.hil.observations import Outcome
from hostkit.pipeline import run_gate
from hostkit.process import SystemRunner
from hostkit.settings.model import Settings
from hostkit.settings.paths import Paths
from hostkit.store.model import Rung, Verdict
from hostkit.testing.clock import FakeClock
from hostkit.testing.keys import a_signer
from hostkit.testing.stages import PlayedStages, a_test

PAYLOAD = "application/vnd.in-toto+json"


@dataclass
class Made:
    """A sealed bundle as a gate left it, and the means to check copies of it that were tampered with."""

    directory: Path
    paths: Paths

    @property
    def key(self) -> PublicKey:
        return open_signer(self.paths, {}, ()).public

    @property
    def files(self) -> dict[str, bytes]:
        return dict(read_folder(self.directory).files)

    def check(self, files: dict[str, bytes]) -> Verification:
        return verify_folder(Folder(files), self.key)

    def resealed(self, files: dict[str, bytes], *, signer: Any = None, **said: Any) -> dict[str, bytes]:
        """Hash everything anew and sign it, with a statement that follows from the parts but for ``said``."""
        kept = {name: data for name, data in files.items() if name != SEAL}
        signer = signer or open_signer(self.paths, {}, ())
        predicate = predicate_of(derive(kept), Origin(1)) | said
        return kept | {SEAL: signer.sign(PAYLOAD, statement_json(kept, predicate)).to_json()}


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Made]:
    def made(**changes: Any) -> Made:
        root = tmp_path_factory.mktemp("verify")
        (root / "project").mkdir()
        paths = Paths(root / "state", root / "cache")
        bench = Bench(paths, Settings(), SystemRunner(), FakeClock(), {}, root / "runs")
        request = GateRequest(root / "project", "virtual", "virt0", Rules(min_rung=Rung.LINKED), ledger=False)
        result = run_gate(request, bench, PlayedStages("", **changes).of)
        return Made(Path(result.evidence), paths)

    return made


@pytest.fixture(scope="module")
def made(make: Callable[..., Made]) -> Made:
    return make(tests=(a_test(), a_test("hil_tests/test_a.py::test_b", outcome=Outcome.PASSED)))


def edit(files: dict[str, bytes], name: str, change: Callable[[Any], Any]) -> dict[str, bytes]:
    value = json.loads(files[name])
    return files | {name: pretty_json(change(value) or value)}


def test_an_untouched_bundle_holds_for_its_verdict(made: Made) -> None:
    found = verify(made.directory, made.key)
    assert (found.problems, found.verdict) == ((), Verdict.PASS)
    assert found.statement["run"] == made.directory.name
    assert found.holds


def test_it_holds_elsewhere_with_the_public_key_alone(made: Made, tmp_path: Path) -> None:
    shutil.copytree(made.directory, tmp_path / "copy")
    (tmp_path / "pub.pem").write_text(made.key.pem())
    argv = [sys.executable, "-P", "-m", "hostkit", "verify", "copy", "--key", "pub.pem", "--json"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOSTKIT_")}
    env = kept | {"HOSTKIT_STATE_DIR": str(tmp_path / "none")}
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["holds"], said["verdict"], said["problems"]) == (True, "pass", [])
    assert (said["key"]["key_id"], said["key"]["whose"]) == (made.key.key_id, "the key in pub.pem")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"tests": (a_test(outcome=Outcome.FAILED, message="LED 7"),)}, Verdict.FAIL),
        ({"tests": (a_test(), a_test("t::b", outcome=Outcome.LOST))}, Verdict.INCONCLUSIVE),
        ({"stop": Stop(Stage.BUILD, Verdict.FAIL, "main.cpp:3: error", "look")}, Verdict.FAIL),
        ({"build": "f" * 64}, Verdict.INVALID),
    ],
)
def test_a_bundle_holds_for_every_other_verdict_too(
    make: Callable[..., Made], changes: dict[str, Any], verdict: Verdict
) -> None:
    made = make(**changes)
    found = verify(made.directory, made.key)
    if "build" in changes:  # the flash record itself says another build than the board did
        assert found.problems == ("in boot.jsonl nobody says what flash.json says of the boot",)
    else:
        assert (found.problems, found.verdict) == ((), verdict)


@settings(max_examples=200)
@given(st.data())
def test_no_bit_of_any_file_can_be_flipped(made: Made, data: st.DataObject) -> None:
    files = made.files
    name = data.draw(st.sampled_from(sorted(files)))
    place, bit = data.draw(st.integers(0, len(files[name]) - 1)), data.draw(st.integers(0, 7))
    flipped = bytearray(files[name])
    flipped[place] ^= 1 << bit
    assert not made.check(files | {name: bytes(flipped)}).holds


def test_every_byte_of_every_file_counts(made: Made) -> None:
    files = made.files
    envelope = read_envelope(files.pop(SEAL))
    statement = read_statement(envelope)
    for name, data in files.items():
        for place in range(min(len(data), 600)):
            flipped = bytearray(data)
            flipped[place] ^= 1 << place % 8
            assert differences(files | {name: bytes(flipped)}, statement) == (f"{name} was changed",)
    sealed = envelope.to_json()
    for place in range(len(sealed)):
        flipped = bytearray(sealed)
        flipped[place] ^= 1 << place % 8
        with pytest.raises(EnvelopeError):
            made.key.check(read_envelope(bytes(flipped)))


@pytest.mark.parametrize("name", ["junit.xml", "measurements.json", "observations.jsonl", "verdict.json"])
def test_a_file_that_was_left_out_is_missing(made: Made, name: str) -> None:
    files = made.files
    del files[name]
    assert f"{name} is missing" in made.check(files).problems
    with_new_hashes = made.check(made.resealed(files)).problems
    assert with_new_hashes


def test_an_added_file_is_named(made: Made) -> None:
    assert made.check(made.files | {"more.txt": b""}).problems == ("more.txt was added",)


def test_an_edited_junit_file_is_found_also_when_everything_is_signed_anew(made: Made) -> None:
    files = made.files
    files["junit.xml"] = files["junit.xml"].replace(b'failures="0"', b'failures="1"')
    assert made.check(files).problems == (
        "junit.xml was changed",
        "junit.xml is not the report of observations.jsonl",
    )
    assert made.check(made.resealed(files)).problems == ("junit.xml is not the report of observations.jsonl",)


def test_an_edited_measurement_with_all_hashes_recomputed_needs_the_key(made: Made) -> None:
    files = made.files
    for name in ("observations.jsonl", "measurements.json", "verdict.json", "junit.xml"):
        assert b"30.0" in files[name]
        files[name] = files[name].replace(b"30.0", b"60.0")
    found, other = made.check(made.resealed(files, signer=a_signer())), a_signer().public.key_id[:16]
    assert found.problems == (
        f"evidence.json: it names the key {other}, this user's key is {made.key.key_id[:16]}",
    )
    borrowed = read_envelope(made.files[SEAL])
    resealed = read_envelope(made.resealed(files, signer=a_signer())[SEAL])
    forged = replace(resealed, key_id=borrowed.key_id, signature=borrowed.signature).to_json()
    assert made.check(files | {SEAL: forged}).problems == (
        f"evidence.json: the signature is not by this user's key ({made.key.key_id[:16]})",
    )


def test_an_edited_measurement_alone_is_found_also_when_everything_is_signed_anew(made: Made) -> None:
    files = made.files
    files["measurements.json"] = files["measurements.json"].replace(b"30.0", b"60.0")
    assert made.check(made.resealed(files)).problems == (
        "measurements.json does not hold the numbers of observations.jsonl",
    )


def test_a_bundle_that_another_key_signed_does_not_hold_for_this_one(made: Made) -> None:
    files = made.resealed(made.files, signer=a_signer())
    (problem,) = made.check(files).problems
    assert problem.startswith("evidence.json: it names the key")
    assert verify_folder(Folder(files), a_signer().public).holds


def test_an_edited_verdict_is_found_also_when_everything_is_signed_anew(make: Callable[..., Made]) -> None:
    made = make(tests=(a_test(outcome=Outcome.FAILED, message="LED 7"),))
    files = edit(made.files, "verdict.json", lambda value: value.update(verdict="pass", reasons=[]))
    found = made.check(made.resealed(files, verdict="pass", rung="linked", reasons=[]))
    assert found.problems == (
        "verdict.json is not the verdict that the other parts make",
        "the statement says of reasons what does not follow from the parts",
        "the statement says of rung what does not follow from the parts",
        "the statement says of verdict what does not follow from the parts",
    )
    assert found.verdict is None


def test_a_deleted_observation_is_found_also_when_all_that_counts_it_is_edited(made: Made) -> None:
    files = made.files
    lines = [json.loads(line) for line in files["observations.jsonl"].splitlines()]
    kept = [line for line in lines if line.get("test") != "hil_tests/test_a.py::test_b"]
    assert len(kept) == len(lines) - 1
    kept[1]["tests"] = kept[-1]["collected"] = kept[-1]["counts"]["passed"] = 1
    files["observations.jsonl"] = "".join(json.dumps(line) + "\n" for line in kept).encode()
    files |= derive(files).written()
    assert made.check(made.resealed(files)).problems == (
        "link.jsonl shows hil_tests/test_a.py::test_b, of which observations.jsonl tells nothing",
    )


def test_a_board_that_never_said_so_in_the_transcript_is_found(made: Made) -> None:
    files = made.files
    build = derive(files).run and json.loads(files["manifest.json"])["build_id"]
    files["link.jsonl"] = files["link.jsonl"].replace(
        build.encode().hex().encode(), (b"0" * 64).hex().encode()
    )
    problems = made.check(made.resealed(files)).problems
    assert f"no board says in link.jsonl that it runs build {build[:12]}, as the tests have it" in problems


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("flash.json", b'"offset": 65536', b'"offset": 0', "flash.json is not about the images"),
        ("flash.json", b'"board": "virt0"', b'"board": "virt1"', "flash.json is of another board"),
        ("flash.json", b'3237998081,\n  "port"', b'5,\n  "port"', "nobody says what flash.json says"),
        ("flash.json", b'"nonce": 3237998081', b'"nonce": 5', "tell of different challenges"),
        ("tools.json", b'"zig": "0"', b'"zig": "1"', "names another toolchain than the manifest"),
        ("observations.jsonl", b'"board": "virt0"', b'"board": "x"', "is of another board than the run"),
        ("challenge.json", b'"holds": true', b'"holds": false', "says of an answer what does not follow"),
        ("link.jsonl", b'"dir": "rx"', b'"dir": "?"', "line 4 is none of a transcript"),
    ],
)
def test_parts_that_say_different_things_are_found_also_when_everything_is_signed_anew(
    made: Made, name: str, old: bytes, new: bytes, said: str
) -> None:
    files = made.files
    assert old in files[name]
    files[name] = files[name].replace(old, new, 1)
    assert any(said in problem for problem in made.check(made.resealed(files)).problems)


def test_a_challenge_that_was_not_asked_on_the_line_is_found(made: Made) -> None:
    files = made.files
    files["end.jsonl"] = files["boot.jsonl"]
    assert made.check(made.resealed(files)).problems == (
        "the challenge hil of challenge.json was not asked and answered in end.jsonl",
    )


def test_every_field_of_the_statement_must_follow_from_the_parts(made: Made) -> None:
    fields = set(predicate_of(derive(made.files), Origin(1))) - {"decided_ns", "ledger", "hostkit"}
    for name in fields:
        found = made.check(made.resealed(made.files, **{name: "x"}))
        assert found.problems == (f"the statement says of {name} what does not follow from the parts",), name
    extra = made.check(made.resealed(made.files, more=1))
    assert extra.problems == ("the statement says of more what does not follow from the parts",)
    other = made.check(made.resealed(made.files, rung="x", hostkit="9"))
    assert other.problems[0].endswith("(it is of hostkit 9)")


def of_another_version(made: Made, files: dict[str, bytes], **said: Any) -> dict[str, bytes]:
    return made.resealed(files, hostkit="9", **said)


def test_what_another_version_worded_holds_for_its_values(make: Callable[..., Made]) -> None:
    made = make(tests=(a_test(outcome=Outcome.FAILED, message="LED 7"),))
    words = {"reasons": ["a test was not content"], "open": []}
    files = edit(made.files, "verdict.json", lambda value: value.update(words, later={"a": 1}))
    files["junit.xml"] = files["junit.xml"].replace(b"<testsuites", b"<testsuites ")
    found = made.check(of_another_version(made, files, reasons=words["reasons"], later=1))
    assert (found.problems, found.verdict, found.worded_by) == ((), Verdict.FAIL, "9")
    assert "LED 7" in found.reasons[0], "what is told are the reasons that follow, in our words"
    mine = made.check(made.resealed(files, reasons=words["reasons"]))
    assert len(mine.problems) == 3, "what this version wrote is held to the byte"


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("verdict.json", {"verdict": "pass"}, {}),
        ("verdict.json", {"rung": "timed"}, {}),
        ("verdict.json", {}, {"verdict": "pass"}),
        ("verdict.json", {}, {"rung": "timed"}),
        ("verdict.json", {}, {"build_id": "0" * 64}),
        ("verdict.json", {}, {"board": {"name": "virt9"}}),
    ],
)
def test_no_value_is_taken_from_another_version_that_does_not_follow_from_the_parts(
    make: Callable[..., Made], name: str, change: dict[str, Any], said: dict[str, Any]
) -> None:
    made = make(tests=(a_test(outcome=Outcome.FAILED, message="LED 7"),))
    files = edit(made.files, name, lambda value: value.update(change))
    (problem,) = made.check(of_another_version(made, files, **said)).problems
    assert (problem.startswith("the statement says of") and problem.endswith("(it is of hostkit 9)")) == bool(
        said
    )


def test_another_versions_statement_has_all_fields_of_the_first(made: Made) -> None:
    kept = {name: data for name, data in made.files.items() if name != SEAL}
    whole = predicate_of(derive(kept), Origin(1, hostkit="9"))
    assert set(whole) >= FIELDS
    for name in FIELDS - {"decided_ns", "ledger", "hostkit"}:
        less = {key: value for key, value in whole.items() if key != name}
        sealed = open_signer(made.paths, {}, ()).sign(PAYLOAD, statement_json(kept, less)).to_json()
        assert made.check(kept | {SEAL: sealed}).problems == (
            f"the statement says of {name} what does not follow from the parts (it is of hostkit 9)",
        )


HOSTILE = [b"", b"\xff", b"[" * 200_000, b'{"a": NaN}', b"9" * 10_000, b"null", b'{"\\ud800": 1}', b'"a"']


@pytest.mark.parametrize(
    "name", ["run.json", "suite.json", "flash.json", "manifest.json", "tools.json", SEAL]
)
def test_hostile_parts_are_problems_never_a_crash(made: Made, name: str) -> None:
    for data in HOSTILE:
        assert not made.check(made.files | {name: data}).holds
        if name != SEAL:
            unsigned = {key: value for key, value in made.files.items() if key != SEAL} | {name: data}
            payload = statement_json(unsigned, {"decided_ns": 1, "ledger": "", "hostkit": "1"})
            signed = open_signer(made.paths, {}, ()).sign(PAYLOAD, payload)
            assert not made.check(unsigned | {SEAL: signed.to_json()}).holds


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["run.json", "observations.jsonl", "link.jsonl", "challenge.json", "crashes.json"]),
        st.binary(max_size=200)
        | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(pretty_json),
        min_size=1,
    )
)
def test_anything_for_a_part_is_invalid_and_never_raises(made: Made, parts: dict[str, bytes]) -> None:
    assert not made.check(made.files | parts).holds


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b"[]",
        b'{"_type": "x", "predicateType": "y", "subject": [], "predicate": {}}',
        pretty_json(
            {
                "_type": "https://in-toto.io/Statement/v1",
                "predicateType": "urn:hostkit:verdict:v1",
                "subject": [{"name": "../../etc/passwd", "digest": {"sha256": 3}}],
                "predicate": {"decided_ns": 1, "ledger": "", "hostkit": "1"},
            }
        ),
    ],
)
def test_a_payload_that_is_no_such_statement_is_refused(made: Made, payload: bytes) -> None:
    signed = open_signer(made.paths, {}, ()).sign(PAYLOAD, payload).to_json()
    (problem,) = made.check(made.files | {SEAL: signed}).problems
    assert "no statement about a bundle" in problem


def test_names_that_lead_outside_are_only_names(made: Made) -> None:
    files = made.resealed(made.files | {"../../outside": b"x"})
    del files["../../outside"]
    assert made.check(files).problems == ("../../outside is missing",)


def test_links_and_folders_of_nothing_are_said(made: Made, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made.directory, copy)
    (copy / "run.json").rename(tmp_path / "run.json")
    (copy / "run.json").symlink_to(tmp_path / "run.json")
    (copy / "empty").mkdir()
    problems = verify(copy, made.key).problems
    assert problems[:3] == (
        "empty/ is a folder with nothing in it",
        "run.json is a link",
        "run.json is missing",
    )
    assert verify(tmp_path / "none", made.key).problems[1] == "evidence.json is not there: nothing is signed"
