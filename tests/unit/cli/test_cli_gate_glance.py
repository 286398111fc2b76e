"""`hostkit gate` before click: it understands a command line as click does, or leaves it alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.cli.gate import gate_command
from hostkit.cli.gate_glance import answered, asked
from hostkit.cli.gate_known import asked_options

NAMES = ("-e", "--env", "-b", "--board", "--min-rung", "--min-fidelity", "--env=x", "-ex")
WORDS = ("virtual", "virt0", "wired", "board", "--json", "--cached", "--fresh", "-k", "--onto", "")

HEAVY = ("numpy", "sqlalchemy", "pydantic", "rich", "yaml", "cbor2", "pytest", "hostkit.store.model")


@given(st.lists(st.sampled_from((*NAMES, *WORDS)), max_size=8))
def test_a_command_line_says_the_same_here_as_to_click_or_is_left_to_it(words: list[str]) -> None:
    here = asked(words)
    if here is None:
        return
    try:
        params = gate_command.make_context("gate", list(words)).params
    except click.UsageError:
        return  # nothing ever passed that was asked so: the verb is asked next, and says it
    said = {name: params[name] for name in ("env", "board", "min_rung", "min_fidelity", "no_flash", "soak")}
    assert asked_options(**here.options) == asked_options(**said)
    assert (here.as_json, here.cached) == (params["as_json"], params["cached"])
    left = ("selection", "rules_at", "affected", "base", "onto", "retries", "lease_timeout", "verbose")
    assert not any(params[name] for name in left)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], {}),
        (["-e", "virtual", "-b", "virt0"], {"env": "virtual", "board": "virt0"}),
        (["--json", "--board", "a", "--min-rung", "timed"], {"board": "a", "min_rung": "timed"}),
    ],
)
def test_what_people_type_again_and_again_is_understood(words: list[str], options: dict[str, str]) -> None:
    here = asked(words)
    assert here is not None
    assert here.options == options


@pytest.mark.parametrize("words", [["--fresh"], ["-k", "lava"], ["-evirtual"], ["-b"], ["--help"], ["more"]])
def test_all_else_is_left_to_click(words: list[str]) -> None:
    assert asked(words) is None
    assert not answered(words)


def test_outside_of_a_project_nothing_is_answered_nor_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not answered([])
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        ("hostkit.cli.main, hostkit.cli.gate_glance", ("click", *HEAVY)),
        ("hostkit.cli.gate, hostkit.cli.gate_cached", HEAVY[:-1]),
    ],
    ids=["at a glance", "by the verb"],
)
def test_what_is_known_is_answered_without_anything_heavy(modules: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, hostkit.gate.witness, hostkit.gate.keys, {modules}\n"
    code += f"print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
