"""What a push may move, from what git tells a hook and what the ledger holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hostkit.errors import UsageError
from hostkit.store.model import ProofKind, Verdict, VerdictRecord
from hostkit.tasks.model import GateCheck
from hostkit.train.admission import Hook, Update, read_updates, refusals

A, ZERO = "a" * 40, "0" * 40
PASS = VerdictRecord(
    *("run", ProofKind.GATE, Verdict.PASS, "wired", "virtual", "p", A, "", False),
    *("virtual", "virt0", "", "", "", ("all passed",), "/evidence", "", 1),
)
MAIN = Update("refs/heads/main", A)


def asked(update: Update, *records: VerdictRecord, broken: bool = False) -> tuple[str, ...]:
    return refusals(
        [update],
        "main",
        lambda _: [GateCheck("virtual")],
        lambda commit: [record for record in records if record.commit == commit],
        lambda record, whole: ("a file was changed",) if whole and broken else (),
    )


def test_a_commit_with_a_signed_pass_goes_in() -> None:
    assert asked(MAIN, PASS) == ()


def test_other_refs_are_let_through_unasked() -> None:
    assert asked(Update("refs/heads/topic", A)) == ()


REFUSED = {
    "nothing": ([], "gate virtual on any was not asked yet"),
    "a fail": ([replace(PASS, verdict=Verdict.FAIL, reasons=("LED 7",))], "fail: LED 7"),
    "a dirty pass": ([replace(PASS, dirty=True)], "gate virtual on any was not asked yet"),
    "a part": ([replace(PASS, selection="x")], "gate virtual on any was not asked yet"),
    "a low rung": (
        [replace(PASS, rung="booted")],
        "inconclusive: a pass on a virtual board up to rung booted is not enough",
    ),
}


@pytest.mark.parametrize(("records", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_a_commit_without_a_pass_is_refused_with_the_reason(records: list[VerdictRecord], why: str) -> None:
    assert asked(MAIN, *records) == (f"main takes no {A[:12]}: {why}",)


def test_a_pass_whose_evidence_was_touched_is_refused() -> None:
    said = "the evidence of its pass is not intact: a file was changed"
    assert asked(MAIN, PASS, broken=True) == (f"main takes no {A[:12]}: {said}",)


def test_the_branch_is_not_deleted() -> None:
    assert asked(Update("refs/heads/main", ZERO)) == ("main is protected: it is not deleted",)


def test_both_hooks_input_is_read_as_git_writes_it() -> None:
    assert read_updates(Hook.PRE_PUSH, f"refs/heads/x {A} refs/heads/main {ZERO}\n") == (MAIN,)
    assert read_updates(Hook.PRE_RECEIVE, f"{ZERO} {A} refs/heads/main\n") == (MAIN,)
    assert read_updates(Hook.PRE_PUSH, "") == ()


def test_input_that_git_does_not_write_is_an_error() -> None:
    with pytest.raises(UsageError, match="is not what git tells a pre-receive hook") as caught:
        read_updates(Hook.PRE_RECEIVE, "main\n")
    assert caught.value.hint == "git runs it; by hand there is nothing to check"


def test_every_check_must_be_met() -> None:
    said = refusals(
        [MAIN],
        "main",
        lambda _: [GateCheck("virtual"), GateCheck("esp32c3", "sim0")],
        lambda _: [PASS],
        lambda record, whole: (),
    )
    assert said == (f"main takes no {A[:12]}: gate esp32c3 on sim0 was not asked yet",)
