"""The same suite on another instruction set, and a fault that only that port has."""

from __future__ import annotations

import json

import pytest

from hostkit.errors import ExitCode

GATE = ("gate", "-e", "esp32c3", "-b", "sim0")
SYMBOLS = "firmware/ports/esp32c3/rmt_symbols.hpp"

pytest.importorskip("labwired", reason="not run: pip install 'hostkit[sim]'")


@pytest.mark.timeout(600)
def test_the_simulated_board_passes_the_whole_suite(hostkit, checkout) -> None:
    ran = hostkit(
        *GATE, "--min-rung", "timed", "--min-fidelity", "simulated", "--json", cwd=checkout.path, timeout=580
    )
    assert ran.code == ExitCode.PASS, ran
    said = json.loads(ran.out)
    assert (said["verdict"], said["fidelity"]) == ("pass", "simulated")


@pytest.mark.parametrize("short_by", [170, 250, 350])
def test_a_one_that_is_too_short_in_the_table_of_this_port_fails_on_the_wire(
    hostkit, checkout, short_by: int
) -> None:
    checkout.replace(SYMBOLS, "rmt_ticks(kOneHighNs),", f"rmt_ticks(kOneHighNs - {short_by}),")
    checkout.commit("esp32c3: another T1H")
    ran = hostkit(*GATE, "-k", "plain_colours_reach_the_leds", cwd=checkout.path, timeout=300)
    assert ran.code == ExitCode.FAIL, ran
    assert "wire" in ran.out
