"""The table [gate] of hostkit.toml: read with types, and every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostkit.boards.model import Fidelity
from hostkit.errors import UsageError
from hostkit.settings.load import load_settings
from hostkit.settings.rules import MergeRules, Requirement, parse_rules, read_rules
from hostkit.store.model import Rung

KEY = "5f" * 32
TEXT = f"""env = "virtual"

[gate]
may_waive = ["{KEY}"]

[[gate.require]]
env = "virtual"
min_rung = "timed"

[[gate.require]]
env = "esp32c3"
boards = ["sim0", "sim1"]
min_fidelity = "simulated"
"""


def test_envs_boards_rungs_and_fidelities_are_read_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "hostkit.toml").write_text(TEXT)
    rules = read_rules(tmp_path)
    assert rules.may_waive == [KEY]
    first, second = rules.require
    assert (first.env, first.boards, first.rung, first.fidelity) == (
        "virtual",
        [],
        Rung.TIMED,
        Fidelity.VIRTUAL,
    )
    assert (second.boards, second.rung, second.fidelity) == (
        ["sim0", "sim1"],
        Rung.WIRED,
        Fidelity.SIMULATED,
    )
    assert rules.of_env("esp32c3") == second
    assert rules.of_env("esp32") is None
    assert load_settings(tmp_path, {}, {}).settings.env == "virtual"


def test_without_the_file_or_the_table_nothing_is_required_and_nobody_may_waive(tmp_path: Path) -> None:
    assert read_rules(tmp_path) == MergeRules()
    assert parse_rules('env = "virtual"', "hostkit.toml") == MergeRules()


WRONG = {
    "a word": (TEXT.replace('"timed"', '"tined"'), 8, "gate.require.0.min_rung: input should be 'built'"),
    "a key": (TEXT.replace(KEY, "me"), 4, "gate.may_waive.0: string should match pattern"),
    "a name": (
        TEXT.replace("boards =", "board ="),
        12,
        "gate.require.1.board: extra inputs are not permitted",
    ),
    "no env": (TEXT.replace('env = "esp32c3"\n', ""), 10, "gate.require.1.env: field required"),
    "an unknown rule": (TEXT.replace("may_waive", "might_waive"), 4, "gate.might_waive: extra inputs"),
    "no table": ("gate = 3\n", 1, "gate: input should be"),
}


@pytest.mark.parametrize(("text", "line", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_told_with_its_line_and_what_may_stand_there(text: str, line: int, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_rules(text, "hostkit.toml")
    assert caught.value.message.startswith(f"hostkit.toml:{line}: {said}")
    assert "[[gate.require]] has env, boards, min_rung, min_fidelity" in caught.value.hint


def test_a_file_that_is_no_toml_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"hostkit\.toml: ") as caught:
        parse_rules("[gate", "hostkit.toml")
    assert caught.value.hint == "see https://toml.io for the syntax"


def test_a_requirement_that_says_only_its_env_asks_for_the_same_as_a_gate_does() -> None:
    assert (Requirement(env="x").rung, Requirement(env="x").fidelity) == (Rung.WIRED, Fidelity.VIRTUAL)
