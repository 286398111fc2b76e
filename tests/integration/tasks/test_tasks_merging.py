"""Verified work goes into the target by the merge train: whatever the target went to was judged itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hostkit.store.model import Verdict
from hostkit.tasks.joining import gather
from hostkit.tasks.model import GateCheck, State
from hostkit.tasks.runner import NOT_MERGED
from hostkit.train.tasks import TaskTrain


def checked(name: str, agent: str = "adds", *needs: str, extra: str = "") -> str:
    wants = f", needs: [{', '.join(needs)}]" if needs else ""
    check = f"checks: [{{type: command, argv: [test, -f, {name}.txt]}}]"
    return f"\n  - {{id: {name}, title: {name}, agent: {agent}, {check}{wants}{extra}}}"


ADDS = "\n  adds: {argv: [sh, -c, 'echo x > {task}.txt; git add -A; git commit -qm {task}']}\n"


def first_parents(bench: Any, base: str) -> list[str]:
    told = bench.git.run("rev-list", "--first-parent", "--reverse", f"{base}..main")
    return [line for line in told.splitlines() if len(line) == 40]


def test_every_commit_that_the_target_went_to_has_a_pass_of_the_targets_gate(bench: Any) -> None:
    base = bench.git.resolve("main")
    now = bench.run("".join(checked(name) for name in "abcde"), ADDS, target_gate=True)
    assert {s.state for s in now.values()} == {State.VERIFIED}
    assert {f"{name}.txt" for name in "abcde"} <= {path.name for path in bench.repository.iterdir()}
    went = first_parents(bench, base)
    assert set(went) == set(bench.asked())
    with bench.shop(checked("a"), ADDS) as shop:
        for commit in went:
            assert {record.verdict for record in shop.records(commit)} == {Verdict.PASS}


def test_work_that_only_its_own_check_accepts_stays_out_and_takes_nobody_with_it(bench: Any) -> None:
    breaks = (
        "\n  breaks: {argv: [sh, -c, 'echo fail LED 7 > verdict.txt; echo x > {task}.txt; "
        "git add -A; git commit -qm x']}\n"
    )
    now = bench.run(checked("a") + checked("b", "breaks") + checked("c"), ADDS + breaks, target_gate=True)
    assert {s.state for s in now.values()} == {State.VERIFIED}
    merged = {s.task for s in now.values() if bench.git.is_ancestor(s.commit, bench.git.resolve("main"))}
    assert merged == {"a", "c"}
    assert f"b: {NOT_MERGED}gate virtual on any: LED 7" in bench.told
    assert (bench.repository / "verdict.txt").read_text() == "pass"


def test_what_the_rules_of_the_target_require_is_asked_of_what_goes_there(bench: Any) -> None:
    graph, base = checked("a"), bench.git.resolve("main")
    bench.run(graph, ADDS, merging=False)
    with bench.shop(graph, ADDS) as plain:
        shop = replace(plain, required=lambda _: (GateCheck("virtual"),))
        assert TaskTrain(shop).bring([shop.standings(running=False)["a"]]) == {}
    assert bench.asked() == first_parents(bench, base)


def test_a_target_gate_that_is_inconclusive_keeps_work_out_and_is_the_reason_told(bench: Any) -> None:
    lost = (
        "\n  loses: {argv: [sh, -c, 'echo inconclusive link lost > verdict.txt; echo x > {task}.txt; "
        "git add -A; git commit -qm x']}\n"
    )
    base = bench.git.resolve("main")
    bench.run(checked("a", "loses"), ADDS + lost, target_gate=True)
    assert bench.git.resolve("main") == base
    (told,) = [line for line in bench.told if NOT_MERGED in line]
    assert told.endswith("gate virtual on any: link lost")


def test_what_an_agent_committed_before_it_was_right_is_not_on_the_targets_way(bench: Any) -> None:
    script = (
        "grep -q green $HOSTKIT_BRIEF && echo pass > verdict.txt || echo fail LED 7 is green > verdict.txt;"
        "git add -A; git commit -qm try"
    )
    base = bench.git.resolve("main")
    graph = "\n  - {id: a, title: a, agent: learner, attempts: 2, gate: {env: virtual}}"
    agents = f"\n  learner: {{argv: [sh, -c, '{script}']}}\n"
    bench.run(graph, agents)
    (went,) = first_parents(bench, base)
    with bench.shop(graph, agents) as shop:
        assert [record.verdict for record in shop.records(went)] == [Verdict.PASS]
    assert bench.git.run("show", "-s", "--format=%s", went).strip() == "Merge a: a"


def test_work_in_line_that_its_task_no_longer_claims_leaves_the_line(bench: Any) -> None:
    with bench.shop(checked("a"), ADDS) as shop:
        train = TaskTrain(shop)
        train._site.line.submit("a", bench.git.resolve("main"), "from a run that was killed")
        assert train.bring([]) == {}
        assert [change.status.value for change in train._site.line.changes()] == ["withdrawn"]


def test_a_train_that_is_stopped_says_so_and_brings_the_work_the_next_time(bench: Any) -> None:
    graph = checked("a")
    with bench.shop(graph, ADDS) as shop:
        bench.run(graph, ADDS, merging=False)
        standing = shop.standings(running=False)["a"]
        train = TaskTrain(shop)
        train._site.git.run("switch", "-q", "-c", "elsewhere")
        tip = bench.git.resolve("main")
        held = _stopped_at_once(train, standing)
        assert held == {"a": "the train was stopped"}
        assert bench.git.resolve("main") == tip
        assert TaskTrain(shop).bring([standing]) == {}
        assert bench.git.resolve("main") == standing.commit


def _stopped_at_once(train: TaskTrain, standing: Any) -> Any:
    """Stop the train as soon as it asks about the tip, before it tests anything."""
    site = train._site
    passed = type(site).passed

    class Stops(type(site)):  # type: ignore[misc]
        def passed(self, commit: str) -> bool:
            train.stop()
            return passed(self, commit)

    fields = {name: getattr(site, name) for name in ("shop", "line", "worktrees", "folder")}
    train._site = Stops(**fields)
    return train.bring([standing])


def test_the_same_work_gathered_twice_is_the_same_commit_whose_first_parent_is_the_tip(bench: Any) -> None:
    graph = "".join(checked(name) for name in "abc")
    now = bench.run(graph, ADDS, merging=False)
    tip, commits = bench.git.resolve("main"), [now[name].commit for name in "abc"]
    made = set()
    with bench.shop(graph, ADDS) as shop:
        for _ in range(2):
            with shop.worktrees.apart("twice", tip) as git:
                commit, why = gather(git, tip, commits, "all of it")
                made.add(commit)
                assert why == ""
                assert git.resolve("HEAD") == commit
                assert git.changed_paths() == ()
    (commit,) = made
    assert bench.git.run("rev-list", "--parents", "-1", commit).split()[1:] == [tip, *commits]
