from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.boards.virtual.reset import CHARGE_NS, ResetCircuit, Strap

MS = 1_000_000


def test_opening_a_port_with_both_lines_asserted_resets_nothing() -> None:
    circuit = ResetCircuit()
    assert circuit.set(0, dtr=True) is None
    assert circuit.set(50 * MS, rts=True) is None
    assert not circuit.in_reset


def test_rts_alone_holds_the_chip_in_reset_and_its_release_runs_it() -> None:
    circuit = ResetCircuit()
    assert circuit.set(0, rts=True) is None
    assert circuit.in_reset
    assert circuit.set(100 * MS, rts=False) is Strap.RUN
    assert not circuit.in_reset


def test_the_classic_sequence_of_esptool_ends_in_download_mode() -> None:
    circuit = ResetCircuit()
    circuit.set(0, dtr=False)
    circuit.set(0, rts=True)
    assert circuit.set(100 * MS, dtr=True) is None
    assert circuit.in_reset  # EN charges
    assert circuit.set(150 * MS, rts=False) is Strap.DOWNLOAD
    assert circuit.gpio0_low
    assert circuit.set(200 * MS, dtr=False) is None


def test_the_atomic_sequence_of_esptool_ends_in_download_mode() -> None:
    circuit = ResetCircuit()
    for dtr, rts in ((False, False), (True, True), (False, True)):
        assert circuit.set(0, dtr=dtr, rts=rts) is None
    assert circuit.set(100 * MS, dtr=True, rts=False) is Strap.DOWNLOAD


def test_lines_that_stay_both_asserted_let_en_rise_by_itself_into_the_application() -> None:
    circuit = ResetCircuit()
    circuit.set(0, rts=True)
    circuit.set(10, dtr=True)
    assert circuit.deadline_ns == 10 + CHARGE_NS
    assert circuit.tick(9 + CHARGE_NS) is None
    assert circuit.tick(10 + CHARGE_NS) is Strap.RUN
    assert circuit.deadline_ns is None


@pytest.mark.parametrize("again", [1, 3])
def test_a_second_report_of_the_same_lines_does_not_put_off_the_rise(again: int) -> None:
    circuit = ResetCircuit()
    circuit.set(0, rts=True)
    for step in range(again):
        circuit.set(10 + step, dtr=True)
    assert circuit.deadline_ns == 10 + CHARGE_NS


@given(st.lists(st.tuples(st.booleans(), st.booleans())))
def test_the_strap_is_sampled_once_for_each_reset(moves: list[tuple[bool, bool]]) -> None:
    circuit = ResetCircuit()
    pending = False
    for now, (dtr, rts) in enumerate(moves):
        strap = circuit.set(now, dtr=dtr, rts=rts)
        if rts and not dtr:
            pending = True
        assert strap is None or pending
        if strap is not None:
            pending = False
            assert (strap is Strap.DOWNLOAD) == (dtr and not rts)
        assert circuit.in_reset == pending
