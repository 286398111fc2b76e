"""What changed files mean for the suite, and what is chosen of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostkit.gate.affected import Affected, Suite, Touched, defines_its_pattern_alone, touched_suite
from hostkit.gate.chosen import selection_of
from hostkit.hil import drawn
from hostkit.hil.golden.registry import PATTERNS


def test_documents_and_firmware_touch_no_file_of_the_suite() -> None:
    changed = (
        "README.md",
        "docs/a/b.html",
        "LICENSE",
        "hil_tests/notes.md",
        "firmware/lib/a.cpp",
        "platformio.ini",
    )
    assert touched_suite(changed) == Suite()


def test_a_test_file_touches_itself() -> None:
    assert touched_suite(("hil_tests/test_link.py",)) == Suite(("test_link",))


def test_everything_else_touches_all() -> None:
    for path in (
        "hil_tests/conftest.py",
        "hil_tests/sub/test_a.py",
        "hostkit/hil/picture.py",
        "boards.toml",
        "x",
    ):
        assert touched_suite((path,)) == Suite((), (f"{path}: nothing says which tests it touches",))


def test_all_of_the_suite_runs_where_the_firmware_or_the_judge_is_touched() -> None:
    envs = (Touched("virtual", ("a.cpp is read",)), Touched("esp32c3", ()))
    found = Affected("c" * 40, ("a.cpp",), envs, Suite(("test_a", "test_b")))
    assert (found.whole("virtual"), found.whole("esp32c3")) == (True, False)
    assert (found.selection("virtual"), found.selection("esp32c3")) == ("", "test_a or test_b")
    judged = Affected("c" * 40, ("x",), envs, Suite((), ("x: nothing says",)))
    assert judged.whole("esp32c3")
    record = judged.plain()
    assert record["tests"] == {"all": True, "files": [], "reasons": ["x: nothing says"]}
    assert record["envs"] == [
        {"env": "virtual", "affected": True, "reasons": ["a.cpp is read"], "patterns": []},
        {"env": "esp32c3", "affected": False, "reasons": [], "patterns": []},
    ]


def test_where_only_patterns_can_look_otherwise_tests_of_others_are_left_out() -> None:
    envs = (Touched("virtual", ("lava.cpp is read",), ("lava", "wave")),)
    found = Affected("c" * 40, ("lava.cpp",), envs, Suite())
    assert not found.whole("virtual")
    assert found.selection("virtual") == "draws-any or draws-lava or draws-wave"
    with_a_test = Affected("c" * 40, ("lava.cpp",), envs, Suite(("test_a",)))
    assert with_a_test.selection("virtual") == "draws-any or draws-lava or draws-wave or test_a"
    judged = Affected("c" * 40, ("x",), envs, Suite((), ("x: nothing says",)))
    assert (judged.whole("virtual"), judged.selection("virtual")) == (True, "")


def test_a_selection_uses_the_words_that_tests_go_by() -> None:
    words = selection_of(whole=False, patterns=("lava",), files=())
    assert words == f"{drawn.keyword('')} or {drawn.keyword('lava')}"


@pytest.mark.parametrize("name", PATTERNS)
def test_each_pattern_of_the_firmware_is_one_source_that_gives_nothing_else(
    name: str, project_root: Path
) -> None:
    source = (project_root / "firmware" / "lib" / "pattern" / f"{name}.cpp").read_text()
    assert defines_its_pattern_alone(name, source)
    assert not defines_its_pattern_alone("other", source)
    for more in ("int shared() { return 1; }", "const int kShared = 1;"):
        assert not defines_its_pattern_alone(name, source.replace("}  // namespace hk", f"{more}\n}}"))


@pytest.mark.parametrize("name", ["noise", "registry", "colour", "pattern"])
def test_what_several_patterns_use_is_no_pattern(name: str, project_root: Path) -> None:
    source = (project_root / "firmware" / "lib" / "pattern" / f"{name}.cpp").read_text()
    assert not defines_its_pattern_alone(name, source)
