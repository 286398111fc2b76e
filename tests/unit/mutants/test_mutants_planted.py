"""Planted faults: today's apply, exactly once each; others are told, all at once."""

from collections import Counter
from pathlib import Path

import pytest

from hostkit.errors import UsageError
from hostkit.mutants.model import Mutant, Origin
from hostkit.mutants.planted import FOLDER, read_planted

ROOT = Path(__file__).parents[3]
FAULT = """
[[fault]]
name = "{name}"
about = "something that matters"
file = "firmware/a.cpp"
old = "{old}"
new = "{new}"
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "firmware").mkdir()
    (tmp_path / "firmware" / "a.cpp").write_text("int a = 1;\nint b = 2;\nint c = 2;\n")
    (tmp_path / FOLDER).mkdir()
    return tmp_path


def plant(project, *faults, head='area = "some"\n'):
    text = head + "".join(FAULT.format(name=name, old=old, new=new) for name, old, new in faults)
    (project / FOLDER / "some.toml").write_text(text)


def test_every_fault_of_this_firmware_applies_to_its_sources():
    planted = read_planted(ROOT)
    assert len(planted) >= 40
    for mutant in planted:
        text = (ROOT / mutant.file).read_text()
        assert text.count(mutant.old) == 1
        after = mutant.applied_to(text)
        assert after != text
        assert len(after) == len(text) - len(mutant.old) + len(mutant.new)


def test_the_faults_of_this_firmware_are_of_all_areas_and_differ():
    planted = read_planted(ROOT)
    assert {mutant.kind for mutant in planted} >= {"colour", "pattern", "wire", "link", "live and storage"}
    edits = Counter((mutant.file, mutant.offset, mutant.old, mutant.new) for mutant in planted)
    assert max(edits.values()) == 1
    assert len({mutant.digest for mutant in planted}) == len(planted)


def test_a_fault_is_read_with_its_place(project):
    plant(project, ("one-more", "a = 1", "a = 2"))
    (mutant,) = read_planted(project)
    assert mutant == Mutant(
        "one-more",
        Origin.PLANTED,
        "some",
        "something that matters",
        "firmware/a.cpp",
        4,
        "a = 1",
        "a = 2",
    )
    assert mutant.applied_to("int a = 1;") == "int a = 2;"
    assert Mutant.of_record(mutant.record()) == mutant
    with pytest.raises(ValueError, match="has no"):
        mutant.applied_to("int b = 1;")


def test_all_that_do_not_apply_are_named(project):
    plant(project, ("fits-here", "a = 1", "a = 2"), ("gone-away", "z = 1", ""), ("is-twice", " = 2;", ""))
    with pytest.raises(UsageError) as caught:
        read_planted(project)
    assert "gone-away does not apply: firmware/a.cpp has its text 0 times" in caught.value.message
    assert "is-twice does not apply: firmware/a.cpp has its text 2 times" in caught.value.message
    assert "fits-here" not in caught.value.message
    assert "exactly once" in caught.value.hint


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ([("the-same", "a = 1", "a = 1")], "old and new are the same"),
        ([("one-name", "a = 1", "a = 2"), ("one-name", "a = 1", "a = 3")], "one-name is there twice"),
    ],
)
def test_what_plants_nothing_is_refused(project, faults, said):
    plant(project, *faults)
    with pytest.raises(UsageError, match=said):
        read_planted(project)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("area = ", "some.toml"),
        ('area = "some"\n', "fault"),
        ('area = "some"\nextra = 1\n' + FAULT.format(name="abc", old="a", new="b"), "extra"),
        ('area = "some"\n' + FAULT.format(name="A b", old="a", new="b"), "name"),
        ('area = "some"\n' + FAULT.format(name="abc", old="", new="b"), "old"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named(project, text, said):
    (project / FOLDER / "some.toml").write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        read_planted(project)
    assert caught.value.hint


def test_a_source_that_is_not_there_is_a_fault_that_does_not_apply(project):
    plant(project, ("one-more", "a = 1", "a = 2"))
    (project / "firmware" / "a.cpp").unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        read_planted(project)


def test_a_project_without_faults_has_none(tmp_path):
    assert read_planted(tmp_path) == ()
