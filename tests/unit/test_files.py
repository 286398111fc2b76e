from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hostkit import files
from hostkit.errors import ExitCode, ToolError


def test_an_atomic_write_replaces_the_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file"
    files.atomic_write(target, b"first and longer")
    files.atomic_write(target, b"second")
    assert target.read_bytes() == b"second"
    assert [p.name for p in target.parent.iterdir()] == ["file"]


def test_an_atomic_write_sets_the_mode_before_the_name_appears(tmp_path: Path) -> None:
    files.atomic_write(tmp_path / "key", b"x", mode=0o600)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_keeps_the_old_file_and_names_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "file"
    files.atomic_write(target, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(ToolError) as caught:
        files.atomic_write(target, b"new")
    assert f"no space left while writing {target}" in caught.value.message
    assert "free some space" in caught.value.hint
    assert caught.value.exit_code is ExitCode.TOOL
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_an_interrupted_write_leaves_no_staged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.atomic_write(tmp_path / "file", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_a_file_is_reported_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x")
    with pytest.raises(ToolError, match="cannot write"):
        files.atomic_write(tmp_path / "plain" / "file", b"x")


def test_an_atomic_directory_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "store" / "item"

    def fill_half() -> None:
        with files.atomic_directory(target) as staged:
            (staged / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fill_half()
    assert list(target.parent.iterdir()) == []
    with files.atomic_directory(target) as staged:
        (staged / "whole").write_text("x")
        assert not target.exists()
    assert (target / "whole").read_text() == "x"


def test_the_first_of_two_makers_of_a_directory_wins(tmp_path: Path) -> None:
    target = tmp_path / "item"
    with files.atomic_directory(target) as second:
        with files.atomic_directory(target) as first:
            (first / "by").write_text("first")
        (second / "by").write_text("second")
    assert (target / "by").read_text() == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["item"]


def test_canonical_json_does_not_depend_on_insertion_order() -> None:
    assert files.canonical_json({"b": 1, "a": [1, "é"]}) == '{"a":[1,"é"],"b":1}'.encode()
    assert files.canonical_json({"a": 1, "b": 2}) == files.canonical_json({"b": 2, "a": 1})


def test_a_file_hash_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert files.sha256_file(tmp_path / "f") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


LEAVE = """
import os, sys
from pathlib import Path
from hostkit.files import atomic_directory
with atomic_directory(Path(sys.argv[1])) as staged:
    (staged / "half").write_text("x")
    print(staged.name, flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_maker_left_is_cleared_by_the_next_and_what_a_living_one_makes_is_not(
    tmp_path: Path,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LEAVE, str(tmp_path / "a")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as maker:
        assert maker.stdout is not None
        staged = tmp_path / maker.stdout.readline().decode().strip()
        (tmp_path / ".hidden.directory").mkdir()
        with files.atomic_directory(tmp_path / "b"):
            assert (staged / "half").exists()
        maker.communicate(b"die\n")
    assert (staged / "half").exists()
    with files.atomic_directory(tmp_path / "c"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"b", "c", ".hidden.directory"}


def test_staged_files_of_one_path_are_swept_and_no_others(tmp_path: Path) -> None:
    for name in (".flash.bin.abcd1234", ".flash.bin.keep", ".nvs.bin.abcd1234", "flash.bin"):
        (tmp_path / name).write_text("x")
    files.sweep_staged(tmp_path / "flash.bin")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".flash.bin.keep",
        ".nvs.bin.abcd1234",
        "flash.bin",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "b": {"c": 1, "c": 1}}', "the key 'c' is there twice"),
        ("[NaN]", "NaN is no number"),
        ("-Infinity", "-Infinity is no number"),
        ("1e999", "larger than any number"),
        ('"\\ud800"', "surrogates not allowed"),
        ("[" * 100_000, "nested too deep"),
        ('{"a": 1', "delimiter"),
        ("9" * 5000, "digits"),
    ],
)
def test_json_that_two_readers_could_read_differently_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        files.strict_json(text)


def test_json_that_says_one_thing_is_read_as_it_is() -> None:
    value = {"a": [1, 2.5, "é\u2028", None, True], "b": {"\U0001f600": -0.0}}
    assert files.strict_json(files.canonical_json(value)) == value
    assert files.strict_json('"\\ud83d\\ude00 \\u00e9"') == "\U0001f600 é"
    with pytest.raises(ValueError, match="utf-8"):
        files.strict_json(b'"\xff"')
