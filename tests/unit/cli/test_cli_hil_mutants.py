"""``hostkit hil`` with and without a verb behind it, and what `hil mutants` says before anything runs."""

import json

import pytest

from hostkit.cli.main import run
from hostkit.errors import ExitCode

FAULT = """
area = "some"

[[fault]]
name = "one-more"
about = "a is two instead of one"
file = "firmware/lib/a.cpp"
old = "a = 1"
new = "a = 2"
"""


@pytest.fixture
def project(tmp_path_factory, monkeypatch):
    tmp_path = tmp_path_factory.mktemp("project")
    for name, text in {
        "platformio.ini": "[env:virtual]\n",
        "boards.toml": '[boards.desk]\nkind = "serial"\nchip = "esp32"\nport = "/dev/ttyUSB9"\n',
        "firmware/lib/a.cpp": "int f() {\n    int a = 1;\n    return a + 1;\n}\n",
        "mutants/some.toml": FAULT,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOSTKIT_STATE_DIR", str(tmp_path_factory.mktemp("state")))
    monkeypatch.setenv("HOSTKIT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    return tmp_path


def test_the_list_names_planted_and_generic_ones(project, capsys):
    assert run(["hil", "mutants", "--list", "--generic", "3"]) == ExitCode.PASS
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "planted  some: one-more: a is two instead of one"
    assert len(lines) == 4
    assert all(line.startswith("generic  ") and "a.cpp:" in line for line in lines[1:])


def test_the_list_as_json_has_each_edit(project, capsys):
    assert run(["hil", "mutants", "--list", "--json", "--only", "one-*"]) == ExitCode.PASS
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["name"], one["old"], one["new"]) == ("one-more", "a = 1", "a = 2")


def test_a_name_that_fits_none_is_refused(project, capsys):
    assert run(["hil", "mutants", "--list", "--only", "none-such"]) == ExitCode.USAGE
    assert "there is no such mutant" in capsys.readouterr().err


def test_a_planted_fault_that_does_not_apply_is_an_error_and_not_skipped(project, capsys):
    (project / "firmware" / "lib" / "a.cpp").write_text("int a = 5;\n")
    assert run(["hil", "mutants", "--generic", "1"]) == ExitCode.USAGE
    assert "one-more does not apply" in capsys.readouterr().err


def test_a_real_board_is_refused_before_anything_is_built(project, capsys):
    assert run(["hil", "mutants", "-b", "desk"]) == ExitCode.USAGE
    assert "board desk is serial" in capsys.readouterr().err


def test_options_of_the_suite_in_front_of_a_verb_are_refused(project, capsys):
    assert run(["hil", "-b", "desk", "mutants", "--list"]) == ExitCode.USAGE
    assert "write -b behind 'mutants': hostkit hil mutants -b" in capsys.readouterr().err


def test_the_suite_alone_takes_its_options_as_ever(project, capsys):
    assert run(["hil", "-b", "none", "-k", "wire"]) == ExitCode.USAGE
    assert "there is no board 'none'" in capsys.readouterr().err


def test_an_unknown_verb_is_answered_with_the_nearest(project, capsys):
    assert run(["hil", "mutant"]) == ExitCode.USAGE
    assert "Did you mean 'mutants'?" in capsys.readouterr().err
