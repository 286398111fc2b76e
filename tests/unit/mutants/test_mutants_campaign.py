"""All mutants through all lanes: the clean tree first, every result kept, and a cut-off run goes on."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostkit.errors import ExitCode, FailedError, ToolError
from hostkit.mutants.campaign import QUICK, Campaign, Told, seconds_by_test
from hostkit.mutants.clean import CleanRun, clean_exit_code, repeat_clean
from hostkit.mutants.journal import NAME, Journal
from hostkit.mutants.model import NOTICED, Fate, Mutant, Origin, Result
from hostkit.mutants.score import exit_code, tally
from hostkit.mutants.suite import Ended, SuiteEnd
from hostkit.testing.mutants import FakeLanes, killed

GROUND = "aa" * 32


def mutant(name, origin=Origin.PLANTED):
    return Mutant(name, origin, "some", "something else", "a.cpp", 0, "1", name)


MUTANTS = tuple(mutant(f"m{i}") for i in range(6))


def keep(directory, *mutants):
    journal = Journal(directory, GROUND)
    for each in mutants:
        journal.add(killed(each))
    journal.close()


def kept(directory, ground=GROUND, **options):
    journal = Journal(directory, ground, **options)
    journal.close()
    return journal.results


@pytest.fixture
def told():
    return []


@pytest.fixture
def run(tmp_path, told):
    """Run a campaign over MUTANTS; return the results."""

    def run(lanes, count=2, mutants=MUTANTS):
        def listen(what, mutant, result, text):
            told.append((what, mutant and mutant.name, text))

        campaign = Campaign(lanes, count, tmp_path, listen)
        campaign.open()
        campaign.prove_clean()
        journal = Journal(tmp_path, GROUND)
        try:
            return campaign.run(mutants, journal)
        finally:
            journal.close()

    return run


def test_every_mutant_gets_its_result(run, told):
    lanes = FakeLanes(lambda m, _: killed(m))
    results = run(lanes)
    assert {digest: result.fate for digest, result in results.items()} == dict.fromkeys(
        (m.digest for m in MUTANTS), Fate.KILLED
    )
    assert sorted(lanes.tried) == [m.name for m in MUTANTS]
    assert [what for what, _, _ in told].count(Told.RESULT) == len(MUTANTS)


def test_the_clean_tree_runs_first_on_every_lane_in_both_orders(run, told, tmp_path):
    run(FakeLanes(lambda m, _: killed(m)), count=2)
    assert [text for what, _, text in told if what is Told.CLEAN] == [
        *["clean tree, in its own order: passed, 2 tests"] * 2,
        *["clean tree, quick tests first: passed, 2 tests"] * 2,
    ]
    assert told[0][0] is Told.CLEAN
    assert json.loads((tmp_path / QUICK).read_text()) == {"t.py::test_a": 0.1, "t.py::test_b": 0.2}


def test_a_red_clean_tree_ends_it_before_anything_is_tried(run):
    red = SuiteEnd(Ended.FAILED, "t.py::test_a", "wired", "red")
    lanes = FakeLanes(lambda m, _: killed(m), clean=red)
    with pytest.raises(
        FailedError, match=r"does not pass on the clean tree: t\.py::test_a failed: red"
    ) as caught:
        run(lanes)
    assert "every mutant looks killed" in caught.value.hint
    assert lanes.tried == []


def test_an_inconclusive_mutant_is_tried_once_more(run):
    def fates(m, n):
        return Result(m.digest, Fate.INCONCLUSIVE, message="no board") if n == 1 else killed(m)

    lanes = FakeLanes(fates)
    results = run(lanes)
    assert all(result.fate is Fate.KILLED for result in results.values())
    assert len(lanes.tried) == 2 * len(MUTANTS)


def test_what_stays_inconclusive_is_told_and_not_kept(run, tmp_path):
    results = run(FakeLanes(lambda m, _: Result(m.digest, Fate.INCONCLUSIVE, message="no board")))
    assert {result.fate for result in results.values()} == {Fate.INCONCLUSIVE}
    assert kept(tmp_path) == {}


def test_a_lane_that_dies_is_started_again_and_its_mutant_tried_again(run):
    lanes = FakeLanes(lambda m, n: None if (m.name, n) == ("m2", 1) else killed(m))
    results = run(lanes)
    assert all(result.fate is Fate.KILLED for result in results.values())
    assert len(lanes.starts) == 3
    assert lanes.tried.count("m2") == 2


def test_a_mutant_that_kills_its_lane_every_time_is_inconclusive(run):
    lanes = FakeLanes(lambda m, _: None if m.name == "m2" else killed(m))
    results = run(lanes)
    assert results[MUTANTS[2].digest].fate is Fate.INCONCLUSIVE
    assert "died" in results[MUTANTS[2].digest].message


def test_a_run_goes_on_where_it_was(run):
    def until_m3(m, _):
        if m.name == "m3":
            raise KeyboardInterrupt
        return killed(m)

    with pytest.raises(KeyboardInterrupt):
        run(FakeLanes(until_m3), count=1)
    lanes = FakeLanes(lambda m, _: killed(m))
    results = run(lanes, count=1)
    assert lanes.tried == ["m3", "m4", "m5"]
    assert len(results) == len(MUTANTS)


def test_lanes_that_built_different_sources_are_told(tmp_path):
    class Moving(FakeLanes):
        def wait(self):
            (reply,) = super().wait()
            return [type(reply)(reply.lane, done={"build": str(reply.lane)})]

    with pytest.raises(ToolError, match="edited meanwhile"):
        Campaign(Moving(lambda m, _: None), 2, tmp_path, print).open()


def test_times_are_the_middle_of_all_runs():
    ends = [SuiteEnd(Ended.PASSED, seconds=(("a", t),)) for t in (1.0, 9.0, 2.0)]
    assert seconds_by_test(ends) == {"a": 2.0}


def test_another_ground_forgets_all_and_fresh_does_so_too(tmp_path):
    keep(tmp_path, MUTANTS[0])
    assert set(kept(tmp_path)) == {MUTANTS[0].digest}
    assert kept(tmp_path, fresh=True) == {}
    keep(tmp_path, MUTANTS[0])
    assert kept(tmp_path, "bb" * 32) == {}
    assert kept(tmp_path) == {}


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 400))
def test_a_journal_cut_off_anywhere_holds_what_came_before(tmp_path_factory, cut):
    directory = tmp_path_factory.mktemp("journal")
    keep(directory, *MUTANTS[:3])
    path = directory / NAME
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - cut])
    whole = path.read_bytes().count(b"\n")
    assert len(kept(directory)) in (max(0, whole - 1), whole)  # a line may lack its end only
    keep(directory, MUTANTS[5])
    assert MUTANTS[5].digest in kept(directory)


def test_clean_runs_are_counted_kept_and_gone_on_with(tmp_path):
    heard = []
    for wanted in (3, 5):
        journal = Journal(tmp_path, GROUND)
        lanes = FakeLanes(lambda m, _: None)
        runs = repeat_clean(lanes, 2, wanted, journal, lambda n, run: heard.append(n))
        journal.close()
        assert len(runs) == wanted
        assert clean_exit_code(runs) is ExitCode.PASS
    assert heard == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        ([Ended.PASSED, Ended.FAILED], ExitCode.FAIL),
        ([Ended.PASSED, Ended.LOST], ExitCode.INCONCLUSIVE),
        ([Ended.LOST, Ended.FAILED], ExitCode.FAIL),
        ([], ExitCode.INCONCLUSIVE),
    ],
)
def test_one_false_alarm_is_too_many(ended, code):
    assert clean_exit_code([CleanRun(each, 2, 1.0) for each in ended]) is code


def tallied(origin, **fates):
    mutants, results = [], {}
    for word, count in fates.items():
        for i in range(count):
            each = mutant(f"{word}{i}", origin)
            mutants.append(each)
            if word != "missing":
                results[each.digest] = Result(each.digest, Fate[word.upper()])
    return tally(origin, mutants, results)


@pytest.mark.parametrize(
    ("origin", "fates", "rate", "code"),
    [
        (Origin.PLANTED, {"killed": 39, "timed_out": 1}, 1.0, ExitCode.PASS),
        (Origin.PLANTED, {"killed": 99, "survived": 1}, 0.99, ExitCode.FAIL),
        (Origin.PLANTED, {"killed": 9, "equivalent": 1}, 0.9, ExitCode.FAIL),
        (Origin.PLANTED, {"killed": 9, "unbuildable": 1}, 0.9, ExitCode.FAIL),
        (Origin.PLANTED, {"killed": 9, "inconclusive": 1}, 0.9, ExitCode.INCONCLUSIVE),
        (Origin.PLANTED, {"killed": 9, "missing": 1}, 0.9, ExitCode.INCONCLUSIVE),
        (Origin.GENERIC, {"killed": 9, "survived": 1, "equivalent": 5, "unbuildable": 3}, 0.9, ExitCode.PASS),
        (Origin.GENERIC, {"killed": 8, "survived": 2}, 0.8, ExitCode.FAIL),
        (Origin.GENERIC, {"killed": 8, "survived": 1, "inconclusive": 1}, 0.8, ExitCode.INCONCLUSIVE),
        (Origin.GENERIC, {"unbuildable": 3}, None, ExitCode.PASS),
    ],
)
def test_rates_are_over_what_can_be_noticed(origin, fates, rate, code):
    each = tallied(origin, **fates)
    assert each.rate == rate
    assert each.total == sum(fates.values())
    assert exit_code([each]) is code


def test_a_failure_outweighs_what_is_open_and_nothing_at_all_proves_nothing():
    failed = tallied(Origin.GENERIC, killed=1, survived=9)
    open_ = tallied(Origin.PLANTED, killed=1, inconclusive=1)
    assert exit_code([open_, failed]) is ExitCode.FAIL
    assert exit_code([]) is ExitCode.INCONCLUSIVE


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([fate.name.lower() for fate in Fate]), st.integers(0, 5)))
def test_only_what_was_noticed_counts_as_a_kill(fates):
    for origin in Origin:
        each = tallied(origin, **fates)
        assert each.noticed == sum(fates.get(fate.name.lower(), 0) for fate in NOTICED)
        assert each.rate is None or 0.0 <= each.rate <= 1.0
