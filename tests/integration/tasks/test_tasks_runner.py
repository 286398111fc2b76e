"""Whole runs of small graphs: real git, real child processes, a gate that is a script."""

from __future__ import annotations

from typing import Any

import pytest

from hostkit.clock import SystemClock
from hostkit.errors import InvalidError, ToolError, UsageError
from hostkit.store.model import Phase, Verdict
from hostkit.tasks.agent import marked_processes
from hostkit.tasks.lock import runner_lock
from hostkit.tasks.model import State
from hostkit.tasks.runner import NOT_MERGED, TaskRunner
from hostkit.train.tasks import TaskTrain


def gated(name: str, agent: str, *needs: str, extra: str = "") -> str:
    wants = f", needs: [{', '.join(needs)}]" if needs else ""
    rest = f"attempts: 1, gate: {{env: virtual}}{wants}{extra}"
    return f"\n  - {{id: {name}, title: {name}, agent: {agent}, {rest}}}"


def test_a_chain_is_verified_in_order_and_merged(bench: Any) -> None:
    now = bench.run(gated("a", "good") + gated("b", "good", "a"))
    assert {task: s.state for task, s in now.items()} == dict.fromkeys("ab", State.VERIFIED)
    assert bench.git.resolve("main") == now["b"].commit
    assert {"a.txt", "b.txt"} <= {path.name for path in bench.repository.iterdir()}
    assert bench.git.changed_paths() == ()
    assert len(bench.git.worktrees()) == 1


def test_a_failed_gate_blocks_what_needs_it_and_leaves_the_target_alone(bench: Any) -> None:
    before = bench.git.resolve("main")
    now = bench.run(gated("a", "bad") + gated("b", "good", "a") + gated("c", "good", "b"))
    assert (now["a"].state, now["a"].why) == (State.FAILED, "gate virtual on any: LED 7 is green")
    assert (now["b"].state, now["b"].blocked, now["c"].blocked) == (State.PLANNED, ("a",), ("b", "a"))
    assert bench.git.resolve("main") == before
    assert not any(line.startswith(("b:", "c:")) for line in bench.told)


def test_a_second_run_of_a_finished_graph_does_nothing_and_no_phase_is_left_open(bench: Any) -> None:
    graph = gated("a", "good") + gated("b", "bad")
    bench.run(graph)
    asked, tip = bench.asked(), bench.git.resolve("main")
    bench.told.clear()
    now = bench.run(graph)
    assert (now["a"].state, now["b"].state) == (State.VERIFIED, State.FAILED)
    assert (bench.asked(), bench.git.resolve("main"), bench.told) == (asked, tip, [])
    with bench.shop(graph) as shop:
        assert {attempt.phase for attempt in shop.attempts.all()} == {Phase.PROVED}


def test_two_independent_tasks_end_in_a_merge_that_has_its_own_pass(bench: Any) -> None:
    now = bench.run(gated("a", "good") + gated("b", "good"))
    assert {s.state for s in now.values()} == {State.VERIFIED}
    tip = bench.git.resolve("main")
    assert bench.git.is_ancestor(now["a"].commit, tip)
    assert bench.git.is_ancestor(now["b"].commit, tip)
    assert tip not in (now["a"].commit, now["b"].commit)
    assert tip in bench.asked()
    with bench.shop(gated("a", "good")) as shop:
        assert [record.verdict for record in shop.records(tip)] == [Verdict.PASS]


def test_work_that_conflicts_stays_verified_but_is_not_merged_and_says_why(bench: Any) -> None:
    agents = """
  one: {argv: [sh, -c, "echo 1 > same; git add -A; git commit -qm 1"]}
  two: {argv: [sh, -c, "echo 2 > same; git add -A; git commit -qm 2"]}
"""
    now = bench.run(gated("a", "one") + gated("b", "two"), agents)
    assert {s.state for s in now.values()} == {State.VERIFIED}
    merged = [s.task for s in now.values() if bench.git.is_ancestor(s.commit, bench.git.resolve("main"))]
    assert len(merged) == 1
    assert any(NOT_MERGED + "CONFLICT" in line for line in bench.told)
    assert bench.git.changed_paths() == ()


def test_a_task_starts_on_top_of_the_merge_of_what_it_needs(bench: Any) -> None:
    agents = """
  both: {argv: [sh, -c, "cat a.txt b.txt > both.txt && git add -A && git commit -qm both"]}
"""
    graph = gated("a", "good") + gated("b", "good") + gated("c", "both", "a", "b")
    now = bench.run(graph, agents, merging=False)
    assert now["c"].state is State.VERIFIED


def test_needs_that_conflict_leave_no_base_and_say_so(bench: Any) -> None:
    agents = """
  one: {argv: [sh, -c, "echo 1 > same; git add -A; git commit -qm 1"]}
  two: {argv: [sh, -c, "echo 2 > same; git add -A; git commit -qm 2"]}
"""
    graph = gated("a", "one") + gated("b", "two") + gated("c", "good", "a", "b")
    now = bench.run(graph, agents, merging=False)
    assert now["c"].state is State.FAILED
    assert "no base: what c needs does not merge: CONFLICT" in now["c"].why


AGENT_ENDS = {
    "an exit code": ("echo it broke; exit 3", "agent failed: exit 3: it broke"),
    "no commit": ("true", "no new commit: the agent ended well but left nothing"),
    "uncommitted work": ("git commit -q --allow-empty -m x; echo x > left", "uncommitted changes: left"),
    "a file outside": (
        "echo x > other; git add -A; git commit -qm x",
        "changed other files: other; allowed: ok",
    ),
    "another branch": (
        "git switch -q -c elsewhere; git commit -q --allow-empty -m x",
        "no new commit: the branch hostkit/a is not what is checked out",
    ),
    "lost history": (
        "git commit -q --amend --allow-empty -m rewritten",
        "no new commit: the branch lost what it began with",
    ),
}


@pytest.mark.parametrize(("script", "why"), AGENT_ENDS.values(), ids=AGENT_ENDS.keys())
def test_each_way_in_which_an_agent_does_not_deliver_is_named_and_never_gated(
    bench: Any, script: str, why: str
) -> None:
    agents = f"\n  odd: {{argv: [sh, -c, '{script}']}}\n"
    now = bench.run(gated("a", "odd", extra=", files: [ok]"), agents)
    assert now["a"].state is State.FAILED
    assert why in now["a"].why
    assert bench.asked() == []


def test_an_agent_past_its_time_is_ended_with_everything_that_it_started(bench: Any) -> None:
    agents = """
  slow: {argv: [sh, -c, "setsid sleep 300 & sleep 300"], timeout_s: 0.3}
"""
    now = bench.run(gated("a", "slow"), agents)
    assert "agent timed out: after 0.3 s" in now["a"].why
    with bench.shop(gated("a", "slow"), agents) as shop:
        (tried,) = shop.tried("a")
    assert marked_processes(tried.token) == ()


def test_a_failed_attempt_is_tried_again_on_the_same_branch_and_told_why(bench: Any) -> None:
    script = (
        "grep -q green $HOSTKIT_BRIEF && echo pass > verdict.txt || echo fail LED 7 is green > verdict.txt;"
        "git add -A; git commit -qm try"
    )
    graph = "\n  - {id: a, title: a, agent: learner, attempts: 2, gate: {env: virtual}}"
    now = bench.run(graph, f"\n  learner: {{argv: [sh, -c, '{script}']}}\n")
    assert (now["a"].state, now["a"].attempts) == (State.VERIFIED, 2)


def test_attempts_are_bounded_also_over_several_runs(bench: Any) -> None:
    graph = "\n  - {id: a, title: a, agent: idle, attempts: 2, gate: {env: virtual}}"
    agents = "\n  idle: {argv: [sh, -c, 'true']}\n"
    for _ in range(3):
        now = bench.run(graph, agents)
    assert (now["a"].state, now["a"].attempts) == (State.FAILED, 2)
    assert now["a"].why.startswith("attempt 2 of 2: no new commit")


def test_a_gate_that_gives_no_verdict_is_inconclusive_and_asked_again_by_the_next_run(bench: Any) -> None:
    agents = """
  odd: {argv: [sh, -c, "echo crash > verdict.txt; git add -A; git commit -qm x"]}
"""
    now = bench.run(gated("a", "odd") + gated("b", "good", "a"), agents)
    assert now["a"].state is State.INCONCLUSIVE
    assert "ended with exit 5 and gave no verdict: the probe fell off" in now["a"].why
    assert (now["b"].state, now["b"].why) == (State.PLANNED, "waits for a (inconclusive)")
    bench.forgiving = True
    now = bench.run(gated("a", "odd"), agents)
    assert (now["a"].state, now["a"].attempts) == (State.VERIFIED, 1)


def test_a_command_check_is_proved_by_its_exit_code_and_entered_in_the_ledger(bench: Any) -> None:
    graph = """
  - {id: a, title: a, agent: good, attempts: 1, checks: [{type: command, argv: [test, -f, a.txt]}]}
  - {id: b, title: b, agent: good, attempts: 1, checks: [{type: command, argv: [sh, -c, "echo no; exit 4"]}]}
"""
    now = bench.run(graph)
    assert (now["a"].state, now["a"].why) == (State.VERIFIED, "exit 0")
    assert now["b"].state is State.FAILED
    assert "exit 4: no" in now["b"].why
    with bench.shop(graph) as shop:
        assert shop.ledger.check() == 2


def test_a_target_with_uncommitted_changes_is_not_touched(bench: Any) -> None:
    (bench.repository / "a.txt").write_text("mine, not committed")
    before = bench.git.resolve("main")
    now = bench.run(gated("a", "good"))
    assert now["a"].state is State.VERIFIED
    assert bench.git.resolve("main") == before
    assert (bench.repository / "a.txt").read_text() == "mine, not committed"
    assert any(NOT_MERGED in line for line in bench.told)


def test_a_target_that_is_not_checked_out_moves_by_compare_and_swap(bench: Any) -> None:
    bench.git.run("switch", "-q", "-c", "elsewhere")
    now = bench.run(gated("a", "good"))
    assert bench.git.resolve("main") == now["a"].commit
    assert not (bench.repository / "a.txt").exists()


def test_a_folder_in_the_way_of_a_worktree_is_an_error_and_is_left_alone(bench: Any) -> None:
    with bench.shop(gated("a", "good")) as shop:
        place = shop.worktrees.path("a")
    place.mkdir(parents=True)
    (place / "precious").write_text("work")
    graph = gated("a", "good") + gated("b", "good")
    with pytest.raises(ToolError, match="is in the way"):
        bench.run(graph)
    assert (place / "precious").read_text() == "work"
    with bench.shop(graph) as shop:
        assert [s.state for s in shop.standings(running=False).values()] == [State.READY, State.VERIFIED]


def test_a_worktree_with_work_in_it_is_kept_after_the_merge(bench: Any) -> None:
    with bench.shop(gated("a", "good")) as shop:
        TaskRunner(shop, jobs=1, merging=None).run()
        (shop.worktrees.path("a") / "thoughts").write_text("not committed")
        TaskRunner(shop, jobs=1, merging=TaskTrain(shop)).run()
        assert (shop.worktrees.path("a") / "thoughts").exists()
    assert bench.git.resolve("hostkit/a") == bench.git.resolve("main")


def test_two_runners_of_one_project_exclude_each_other(bench: Any) -> None:
    with bench.shop(gated("a", "good")) as shop, runner_lock(shop.folders.lock, SystemClock()):
        runner = TaskRunner(shop, jobs=1, merging=None)
        with pytest.raises(UsageError, match="by pid"):
            runner.run()


def test_a_target_that_is_no_branch_is_a_usage_error_before_anything_starts(bench: Any) -> None:
    bench.git.run("branch", "-m", "trunk")
    with pytest.raises(UsageError, match="there is no branch main") as caught:
        bench.run(gated("a", "good"))
    assert "set target: in tasks.yaml" in caught.value.hint
    assert bench.told == []


def test_with_an_edited_ledger_nothing_runs_and_nothing_merges(bench: Any) -> None:
    bench.run(gated("a", "bad"))
    with bench.shop("\n  - {id: a, title: a, agent: bad, gate: {env: virtual}}") as shop:
        database = shop.ledger._database
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE verdicts SET verdict = 'pass'")
    tip = bench.git.resolve("main")
    with pytest.raises(InvalidError, match="the ledger is broken at entry 1"):
        bench.run(gated("a", "bad"))
    assert bench.git.resolve("main") == tip


def test_a_rule_made_stricter_after_the_merge_asks_for_a_new_proof_of_the_same_commit(bench: Any) -> None:
    commit = bench.run(gated("a", "good"))["a"].commit
    now = bench.run(gated("a", "good").replace("env: virtual", "env: virtual, min_rung: timed"))
    assert (now["a"].state, now["a"].commit) == (State.INCONCLUSIVE, commit)
    assert "up to rung wired is not enough" in now["a"].why
    assert bench.asked() == [commit, commit]


def test_a_proof_sees_the_commit_alone_not_what_the_agent_left_around_it(bench: Any) -> None:
    script = (
        "echo fail LED 7 > verdict.txt; git add -A; git commit -qm x;"
        "git update-index --assume-unchanged verdict.txt; echo pass > verdict.txt"
    )
    now = bench.run(gated("a", "odd"), f"\n  odd: {{argv: [sh, -c, '{script}']}}\n")
    assert now["a"].state is State.FAILED
    assert "uncommitted changes: verdict.txt" in now["a"].why
    hidden = script.replace("git update-index --assume-unchanged", "git update-index --skip-worktree")
    excluded = (
        'echo extra >> "$(git rev-parse --git-path info/exclude)"; echo pass > extra;'
        "echo x > y; git add -A; git commit -qm x"
    )
    check = "attempts: 1, checks: [{type: command, argv: [test, -f, extra]}]"
    now = bench.run(
        gated("b", "odd") + f"\n  - {{id: c, title: c, agent: leaves, {check}}}",
        f"\n  odd: {{argv: [sh, -c, '{hidden}']}}\n  leaves: {{argv: [sh, -c, '{excluded}']}}\n",
    )
    assert "uncommitted changes: verdict.txt" in now["b"].why
    assert now["c"].state is State.FAILED
    assert "exit 1" in now["c"].why
    assert not [path for path in bench.git.worktrees() if path.name.startswith("_")]


def test_a_pass_whose_evidence_is_not_intact_is_not_merged(bench: Any) -> None:
    bench.broken["/evidence"] = ("verdict.json was changed",)
    before = bench.git.resolve("main")
    now = bench.run(gated("a", "good"))
    assert now["a"].state is State.VERIFIED
    assert bench.git.resolve("main") == before
    assert any("is not intact: verdict.json was changed in /evidence" in line for line in bench.told)
    bench.broken.clear()
    bench.run(gated("a", "good"))
    assert bench.git.resolve("main") == now["a"].commit


def test_a_pass_that_no_trusted_key_signed_verifies_nothing(bench: Any) -> None:
    class Everything(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            return ("evidence.json: it is not there: nothing is signed",)

    bench.unsigned = Everything()
    before = bench.git.resolve("main")
    now = bench.run(gated("a", "good"))
    assert now["a"].state is State.INCONCLUSIVE
    assert "a pass that does not hold: evidence.json: it is not there" in now["a"].why
    assert bench.git.resolve("main") == before
    bench.unsigned = {}
    assert bench.run(gated("a", "good"))["a"].state is State.VERIFIED


def test_work_that_changes_what_it_is_judged_by_says_so(bench: Any) -> None:
    agents = """
  judge: {argv: [sh, -c, "echo pass of my own > verdict.txt; git add -A; git commit -qm x"]}
"""
    agents += '  quiet: {argv: [sh, -c, "echo x > x; git add -A; git commit -qm x"]}\n'
    bench.run(gated("a", "judge") + gated("b", "quiet"), agents)
    noted = [line for line in bench.told if "changes what it is judged by" in line]
    assert noted == ["a: attempt 1 changes what it is judged by: verdict.txt"]
    with bench.shop(gated("a", "judge"), agents) as shop:
        assert noted[0].removeprefix("a: ") in [event.what for event in shop.attempts.story("a")]


def test_worktrees_whose_maker_was_killed_are_made_anew(bench: Any) -> None:
    with bench.shop(gated("a", "good")) as shop:
        for name in ("a", "_a", "_b"):  # as `git worktree add` leaves them when it dies half-way
            path = shop.worktrees.path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            bench.git.run("worktree", "add", "--quiet", "--detach", "--lock", str(path))
            locked = bench.repository / ".git" / "worktrees" / name / "locked"
            locked.write_text("initializing")
            (path / "verdict.txt").unlink()
        assert len(bench.git.unfinished_worktrees()) == 3
    now = bench.run(gated("a", "good"))
    assert now["a"].state is State.VERIFIED
    assert bench.git.resolve("main") == now["a"].commit
    assert len(bench.git.worktrees()) == 1


def test_tasks_whose_files_overlap_are_at_work_one_after_the_other(bench: Any) -> None:
    graph = "".join(gated(name, "good", extra=", files: ['*.txt']") for name in "ab")
    bench.run(graph)
    with bench.shop(graph) as shop:
        first, second = sorted(shop.attempts.all(), key=lambda attempt: attempt.began_ns)
    assert first.ended_ns
    assert first.ended_ns <= second.began_ns


def test_no_agent_is_started_for_a_task_that_is_incomplete(bench: Any) -> None:
    graph = "\n  - {id: a, title: a, agent: good, incomplete: [no check]}" + gated("b", "good", "a")
    now = bench.run(graph)
    assert (now["a"].state, now["a"].why) == (State.PLANNED, "incomplete: no check")
    assert now["b"].why == "will not start: a is incomplete"
    with bench.shop(graph) as shop:
        assert not list(shop.attempts.all())
