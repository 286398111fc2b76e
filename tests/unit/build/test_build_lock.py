from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hostkit.build.lock import hold
from hostkit.errors import ToolError


def test_a_second_holder_waits_says_so_and_comes_next(tmp_path: Path) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with hold(tmp_path / "a.lock", on_wait=waiting.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with hold(tmp_path / "a.lock"):
        thread.start()
        assert waiting.wait(20)
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]


def test_an_error_frees_the_lock_and_a_free_lock_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), hold(tmp_path / "deep" / "a.lock"):
        raise RuntimeError
    waited: list[bool] = []
    with hold(tmp_path / "deep" / "a.lock", on_wait=lambda: waited.append(True)):
        assert waited == []


def test_two_locks_do_not_know_each_other(tmp_path: Path) -> None:
    with hold(tmp_path / "a.lock"), hold(tmp_path / "b.lock", on_wait=lambda: pytest.fail("waited")):
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.lock", "b.lock"]


def test_a_lock_that_cannot_be_made_is_a_tool_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolError, match="cannot write"), hold(tmp_path / "file" / "a.lock"):
        pytest.fail("held")
