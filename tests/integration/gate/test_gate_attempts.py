"""Attempts to get a pass that no board earned; docs/explanation/attempts.md has them all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from gate_clone import QUICK, Clone

from hostkit.testing.impostor import Banner, Recording, impostor

BANNER = b"led-controller 0.1.0, profile dual-160: this port speaks frames, try `hostkit monitor`\r\n"
MAC = "02:68:6b:00:00:00"  # of virt0, in boards.toml


@contextmanager
def board_at(clone: Clone, port: str) -> Iterator[None]:
    """Let `tape` be the only board of the clone: a serial one at that port, with the MAC of virt0."""
    entry = f'[boards.tape]\nkind = "serial"\nchip = "esp32"\nmac = "{MAC}"\nport = "{port}"\n'
    (clone.path / "boards.toml").write_text(entry)
    try:
        yield
    finally:
        clone.restore()


@pytest.fixture
def fakes(tmp_path: Path) -> Path:
    """Programs and modules with the names of real tools: they say that all is well, and leave a mark."""
    mark = tmp_path / "was-run"
    said = "Hash of data verified.", "SUCCESS"
    for name in ("esptool", "esptool.py", "pio", "platformio"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\necho '{said[0]}'; echo '{said[1]}'; echo {name} >> {mark}\n")
        program.chmod(0o755)
    for name in ("esptool", "platformio"):
        module = tmp_path / "modules" / name
        module.mkdir(parents=True)
        (module / "__init__.py").write_text(f"open({str(mark)!r}, 'a').write({name!r})\n")
        (module / "__main__.py").write_text(f"print({said[0]!r}); print({said[1]!r})\n")
    return tmp_path


def test_a_fake_esptool_or_pio_on_path_on_pythonpath_or_in_the_checkout_is_never_run(
    clone: Clone, fakes: Path
) -> None:
    clone.edit("firmware/src/main_host.cpp", "\nint main", "\n// so that something is built\nint main")
    lying = [clone.path / module.name for module in (fakes / "modules").iterdir()]
    for link in lying:
        link.symlink_to(fakes / "modules" / link.name)
    path = {"PATH": f"{fakes / 'bin'}:/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": str(fakes / "modules")}
    try:
        code, record, err = clone.run("gate", "-b", "virt1", "-k", QUICK, env=path)
    finally:
        for link in lying:
            link.unlink()
        clone.restore()
    assert not (fakes / "was-run").exists(), (fakes / "was-run").read_text()
    assert code == 3, err
    assert record["reasons"][0].startswith("only a selection ran")
    bundle = Path(record["evidence"])
    assert "Compiling" in (bundle / "build.log").read_text()
    tools = {tool["name"]: tool for tool in json.loads((bundle / "tools.json").read_text())["executables"]}
    assert {"python", "git", "zig", "esptool", "platformio", "SCons", "pytest"} <= set(tools)
    for tool in tools.values():
        assert len(tool["sha256"]) == 64
        assert not tool["problem"]
        assert str(fakes) not in tool["path"]


def test_a_socket_that_prints_a_good_banner_cannot_be_flashed_and_is_invalid(clone: Clone) -> None:
    with impostor(partial(Banner, BANNER)) as port, board_at(clone, port):
        code, record, err = clone.run("gate", "-b", "tape", "-k", QUICK)
    assert (code, record["stopped_at"]) == (4, "flash"), err
    assert "prints the firmware's banner and answers nothing" in record["reasons"][0]


def test_a_socket_that_prints_a_good_banner_is_invalid_also_where_nothing_is_flashed(clone: Clone) -> None:
    with impostor(partial(Banner, BANNER)) as port, board_at(clone, port):
        code, record, err = clone.run("gate", "-b", "tape", "--no-flash", "-k", "names_project")
    assert code == 4, err
    assert "prints the firmware's banner and answers nothing" in record["reasons"][0]


def test_a_socket_that_plays_a_recorded_good_session_is_invalid(
    clone: Clone, flashed: dict[str, Any]
) -> None:
    recording = Path(flashed["evidence"]) / "link.jsonl"
    with impostor(partial(Recording, recording)) as port, board_at(clone, port):
        code, record, err = clone.run("gate", "-b", "tape", "--no-flash", "-k", "names_project")
    assert code == 4, err
    assert "answers no challenge" in record["reasons"][0]
    assert [test["outcome"] for test in record["tests"]] == ["passed"]  # the recording was that good


def test_a_suite_without_a_test_fails(clone: Clone, flashed: dict[str, Any]) -> None:
    for file in (clone.path / "hil_tests").glob("test_*.py"):
        file.unlink()
    try:
        code, record, err = clone.run("gate", "-b", "virt0", "--no-flash")
    finally:
        clone.restore()
    assert (code, record["verdict"]) == (1, "fail"), err
    assert record["reasons"][0] == "nothing was executed: no test was collected"


def test_a_suite_that_skips_all_its_tests_fails(clone: Clone, flashed: dict[str, Any]) -> None:
    conftest = clone.path / "hil_tests" / "conftest.py"
    skip_all = (
        "\n\nimport pytest\n\n\ndef pytest_collection_modifyitems(items):\n"
        "    for item in items:\n        item.add_marker(pytest.mark.skip(reason='later'))\n"
    )
    conftest.write_text(conftest.read_text() + skip_all)
    try:
        code, record, err = clone.run("gate", "-b", "virt0", "--no-flash")
    finally:
        clone.restore()
    assert (code, record["verdict"]) == (1, "fail"), err
    assert record["reasons"][0].startswith("nothing was executed: all ")
    assert set(record["counts"]) == {"skipped"}
