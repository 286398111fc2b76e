"""Worktrees go when they are old or many, and never with work in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostkit.tasks.git import Git
from hostkit.tasks.losses import losses
from hostkit.tasks.model import State
from hostkit.tasks.tidying import tidy
from hostkit.tasks.workshop import Workshop
from hostkit.testing.clock import FakeClock

PLAN = "\n  - {id: a, title: a, agent: good, attempts: 1, gate: {env: virtual}}"
NOTHING = "limits: {worktrees_mb: 0.000001}"


def commit(git: Git) -> None:
    (git.directory / "new.txt").write_text("work")
    git.run("add", "new.txt")
    git.run("commit", "-qm", "work")


def detached(git: Git) -> None:
    git.run("switch", "-q", "--detach")
    git.run("commit", "-q", "--allow-empty", "-m", "nobody's branch")


def elsewhere(git: Git) -> None:
    git.run("switch", "-q", "-c", f"mine-{git.directory.name}")
    git.run("commit", "-q", "--allow-empty", "-m", "on a branch of its own")


def left_behind(git: Git) -> None:
    """The branch has work, what is checked out has none."""
    commit(git)
    git.run("switch", "-q", "--detach", "HEAD^")


def hidden(git: Git, how: str) -> None:
    git.run("update-index", how, "verdict.txt")
    (git.directory / "verdict.txt").write_text("changed")


def merging(git: Git) -> None:
    commit(git)
    other = git.resolve("HEAD")
    git.run("reset", "-q", "--hard", "HEAD^")
    git.run("merge", "-q", "--no-ff", "--no-commit", "-s", "ours", other)


def excluded(git: Git) -> None:
    path = Path(git.run("rev-parse", "--git-path", "info/exclude").strip())
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        stream.write("secret-plan.txt\n")
    (git.directory / "secret-plan.txt").write_text("only this machine ignores it")


def self_ignored(git: Git, *, cache: bool) -> None:
    folder = git.directory / "notes"
    folder.mkdir()
    (folder / ".gitignore").write_text("*")
    (folder / "idea.txt").write_text("ignored by a rule that nobody committed")
    if cache:
        (folder / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")


def bisecting(git: Git) -> None:
    git.run("bisect", "start")


WORK: dict[str, Callable[[Git], None]] = {
    "a commit": commit,
    "a detached commit": detached,
    "a commit on another branch": elsewhere,
    "a commit that is not checked out": left_behind,
    "an edited file": lambda git: (git.directory / "verdict.txt").write_text("edited") and None,
    "a deleted file": lambda git: (git.directory / "verdict.txt").unlink(),
    "a new file": lambda git: (git.directory / "new.txt").write_text("new") and None,
    "a staged file": lambda git: (
        (git.directory / "s.txt").write_text("x") and git.run("add", "s.txt") and None
    ),
    "a file that git is told to overlook": lambda git: hidden(git, "--assume-unchanged"),
    "a file that git is told to skip": lambda git: hidden(git, "--skip-worktree"),
    "a file that only this machine ignores": excluded,
    "a folder that ignores itself": lambda git: self_ignored(git, cache=False),
    "a merge under way": merging,
    "a bisect under way": bisecting,
    "a lock": lambda git: git.run("worktree", "lock", str(git.directory)) and None,
}
NO_WORK: dict[str, Callable[[Git], None]] = {
    "nothing at all": lambda git: None,
    "what a committed rule ignores": lambda git: (git.directory / "built.o").write_text("object") and None,
    "a cache": lambda git: self_ignored(git, cache=True),
    "an older commit": lambda git: git.run("switch", "-q", "--detach", "HEAD^") and None,
    "the target's own commit": lambda git: git.run("reset", "-q", "--hard", "main") and None,
}


@pytest.fixture
def shop(bench: Any) -> Any:
    (bench.repository / ".gitignore").write_text("*.o\n")
    bench.git.run("add", "-A")
    bench.git.run("commit", "-qm", "a rule")
    with bench.shop(PLAN, head=NOTHING) as made:
        yield made


def opened(shop: Workshop, task: str) -> Git:
    return shop.git.at(shop.worktrees.prepare(task, ()).path)


def test_beyond_the_quota_only_worktrees_without_any_work_go(shop: Workshop) -> None:
    kinds = WORK | NO_WORK
    names = {f"t{number}": kind for number, kind in enumerate(kinds)}
    for name, kind in names.items():
        kinds[kind](opened(shop, name))
    gone = {names[name] for name in tidy(shop, ())}
    assert gone == set(NO_WORK)
    assert {names[name] for name in shop.worktrees.kept()} == set(WORK)
    assert tidy(shop, ()) == ()


def test_one_that_is_at_work_is_left_alone_and_so_is_a_folder_that_is_no_worktree(shop: Workshop) -> None:
    opened(shop, "a")
    precious = shop.worktrees.folder / "notes"
    precious.mkdir()
    (precious / "n.txt").write_text("mine")
    (shop.worktrees.folder / "link").symlink_to(precious)
    assert tidy(shop, {"a"}) == ()
    assert tidy(shop, ()) == ("a",)
    assert (precious / "n.txt").read_text() == "mine"


_number = [0]


def tolerant(*arguments: str) -> Callable[[Git], None]:
    return lambda git: git.ask(*arguments) and None


STEPS: dict[str, Callable[[Git], None]] = {
    "commit": tolerant("commit", "-qam", "step", "--allow-empty"),
    "stash": tolerant("stash"),
    "edit": lambda git: (
        (git.directory / "verdict.txt").write_text(f"{len(git.changed_paths())} edit") and None
    ),
    "new": lambda git: (git.directory / "n.txt").write_text("n") and None,
    "restore": tolerant("reset", "-q", "--hard", "main"),
    "merge": tolerant("merge", "-q", "main"),
    "detach": tolerant("switch", "-q", "--detach"),
    "amend": tolerant("commit", "-q", "--amend", "--allow-empty", "-m", "amended"),
}


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=5))
def test_whatever_was_done_in_it_a_worktree_that_goes_takes_nothing_along(
    shop: Workshop, steps: list[str]
) -> None:
    _number[0] += 1
    git = opened(shop, f"h{_number[0]}")
    for step in steps:
        STEPS[step](git)
    made = git.run("rev-list", "--no-walk", "HEAD", f"hostkit/{git.directory.name}").split()
    dirty = git.changed_paths()
    before = tuple(losses(git, f"hostkit/{git.directory.name}", shop.git.resolve("main")))
    gone = tidy(shop, ())
    assert bool(gone) == (before == ())
    if gone:
        assert dirty == ()
        for each in made:  # still in the history of a branch
            assert shop.git.run("branch", "--contains", each).strip()
    else:
        assert git.directory.is_dir()


def test_an_old_worktree_without_work_goes_at_the_start_of_a_run_and_a_young_one_stays(bench: Any) -> None:
    bench.clock = FakeClock()
    agents = "\n  idle: {argv: [sh, -c, 'true']}\n"
    graph = PLAN.replace("good", "idle")
    assert bench.run(graph, agents)["a"].state is State.FAILED
    bench.clock.advance(2 * 24 * 3600)
    bench.run(graph, agents, head="limits: {keep_days: 3}")
    with bench.shop(graph, agents) as shop:
        assert shop.worktrees.kept() == ("a",)
        bench.clock.advance(2 * 24 * 3600)
        bench.run(graph, agents, head="limits: {keep_days: 3}")
        assert shop.worktrees.kept() == ()
        assert shop.attempts.story("a")[-1].what == "worktree removed: there was no work in it"


def test_without_room_nothing_is_started_and_the_status_says_what_to_do(bench: Any) -> None:
    graph = PLAN + PLAN.replace("a,", "b,", 1).replace("title: a", "title: b")
    with bench.shop(graph) as shop:
        commit(opened(shop, "old"))
    now = bench.run(graph, head=NOTHING)
    assert {each.state for each in now.values()} == {State.READY}
    assert "of 1e-06 MB; merge or remove what has work in it: " in now["a"].why
    with bench.shop(graph) as shop:
        assert shop.attempts.all() == ()
        assert shop.worktrees.kept() == ("old",)
    assert bench.run(graph)["a"].state is State.VERIFIED
