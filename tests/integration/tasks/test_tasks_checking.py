"""Typed checks in a run: each a process of its own that finds the claimed commit alone."""

from __future__ import annotations

from typing import Any

from hostkit.store.model import Verdict
from hostkit.tasks.model import State


def task(name: str, agent: str, *checks: str) -> str:
    told = ", ".join(f"{{type: {check}}}" for check in checks)
    return f"\n  - {{id: {name}, title: {name}, agent: {agent}, attempts: 1, checks: [{told}]}}"


AGENT = """
  writes:
    argv:
      - sh
      - -c
      - |
        mkdir sql; echo 'SELECT 1;' > sql/one.sql
        echo '{"type": "object"}' > schema.json; echo '{}' > doc.json
        echo 'def test_it(): pass' > test_it.py; printf '*.tmp' > .gitignore; git add -A; git commit -qm all
"""


def test_a_task_is_verified_by_typed_checks_each_with_its_own_verdict(bench: Any) -> None:
    graph = task(
        "a",
        "writes",
        "file_exists, files: [sql/one.sql, doc.json]",
        "sql_syntax, files: [sql/], dialect: sqlite",
        "json_schema, files: [doc.json], against: schema.json",
        "pytest, args: [test_it.py], min_executed: 1",
        "command, argv: [sh, -c, exit 3], exit: 3",
    )
    now = bench.run(graph, AGENT, merging=False)
    assert now["a"].state is State.VERIFIED, now["a"].why
    assert now["a"].why == "2 files there; 1 statement in 1 file; 1 file valid; 1 run, 1 wanted; exit 3"
    with bench.shop(graph, AGENT) as shop:
        assert [record.verdict for record in shop.records(now["a"].commit)] == [Verdict.PASS] * 5


def test_what_fails_and_what_cannot_be_told_are_told_apart(bench: Any) -> None:
    graph = task("a", "writes", "file_exists, files: [README]")
    graph += task("b", "writes", "json_schema, files: [doc.json], against: none.json")
    graph += task("c", "writes", "pytest, args: [test_it.py], min_executed: 2")
    graph += task("d", "writes", "pytest, args: [test_it.py], timeout_s: 0.05")
    now = bench.run(graph, AGENT, merging=False)
    assert [now[name].state for name in "abcd"] == [
        State.FAILED,
        State.INCONCLUSIVE,
        State.FAILED,
        State.INCONCLUSIVE,
    ]
    assert now["a"].why == "file_exists README: there is no README"
    assert "there is no schema none.json" in now["b"].why
    assert "too few tests: 1 run, 2 wanted" in now["c"].why
    assert "took longer than 0.05 s" in now["d"].why


def test_each_check_finds_the_commit_alone_whatever_the_one_before_left(bench: Any) -> None:
    leaves = (
        "command, argv: [sh, -c, 'echo x > made; echo x > made.tmp; rm doc.json; echo no > schema.json; "
        "git add -A; git -c user.name=t -c user.email=t commit -qm mine']"
    )
    sees = "command, argv: [sh, -c, 'test ! -e made && test ! -e made.tmp && test -f doc.json']"
    graph = task("a", "writes", leaves, "file_exists, files: [doc.json]", sees)
    now = bench.run(graph, AGENT, merging=False)
    assert now["a"].state is State.VERIFIED, now["a"].why
    graph = task("a", "writes", leaves, sees, "file_exists, files: [made]")
    assert "there is no made" in bench.run(graph, AGENT, merging=False)["a"].why
