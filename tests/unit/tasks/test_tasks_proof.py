"""What the ledger must hold before a check counts as passed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.model import Fidelity
from hostkit.store.model import ProofKind, Rung, Verdict, VerdictRecord
from hostkit.tasks.checks import CommandCheck
from hostkit.tasks.model import GateCheck
from hostkit.tasks.proof import judge, proofs_of
from hostkit.testing.store import a_pass

GATE = GateCheck("virtual", "any", Rung.WIRED, Fidelity.VIRTUAL)
COMMAND = CommandCheck(("make", "test"))
PASS = a_pass(rung="timed", reasons=("62 tests passed",), evidence="/runs/r")
FAIL = replace(PASS, verdict=Verdict.FAIL, reasons=("test_symbols failed: LED 7",))
LOST = replace(PASS, verdict=Verdict.INCONCLUSIVE, reasons=("no board",))


def test_a_pass_high_enough_is_a_pass_with_its_evidence() -> None:
    (proof,) = proofs_of([GATE], [PASS])
    assert (proof.verdict, proof.reason, proof.evidence) == (Verdict.PASS, "62 tests passed", "/runs/r")


def test_an_empty_ledger_proves_nothing() -> None:
    (proof,) = proofs_of([GATE], [])
    assert proof.verdict is None
    assert judge([proof]) is None
    assert judge([]) is None


@pytest.mark.parametrize(
    "record",
    [
        replace(PASS, dirty=True),
        replace(PASS, selection="solid"),
        replace(PASS, env="esp32"),
        replace(PASS, kind=ProofKind.COMMAND),
    ],
    ids=["uncommitted changes", "a selection", "another env", "a command's pass"],
)
def test_a_pass_of_something_else_is_no_answer(record: VerdictRecord) -> None:
    assert proofs_of([GATE], [record])[0].verdict is None


def test_a_pass_on_another_board_than_the_named_one_is_no_answer() -> None:
    assert proofs_of([replace(GATE, board="desk")], [PASS])[0].verdict is None
    assert proofs_of([replace(GATE, board="virt0")], [PASS])[0].verdict is Verdict.PASS


@pytest.mark.parametrize(
    "check", [replace(GATE, min_rung=Rung.SOAKED), replace(GATE, min_fidelity=Fidelity.BOARD)]
)
def test_a_pass_that_showed_too_little_is_inconclusive(check: GateCheck) -> None:
    (proof,) = proofs_of([check], [PASS])
    assert proof.verdict is Verdict.INCONCLUSIVE
    assert "virtual board up to rung timed is not enough" in proof.reason


def test_the_newest_pass_or_fail_counts_and_a_lost_board_changes_neither() -> None:
    assert proofs_of([GATE], [PASS, FAIL])[0].verdict is Verdict.FAIL
    assert proofs_of([GATE], [FAIL, PASS])[0].verdict is Verdict.PASS
    assert proofs_of([GATE], [PASS, LOST])[0].verdict is Verdict.PASS
    assert proofs_of([GATE], [FAIL, LOST])[0].verdict is Verdict.FAIL
    assert proofs_of([GATE], [LOST])[0].verdict is Verdict.INCONCLUSIVE


def test_a_command_is_known_by_its_whole_argv() -> None:
    passed = replace(PASS, kind=ProofKind.COMMAND, suite=COMMAND.digest, rung="", fidelity="")
    assert proofs_of([COMMAND], [passed])[0].verdict is Verdict.PASS
    assert proofs_of([CommandCheck(("make test",))], [passed])[0].verdict is None


RECORDS = st.lists(
    st.builds(
        replace,
        st.just(PASS),
        verdict=st.sampled_from(Verdict),
        dirty=st.booleans(),
        selection=st.sampled_from(["", "k"]),
        env=st.sampled_from(["virtual", "esp32"]),
        rung=st.sampled_from(["", *(rung.word for rung in Rung)]),
        kind=st.sampled_from(ProofKind),
        suite=st.sampled_from([COMMAND.digest, "d" * 64]),
    ),
    max_size=6,
)


@given(RECORDS)
def test_a_task_passes_only_if_the_ledger_has_a_clean_whole_pass_for_every_check(
    records: list[VerdictRecord],
) -> None:
    if judge(proofs_of([GATE, COMMAND], records)) is not Verdict.PASS:
        return
    clean = [record for record in records if record.verdict is Verdict.PASS and not record.dirty]
    assert any(r.kind is ProofKind.COMMAND and r.suite == COMMAND.digest for r in clean)
    assert any(
        r.kind is ProofKind.GATE
        and r.env == "virtual"
        and not r.selection
        and r.rung
        and Rung.from_word(r.rung) >= Rung.WIRED
        for r in clean
    )
