"""What is installed, looked at with the eyes of a child: real folders, real RECORD files."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hostkit.gate.installed import fingerprint, look_at, look_at_path

Look = Callable[..., dict[str, Any]]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place where a tool `flasher` 1.2 is installed as an installer does it."""
    root = tmp_path / "site"
    files = {"flasher/__init__.py": "X = 1\n", "flasher/__main__.py": "print('real')\n"}
    rows = []
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(text)}")
    info = root / "flasher-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: flasher\nVersion: 1.2\n")
    (info / "RECORD").write_text(
        "\n".join([*rows, "flasher-1.2.dist-info/RECORD,,", "../bin/flash,,"]) + "\n"
    )
    monkeypatch.syspath_prepend(str(root))
    return root


def test_what_lies_there_as_it_was_installed_has_a_digest_and_no_problem(site: Path) -> None:
    seen, key = look_at("flasher", "flasher", {})
    assert (seen.version, seen.path, seen.problem) == ("1.2", str(site / "flasher/__init__.py"), "")
    assert len(seen.sha256) == 64
    assert key


def test_byte_code_that_python_leaves_is_no_problem(site: Path) -> None:
    (site / "flasher/__pycache__").mkdir()
    (site / "flasher/__pycache__/__init__.cpython-312.pyc").write_bytes(b"x")
    assert look_at("flasher", "flasher", {})[0].problem == ""


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (
            lambda at: (at / "__main__.py").write_text("print('Hash of data verified.')\n"),
            "was changed since",
        ),
        (lambda at: (at / "__main__.py").unlink(), "was changed since: __main__.py"),
        (lambda at: (at / "__main__.so").write_bytes(b"x"), "not installed: __main__.so"),
        (lambda at: (at / "deep").mkdir() or (at / "deep/x.py").touch(), "not installed: x.py"),
    ],
    ids=["edited", "removed", "added", "added below"],
)
def test_what_was_spoiled_since_is_told(site: Path, spoil: Callable[[Path], object], problem: str) -> None:
    whole, key = look_at("flasher", "flasher", {})
    spoil(site / "flasher")
    seen, none = look_at("flasher", "flasher", {key: whole.sha256})
    assert problem in seen.problem
    assert none == ""


def test_a_package_that_lies_in_the_way_is_told(site: Path, tmp_path: Path, monkeypatch) -> None:
    fake = tmp_path / "fake" / "flasher"
    fake.mkdir(parents=True)
    (fake / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(fake.parent))
    seen, _ = look_at("flasher", "flasher", {})
    assert (seen.problem, seen.path) == ("is not the one that is installed", str(fake / "__init__.py"))


def test_what_is_not_installed_is_told() -> None:
    assert look_at("no-such-tool", "no_such_tool", {})[0].problem == "is not installed"


def test_a_digest_is_kept_by_size_times_and_inode(site: Path) -> None:
    seen, key = look_at("flasher", "flasher", {})
    assert look_at("flasher", "flasher", {key: "kept"})[0].sha256 == "kept"
    file = site / "flasher/__init__.py"
    stat = file.stat()
    file.write_text("X = 2\n")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    again, _ = look_at("flasher", "flasher", {key: "kept"})
    assert again.sha256 not in ("kept", seen.sha256)
    assert again.problem.startswith("was changed since")


def test_a_missing_file_has_a_fingerprint_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "x"
    missing = fingerprint([str(path)])
    path.touch()
    assert fingerprint([str(path)]) != missing


def test_a_program_is_hashed_as_it_is_and_a_folder_by_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a")
    digest, key = look_at_path(str(tmp_path / "a.py"), {})
    assert digest == hashlib.sha256(b"a").hexdigest()
    assert look_at_path(str(tmp_path / "a.py"), {key: "kept"}) == ("kept", key)
    folder, _ = look_at_path(str(tmp_path), {})
    (tmp_path / "b.py").touch()
    assert look_at_path(str(tmp_path), {})[0] != folder


def test_as_a_program_it_answers_in_json_and_keeps_digests(tmp_path: Path) -> None:
    argv = [sys.executable, "-P", "-m", "hostkit.gate.installed", str(tmp_path / "kept.json")]
    argv += ["esptool=esptool", "/bin/sh"]
    done = [subprocess.run(argv, capture_output=True, text=True, check=True) for _ in range(2)]
    first, second = (json.loads(each.stdout) for each in done)
    assert first == second
    assert first["esptool=esptool"]["problem"] == ""
    assert first["/bin/sh"]["sha256"] == hashlib.sha256(Path("/bin/sh").read_bytes()).hexdigest()
    assert len(json.loads((tmp_path / "kept.json").read_text())) == 2
