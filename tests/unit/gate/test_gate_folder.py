"""A bundle's folder read whole, whoever made it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from hostkit.gate import folder as module
from hostkit.gate.folder import read_folder, shown


def test_files_are_read_with_their_names_below_the_folder(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "deep" / "er" / "b").write_bytes(b"2")
    found = read_folder(tmp_path)
    assert (dict(found.files), found.problems) == ({"a": b"1", "deep/er/b": b"2"}, ())


def test_links_pipes_sockets_and_empty_folders_are_problems_and_never_opened(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    bundle = tmp_path / "bundle"
    (tmp_path / "secret").write_text("outside")
    (bundle / "file").symlink_to(tmp_path / "secret")
    (bundle / "folder").symlink_to(tmp_path)
    (bundle / "empty").mkdir()
    os.mkfifo(bundle / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(bundle / "socket"))
        found = read_folder(bundle)
    assert found.files == {}
    assert found.problems == (
        "empty/ is a folder with nothing in it",
        "file is a link",
        "folder is a link",
        "pipe is no plain file",
        "socket is no plain file",
    )


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(1 << 40)
    assert read_folder(tmp_path).problems == ("huge is larger than a bundle may be",)


def test_all_files_together_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LIMIT", 5)
    for name in "abc":
        (tmp_path / name).write_bytes(b"12")
    found = read_folder(tmp_path)
    assert (set(found.files), found.problems) == ({"a", "b"}, ("c is larger than a bundle may be",))


def test_files_without_number_and_folders_without_end_are_given_up(tmp_path: Path) -> None:
    for number in range(1002):
        (tmp_path / f"{number:04}").touch()
    assert read_folder(tmp_path).problems == ("there are more than 1000 files",)
    deep = tmp_path / "deep"
    (deep / "/".join("abcdefgh")).mkdir(parents=True)
    assert read_folder(deep).problems == ("a/b/c/d/e lies too deep",)


def test_what_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (found,) = read_folder(tmp_path / "none").problems
    assert found.endswith("none cannot be read: No such file or directory")


def test_names_cannot_speak_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2Jb\nc").symlink_to("x")
    (tmp_path / os.fsdecode(b"\xff")).symlink_to("x")
    assert read_folder(tmp_path).problems == ("a\\x1b[2Jb\\nc is a link", "\\udcff is a link")
    assert shown("é ✔") == "é ✔"
