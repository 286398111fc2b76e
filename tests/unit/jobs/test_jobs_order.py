"""Who is next: fair inside a priority, and nobody waits for ever."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from hostkit.jobs.order import AGING_S, Head, in_order, next_tag

SECOND = 1_000_000_000


class Lines:
    """Serves jobs as the store does, with one place for each submitter's and line's tags."""

    def __init__(self) -> None:
        self.waiting: dict[int, tuple[str, Head]] = {}
        self.served: dict[tuple[str, int], int] = {}
        self.number = 0

    def enter(self, who: str, line: str = "b", priority: int = 0, at_s: float = 0) -> int:
        self.number += 1
        own = [h.tag for w, h in self.waiting.values() if (w, h.line, h.priority) == (who, line, priority)]
        tag = next_tag(self.served.get((line, priority), 0), max(own, default=0))
        self.waiting[self.number] = who, Head(self.number, line, priority, tag, round(at_s * SECOND))
        return self.number

    def serve(self) -> str:
        head = in_order(head for _, head in self.waiting.values())[0]
        key = head.line, head.priority
        self.served[key] = max(self.served.get(key, 0), head.tag)
        return self.waiting.pop(head.job)[0]


def test_a_hundred_jobs_of_one_do_not_stand_before_one_job_of_another() -> None:
    lines = Lines()
    for _ in range(100):
        lines.enter("ann")
    assert [lines.serve() for _ in range(5)] == ["ann"] * 5
    lines.enter("bob", at_s=60)
    lines.enter("bob", at_s=60)
    assert [lines.serve() for _ in range(5)] == ["ann", "bob", "ann", "bob", "ann"]


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 12), min_size=2))
def test_submitters_are_served_in_turn_while_each_has_jobs(jobs: dict[str, int]) -> None:
    lines = Lines()
    for who, count in jobs.items():
        for _ in range(count):
            lines.enter(who)
    order = [lines.serve() for _ in range(sum(jobs.values()))]
    assert Counter(order) == jobs
    rounds = [len({who for who, count in jobs.items() if count > turn}) for turn in range(max(jobs.values()))]
    start = 0
    for size in rounds:  # in each round everybody who has a job left is served once
        assert len(set(order[start : start + size])) == size
        start += size


def test_a_higher_priority_is_first_until_a_lower_one_has_waited_for_it() -> None:
    def first(late_s: float) -> str:
        lines = Lines()
        lines.enter("low", priority=0, at_s=0)
        lines.enter("high", priority=1, at_s=late_s)
        return lines.serve()

    assert first(AGING_S - 1) == "high"
    assert first(AGING_S + 1) == "low"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-9, 9)), max_size=20), st.integers(-9, 9))
def test_a_job_is_served_though_others_of_any_priority_never_stop_coming(
    before: list[tuple[str, int]], priority: int
) -> None:
    lines, now = Lines(), 0.0
    for who, other in before:
        lines.enter(who, priority=other)
    lines.enter("patient", priority=priority)
    served = ""
    for _ in range(len(before) + 200):  # 18 steps of priority, with one arrival each two minutes
        now += AGING_S / 5
        lines.enter("eager", priority=9, at_s=now)
        served = lines.serve()
        if served == "patient":
            break
    assert served == "patient"


@given(
    st.lists(
        st.builds(
            Head,
            job=st.integers(1, 99),
            line=st.sampled_from("xy"),
            priority=st.integers(-1, 1),
            tag=st.integers(1, 5),
            entered_ns=st.integers(0, 10 * SECOND),
        ),
        unique_by=lambda head: head.job,
    )
)
def test_every_head_is_served_once_and_each_line_in_the_order_of_its_tags(heads: list[Head]) -> None:
    served = in_order(heads)
    assert sorted(head.job for head in served) == sorted(head.job for head in heads)
    for _, line in groupby(sorted(served, key=key), key=key):
        tags = [(head.tag, head.job) for head in line]
        assert tags == sorted(tags)


def key(head: Head) -> tuple[str, int]:
    return head.line, head.priority
