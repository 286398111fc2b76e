"""What goes by age and size, what never does, and that it goes in one step."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hostkit.build.garbage import FLOOR_S, Item, Limits, choose, measure, remove, sweep

NOW = 1_000_000.0
DAY = 86_400.0


def item(name: str, *, age_s: float, size: int = 10, kept: str = "") -> Item:
    return Item("thing", Path(name), size, NOW - age_s, kept)


def names(gone: tuple[Item, ...]) -> list[str]:
    return [each.path.name for each in gone]


def test_what_was_not_used_for_long_goes_and_what_is_referred_to_stays() -> None:
    items = [
        item("old", age_s=3 * DAY),
        item("new", age_s=DAY),
        item("kept", age_s=9 * DAY, kept="the ledger"),
    ]
    assert names(choose(items, Limits(2 * DAY), NOW)) == ["old"]


def test_over_the_size_the_longest_unused_goes_first_until_it_fits() -> None:
    items = [item(name, age_s=age * DAY) for name, age in (("b", 2), ("c", 1), ("a", 3))]
    assert names(choose(items, Limits(9 * DAY, size=15), NOW)) == ["a", "b"]
    assert names(choose(items, Limits(9 * DAY, size=30), NOW)) == []


@given(
    st.lists(
        st.tuples(st.floats(0, 9 * DAY), st.integers(0, 99), st.sampled_from(["", "the ledger"])), max_size=9
    ),
    st.floats(0, 9 * DAY),
    st.none() | st.integers(0, 300),
)
def test_never_what_is_referred_to_or_in_use_and_never_more_than_must(
    rows: list[tuple[float, int, str]], age_s: float, size: int | None
) -> None:
    items = [item(str(n), age_s=age, size=size, kept=kept) for n, (age, size, kept) in enumerate(rows)]
    gone = choose(items, Limits(age_s, size), NOW)
    assert not any(each.kept or NOW - each.used_s <= FLOOR_S for each in gone)
    left = sum(each.size for each in items) - sum(each.size for each in gone)
    stays = [each for each in items if each not in gone and not each.kept and NOW - each.used_s > FLOOR_S]
    assert not any(NOW - each.used_s > age_s for each in stays)
    assert size is None or left <= size or not stays


def filled(directory: Path) -> Path:
    directory.mkdir()
    (directory / "a").write_bytes(b"12345")
    return directory


def test_a_directory_is_measured_and_goes_whole(tmp_path: Path) -> None:
    found = measure("thing", filled(tmp_path / "x"))
    assert found is not None
    assert found.size == 5
    assert remove([found]) == (found,)
    assert list(tmp_path.iterdir()) == []
    assert remove([found]) == (), "it is gone already"
    assert measure("thing", tmp_path / "x") is None


def test_what_was_used_since_it_was_measured_stays(tmp_path: Path) -> None:
    found = measure("thing", filled(tmp_path / "x"))
    assert found is not None
    os.utime(tmp_path / "x", (found.used_s + 10, found.used_s + 10))
    assert remove([found]) == ()
    assert (tmp_path / "x" / "a").exists()


def test_what_a_killed_removal_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    filled(tmp_path / ".doomed-virtual-0123-77")
    filled(tmp_path / "virtual-0123")
    filled(tmp_path / ".virtual-0123.abcdefgh")
    sweep(tmp_path)
    sweep(tmp_path / "nowhere")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".virtual-0123.abcdefgh", "virtual-0123"]
