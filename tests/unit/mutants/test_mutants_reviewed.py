"""Reviews: they hold for one edit of one code, and never help a planted fault."""

from pathlib import Path

import pytest

from hostkit.errors import UsageError
from hostkit.mutants.model import Fate, Mutant, Origin, Result
from hostkit.mutants.planted import EQUIVALENT, FOLDER
from hostkit.mutants.reviewed import read_reviews, template_of
from hostkit.mutants.run import reviewed
from hostkit.mutants.sample import draw, read_sources

ROOT = Path(__file__).parents[3]
SOURCE = "int a = 1;  // one\n"
FILE = "firmware/lib/a.cpp"
MUTANT = Mutant("a.cpp:1:9 constant '2'", Origin.GENERIC, "constant", "1 -> 2", FILE, 8, "1", "2")


@pytest.fixture
def project(tmp_path):
    (tmp_path / FOLDER).mkdir()
    return tmp_path


def review(project, mutant=MUTANT, source=SOURCE, reason="nobody ever reads this number at all"):
    text = template_of(mutant, source).replace("reason = ''''''", f"reason = '''{reason}'''")
    (project / FOLDER / EQUIVALENT).write_text(text)


def test_a_review_holds_for_its_mutant(project):
    review(project)
    verdicts = read_reviews(project, {FILE: SOURCE})
    assert verdicts.reason(MUTANT) == "nobody ever reads this number at all"
    assert verdicts.stale == ()


def test_it_holds_when_only_a_comment_changes_and_not_when_the_code_does(project):
    review(project)
    assert read_reviews(project, {FILE: "int a = 1;  // uno\n"}).reason(MUTANT)
    verdicts = read_reviews(project, {FILE: "int a = 1 + 0;  // one\n"})
    assert verdicts.reason(MUTANT) == ""
    assert verdicts.stale == (MUTANT.name,)
    assert read_reviews(project, {}).stale == (MUTANT.name,)


def test_it_says_nothing_of_another_edit_at_the_same_place(project):
    review(project)
    other = Mutant("a.cpp:1:9 constant '0'", Origin.GENERIC, "constant", "1 -> 0", FILE, 8, "1", "0")
    assert read_reviews(project, {FILE: SOURCE}).reason(other) == ""


def test_without_a_reason_there_is_no_review(project):
    review(project, reason="because")
    with pytest.raises(UsageError, match="reason"):
        read_reviews(project, {FILE: SOURCE})


def test_without_the_file_nothing_is_reviewed(project):
    assert read_reviews(project, {FILE: SOURCE}).reasons == {}


def test_a_review_makes_a_generic_survivor_equivalent_and_nothing_else(project):
    review(project)
    verdicts = read_reviews(project, {FILE: SOURCE})
    planted = Mutant(MUTANT.name, Origin.PLANTED, "x", MUTANT.about, FILE, 8, "1", "2")
    for mutant, fate, after in (
        (MUTANT, Fate.SURVIVED, Fate.EQUIVALENT),
        (MUTANT, Fate.KILLED, Fate.KILLED),
        (MUTANT, Fate.INCONCLUSIVE, Fate.INCONCLUSIVE),
        (planted, Fate.SURVIVED, Fate.SURVIVED),
    ):
        results = reviewed([mutant], {mutant.digest: Result(mutant.digest, fate)}, verdicts)
        assert results[mutant.digest].fate is after


def test_the_reviews_of_this_firmware_can_be_read_and_name_what_a_sample_can_give():
    sources = read_sources(ROOT)
    verdicts = read_reviews(ROOT, sources)
    known = {(m.file, m.name, m.about) for m in draw(sources, 1 << 20, 1)}
    assert set(verdicts.reasons) <= known
