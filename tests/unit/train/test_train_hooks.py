"""Hooks: ours come and go, others' stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostkit.errors import UsageError
from hostkit.train.admission import Hook
from hostkit.train.hooks import install, script, uninstall

TEXT = script(("run", "it now"), {"WHERE": "a b"})


def test_a_hook_is_written_once_and_can_be_run(tmp_path: Path) -> None:
    assert [install(tmp_path, Hook.PRE_PUSH, TEXT) for _ in range(2)] == [True, False]
    hook = tmp_path / "pre-push"
    assert hook.stat().st_mode & 0o777 == 0o755
    assert hook.read_text().splitlines()[-1] == "WHERE='a b' exec run 'it now' \"$@\""


def test_our_own_hook_is_replaced_when_it_is_to_say_something_else(tmp_path: Path) -> None:
    install(tmp_path, Hook.PRE_PUSH, TEXT)
    assert install(tmp_path, Hook.PRE_PUSH, script(("other",), {}))
    assert "exec other" in (tmp_path / "pre-push").read_text()


@pytest.mark.parametrize("link", [False, True])
def test_a_hook_of_somebody_else_is_neither_overwritten_nor_removed(tmp_path: Path, link: bool) -> None:
    theirs = tmp_path / ("elsewhere" if link else "pre-push")
    theirs.write_text(TEXT if link else "#!/bin/sh\nexit 0\n")
    if link:
        (tmp_path / "pre-push").symlink_to(theirs)
    before = theirs.read_text()
    with pytest.raises(UsageError, match="is not hostkit's: it is left alone") as caught:
        install(tmp_path, Hook.PRE_PUSH, TEXT)
    assert caught.value.hint.startswith("call hostkit from it, with its standard input: WHERE=")
    assert not uninstall(tmp_path, Hook.PRE_PUSH)
    assert theirs.read_text() == before


def test_uninstalling_removes_ours_and_says_when_there_was_none(tmp_path: Path) -> None:
    install(tmp_path, Hook.PRE_RECEIVE, TEXT)
    assert [uninstall(tmp_path, Hook.PRE_RECEIVE) for _ in range(2)] == [True, False]
    assert list(tmp_path.iterdir()) == []
