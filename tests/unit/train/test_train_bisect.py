"""The search for the first bad commit."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.train.bisect import Found, first_bad
from hostkit.train.machine import Outcome


def commits(count):
    return [f"c{number}" for number in range(count)]


@st.composite
def histories(draw):
    count = draw(st.integers(1, 60))
    culprit = draw(st.integers(0, count - 1))
    mute = draw(st.sets(st.integers(0, count - 2))) if count > 1 else set()
    return count, culprit, mute


def judge_of(culprit, mute, asked):
    def judge(commit):
        asked.append(commit)
        number = int(commit[1:])
        if number in mute:
            return Outcome.UNKNOWN
        return Outcome.FAIL if number >= culprit else Outcome.PASS

    return judge


@given(histories())
def test_the_first_bad_commit_is_always_among_the_suspects_and_the_rest_had_no_verdict(history):
    count, culprit, mute = history
    asked = []
    found = first_bad(commits(count), judge_of(culprit, mute, asked))
    numbers = [int(each[1:]) for each in found.suspects]
    assert culprit in numbers
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert set(numbers[:-1]) <= mute, "a commit with a verdict decides"
    assert len(asked) == len(set(asked)) == found.asked


@given(st.integers(1, 2000), st.data())
def test_with_a_verdict_everywhere_it_halves(count, data):
    culprit = data.draw(st.integers(0, count - 1))
    asked = []
    found = first_bad(commits(count), judge_of(culprit, set(), asked))
    assert found.culprit == f"c{culprit}"
    assert found.asked <= math.ceil(math.log2(count)) + 1


def test_a_single_commit_is_the_one_and_nothing_is_asked():
    def judge(_commit):
        raise AssertionError("asked")

    assert first_bad(["only"], judge) == Found(("only",), 0)


def test_no_commits_are_refused():
    with pytest.raises(ValueError, match="no commits"):
        first_bad([], lambda _commit: Outcome.PASS)


def test_a_pass_over_a_conflict_or_unknown_is_none():
    assert first_bad(["a", "b"], lambda _commit: Outcome.CONFLICT).culprit == ""
