"""A search for the first bad commit, over a real repository, with a gate that is a script."""

from __future__ import annotations

import pytest

from hostkit.errors import InconclusiveError, UsageError
from hostkit.process import SystemRunner
from hostkit.tasks.agent import Children
from hostkit.tasks.git import Git
from hostkit.train.search import Search


@pytest.fixture
def history(station):
    """Nine commits on main after the first; the sixth brings the fault."""
    git = Git(station.clone, SystemRunner())
    made = [station.main]
    for number in range(1, 10):
        (station.clone / ("fail" if number == 6 else f"file{number}")).write_text("red and green are swapped")
        git.run("add", "-A")
        git.run("commit", "-qm", f"change {number}")
        made.append(git.resolve("HEAD"))
    git.run("push", "-q", "origin", "main")
    return made


def test_the_commit_that_brought_the_fault_is_found_with_few_gates(station, history):
    with station.yard() as yard:
        search = Search(yard)
        found = search.run(history[0], history[-1])
    assert found.culprit == history[6]
    assert "swapped" in search.said[history[6]].why
    assert len(station.asked()) == found.asked + 2 <= 6
    assert len({commit for _, _, commit in station.asked()}) == len(station.asked())
    assert [words for words in station.told if "is gated now" in words] == [
        f"{commit[:12]}: is gated now, nobody has a verdict of it" for _, _, commit in station.asked()
    ]


def test_what_the_ledger_knows_is_not_asked_again(station, history):
    with station.yard() as yard:
        Search(yard).run(history[0], history[-1])
        asked = len(station.asked())
        station.told.clear()
        again = Search(yard).run(history[0], history[-1])
    assert again.culprit == history[6]
    assert len(station.asked()) == asked
    assert not any("is gated now" in words for words in station.told)


def test_a_commit_without_a_verdict_is_passed_over(station, history):
    with station.yard() as yard:
        for end in (history[0], history[-1]):
            yard.test(0, end, (), Children())
        (station.state / "trouble").write_text("1")
        search = Search(yard)
        found = search.run(history[0], history[-1])
    assert found.culprit == history[6]
    assert [tested.outcome.value for tested in search.said.values()].count("inconclusive") == 1


def test_ends_that_do_not_fit_are_refused_with_what_to_do(station, history):
    with station.yard() as yard:
        with pytest.raises(UsageError, match="is no ancestor of"):
            Search(yard).run(history[-1], history[0])
        with pytest.raises(UsageError, match="the good one fails itself") as caught:
            Search(yard).run(history[7], history[-1])
        assert "older" in caught.value.hint
        with pytest.raises(UsageError, match="the bad one passes"):
            Search(yard).run(history[0], history[3])
        (station.state / "trouble").write_text("9")
        with pytest.raises(InconclusiveError, match="has no verdict"):
            Search(yard).run(history[1], history[-1])
