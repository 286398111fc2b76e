"""Workers are woken; nobody relies on it."""

from __future__ import annotations

import select
from pathlib import Path

from hostkit.jobs.waking import Bell, ring


def rang(bell: Bell) -> bool:
    return bool(select.select([bell.fileno()], [], [], 0)[0])


def test_a_worker_hears_a_change_until_it_has_looked(tmp_path: Path) -> None:
    bell = Bell(tmp_path)
    assert not rang(bell)
    for _ in range(3):
        ring(tmp_path)
    assert rang(bell)
    bell.clear()
    assert not rang(bell)
    bell.close()
    bell.close()


def test_what_a_dead_worker_left_is_removed_and_a_queue_that_nobody_used_is_no_error(tmp_path: Path) -> None:
    ring(tmp_path / "new")
    bell = Bell(tmp_path)
    (left,) = (tmp_path / "wake").iterdir()
    bell._socket.close()  # as a kill does
    ring(tmp_path)
    assert not left.exists()


def test_a_place_where_no_socket_can_be_made_leaves_the_worker_to_look_by_itself(tmp_path: Path) -> None:
    (tmp_path / "wake").write_text("in the way")
    bell = Bell(tmp_path)
    ring(tmp_path)
    assert not rang(bell)
    bell.close()


def test_a_path_that_is_too_long_for_a_socket_is_shortened(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    bell = Bell(deep)
    ring(deep)
    assert rang(bell)
    bell.close()
