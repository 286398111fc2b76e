from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from hostkit.cli import main, verbs
from hostkit.cli.context import Context, find_project
from hostkit.cli.lazy import TellingGroup, Verb
from hostkit.clock import SystemClock
from hostkit.errors import (
    ExitCode,
    FailedError,
    HostkitError,
    InconclusiveError,
    InvalidError,
    ToolError,
    UsageError,
)
from hostkit.settings.paths import Paths
from hostkit.testing.process import FakeRunner

HEAVY = ("numpy", "sqlalchemy", "pydantic", "yaml", "serial", "rich", "cbor2", "pytest")


def _raising(error: BaseException) -> click.Command:
    def command() -> None:
        raise error

    return click.Command("boom", callback=command)


@pytest.fixture
def boom(monkeypatch: pytest.MonkeyPatch):
    """Make `hostkit boom` a verb that raises what the test says."""

    def install(error: BaseException) -> None:
        monkeypatch.setitem(verbs.VERBS, "boom", Verb("x:y", "Raise."))
        monkeypatch.setattr(Verb, "load", lambda self: _raising(error))

    return install


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FailedError("m", hint="h"), 1),
        (UsageError("m", hint="h"), 2),
        (InconclusiveError("m", hint="h"), 3),
        (InvalidError("m", hint="h"), 4),
        (ToolError("m", hint="h"), 5),
        (HostkitError("m", hint="h"), 5),
    ],
)
def test_every_kind_of_error_has_its_exit_code_and_prints_message_and_hint(boom, capsys, error, code) -> None:
    boom(error)
    assert main.run(["boom"]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "error: m\n hint: h\n"


def test_ctrl_c_is_130(boom, capsys) -> None:
    boom(KeyboardInterrupt())
    assert main.run(["boom"]) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err.endswith("interrupted\n")


def test_a_bug_is_shown_whole_and_is_not_mistaken_for_a_verdict(boom, capsys) -> None:
    boom(ZeroDivisionError("oops"))
    assert main.run(["boom"]) == ExitCode.TOOL
    printed = capsys.readouterr().err
    assert "ZeroDivisionError: oops" in printed
    assert "this is a bug" in printed


def test_an_unknown_verb_is_answered_with_the_nearest_one(capsys) -> None:
    assert main.run(["bulid"]) == ExitCode.USAGE
    assert "Did you mean 'build'?" in capsys.readouterr().err


def test_help_lists_every_verb_in_order(capsys) -> None:
    assert main.run(["--help"]) == 0
    printed = capsys.readouterr().out
    places = [printed.index(f"\n  {verb} ") for verb in verbs.VERBS]
    assert places == sorted(places)


@pytest.mark.parametrize("verb", list(verbs.VERBS))
def test_every_verb_loads_and_has_help(verb: str, capsys) -> None:
    assert main.run([verb, "--help"]) == 0
    assert "Usage: hostkit" in capsys.readouterr().out


def test_a_group_tells_of_each_verb_in_a_whole_sentence() -> None:
    verb = click.Command(
        "long", help="Say a thing\nthat is " + "long, " * 20 + "and whole. No more.\n\nNor this."
    )
    hidden = click.Command("hidden", help="Nothing.", hidden=True)
    group = TellingGroup("group", commands=[verb, hidden])
    said = " ".join(group.get_help(click.Context(group, terminal_width=80)).split())
    assert said.endswith("Verbs: long Say a thing that is " + "long, " * 20 + "and whole.")


@pytest.mark.parametrize("arguments", [["--help"], *([verb, "--help"] for verb in verbs.VERBS)])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from hostkit.cli.main import run\n"
        f"code = run({arguments!r})\n"
        f"print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules], code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("HEAVY [] 0\n"), done.stdout[-200:]


def test_the_project_is_the_nearest_platformio_ini_upwards(tmp_path: Path) -> None:
    (tmp_path / "platformio.ini").write_text("")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_project(below) == tmp_path


def test_outside_a_project_the_error_says_how_to_name_one(tmp_path: Path) -> None:
    context = Context(tmp_path, Paths(tmp_path, tmp_path), SystemClock(), FakeRunner.of())
    with pytest.raises(UsageError, match=r"no platformio\.ini") as caught:
        _ = context.project
    assert "--project" in caught.value.hint


def test_a_directory_in_the_place_of_the_file_is_told_from_none(tmp_path: Path) -> None:
    (tmp_path / "platformio.ini").mkdir()
    context = Context(tmp_path, Paths(tmp_path, tmp_path), SystemClock(), FakeRunner.of())
    with pytest.raises(UsageError, match=r"platformio\.ini is no file") as caught:
        _ = context.project
    assert "bring it back from git" in caught.value.hint


def test_a_process_that_ends_does_not_search_all_that_it_made_for_garbage() -> None:
    code = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count() > 1000)); "
    code += "from hostkit.cli.main import begin; begin(); print(gc.isenabled())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
