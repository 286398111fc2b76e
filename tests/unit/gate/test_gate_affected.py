"""What changed files mean for the suite, and what is chosen of it."""

from __future__ import annotations

from hostkit.gate.affected import Affected, Suite, Touched, touched_suite


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
    assert found.selection() == "test_a or test_b"
    judged = Affected("c" * 40, ("x",), envs, Suite((), ("x: nothing says",)))
    assert judged.whole("esp32c3")
    record = judged.plain()
    assert record["tests"] == {"all": True, "files": [], "reasons": ["x: nothing says"]}
    assert record["envs"] == [
        {"env": "virtual", "affected": True, "reasons": ["a.cpp is read"]},
        {"env": "esp32c3", "affected": False, "reasons": []},
    ]
