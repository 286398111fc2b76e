from __future__ import annotations

from pathlib import Path

import pytest

from hostkit.errors import UsageError
from hostkit.settings.load import load_settings
from hostkit.settings.model import Origin, Settings, Source


def test_without_anything_set_every_value_is_the_default(tmp_path: Path) -> None:
    resolved = load_settings(tmp_path, {}, {})
    assert resolved.settings == Settings()
    assert set(resolved.origins) == set(Settings.model_fields)
    assert {o.source for o in resolved.origins.values()} == {Source.DEFAULT}


def test_each_layer_wins_over_the_one_before_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "hostkit.toml").write_text('# mine\nenv = "file"\nboard = "file"\nhil_timeout_s = 1.5\n')
    env = {"HOSTKIT_BOARD": "environment", "HOSTKIT_HIL_TIMEOUT_S": "2.5"}
    resolved = load_settings(tmp_path, env, {"hil_timeout_s": 3.5, "board": None})
    assert resolved.settings.env == "file"
    assert resolved.origins["env"] == Origin(Source.FILE, "hostkit.toml:2")
    assert resolved.settings.board == "environment"
    assert resolved.origins["board"] == Origin(Source.ENVIRONMENT, "HOSTKIT_BOARD")
    assert resolved.settings.hil_timeout_s == 3.5
    assert resolved.origins["hil_timeout_s"] == Origin(Source.COMMAND_LINE, "--hil-timeout-s")


def test_an_unknown_setting_is_answered_with_line_and_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "hostkit.toml").write_text('env = "virtual"\nbord = "virt0"\n')
    with pytest.raises(UsageError, match=r"hostkit\.toml:2: unknown setting bord") as caught:
        load_settings(tmp_path, {}, {})
    assert caught.value.hint == "did you mean board?"


@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan"])
def test_a_bad_time_out_names_the_variable_and_what_it_is_for(tmp_path: Path, value: str) -> None:
    with pytest.raises(UsageError, match="HOSTKIT_BUILD_TIMEOUT_S: build_timeout_s") as caught:
        load_settings(tmp_path, {"HOSTKIT_BUILD_TIMEOUT_S": value}, {})
    assert "Default: 600.0" in caught.value.hint


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "hostkit.toml").write_text("env = virtual\n")
    with pytest.raises(UsageError, match=r"hostkit\.toml: .*line 1"):
        load_settings(tmp_path, {}, {})


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hostkit.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot read"):
        load_settings(tmp_path, {}, {})


def test_where_evidence_and_verdicts_go_are_settings_like_others(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {}, {}).settings.runs_dir == ".hostkit/runs"
    env = {"HOSTKIT_RUNS_DIR": "/elsewhere", "HOSTKIT_DATABASE_URL": "postgresql+psycopg://h/d"}
    settings = load_settings(tmp_path, env, {}).settings
    assert (settings.runs_dir, settings.database_url) == ("/elsewhere", "postgresql+psycopg://h/d")
