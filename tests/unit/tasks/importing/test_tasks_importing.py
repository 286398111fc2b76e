"""Plans in other grammars: what is read, what is said of it, and what the written plan can never do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostkit.cli.main import run
from hostkit.errors import UsageError
from hostkit.tasks.importing.document import import_file, import_source
from hostkit.tasks.importing.grading import grades
from hostkit.tasks.importing.model import Kind, Outline
from hostkit.tasks.importing.source import source_of
from hostkit.tasks.importing.telling import report_lines, report_record
from hostkit.tasks.importing.writing import plan_text
from hostkit.tasks.model import Plan
from hostkit.tasks.read import parse_plan

PLANS = Path(__file__).parent / "plans"
WRONG = (PLANS / "everything_wrong.md").read_text(encoding="utf-8")
SECRETS = ("not-a-real-word", "made-up-for-this-test-0000")


def read(text: str | bytes, name: str = "plan.md") -> Outline:
    return import_source(source_of(text if isinstance(text, bytes) else text.encode(), name))


def written(outline: Outline) -> Plan:
    return parse_plan(plan_text(outline), Path("tasks.yaml"))


def settled() -> Outline:
    """Return the document without its two errors that leave no graph."""
    return read(WRONG.replace(", T77", "").replace("- Depends on: T10", "- Depends on: T8"))


def told(outline: Outline, kind: Kind) -> list[tuple[int, str]]:
    return [(each.at.line, each.message) for each in outline.findings if each.kind is kind]


def test_every_task_of_a_breakdown_is_found_and_no_comment_in_a_fence_is_one() -> None:
    outline = settled()
    assert sorted(outline.drafts, key=lambda name: int(name[1:])) == [f"T{n}" for n in range(1, 11)]
    assert "group z" not in outline.document.groups
    assert outline.drafts["T1"].files[0].text == "database/migrations/001_retries.sql"
    assert [said.text for said in outline.drafts["T1"].files][-1] == "database/seeds/retries.sql"
    assert [said.at.line for said in outline.drafts["T1"].files] == [37, 38, 40]
    assert outline.hours["T4"] == 6


def test_needs_are_read_whatever_they_are_called_and_however_they_are_meant() -> None:
    needs = settled().needs
    assert needs["T1"] == needs["T2"] == ()
    assert needs["T4"] == ("T1",)
    assert needs["T5"] == ("T3", "T4")
    assert set(needs["T7"]) == {"T3", "T5", "T6"}  # all API tasks
    assert set(needs["T8"]) == {"T3", "T4", "T6", "T7"}  # all of Group B, T7


def test_an_unknown_id_and_a_cycle_leave_no_plan_and_are_named_with_their_lines() -> None:
    outline = read(WRONG)
    assert told(outline, Kind.UNKNOWN_ID) == [(78, "T8 names T77, which is no task")]
    ((line, message),) = told(outline, Kind.CYCLE)
    assert line == 81
    assert "T9 → T10 → T9" in message
    assert "plan.md:84" in message
    with pytest.raises(UsageError, match=r"plan\.md:78: T8 names T77") as caught:
        plan_text(outline)
    assert caught.value.hint == "did you mean T7?"


def test_a_task_is_never_said_to_have_meant_itself() -> None:
    plan = "#### T1: First\n**Files:** a.txt\n#### T2: Second\n**Dependencies:** T9\n"
    with pytest.raises(UsageError, match=r"T2 names T9, which is no task") as caught:
        plan_text(read(plan))
    assert caught.value.hint == "did you mean T1?"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.GROUP_ORDER, "T5 of group a needs T3 of group b, which comes later"),
        (Kind.GROUP_ORDER, "group a is said to have no dependencies, but T5 needs T3, T4"),
        (Kind.CRITICAL_PATH, "the critical path goes T1 → T4, but"),
        (Kind.CRITICAL_PATH, "the longest is T1 → T4 → T3"),
        (Kind.SUM, "group a is said to have 4 tasks; there are 3"),
        (Kind.SUM, "group b is said to take 9 h; its tasks add up to 14 h"),
        (Kind.SUM, "the document is said to take 60 h; its tasks add up to 31 h"),
        (Kind.SHARED_FILE, "T2, T3 write src/errors.ts"),
        (Kind.DONE, "T2 is called done"),
        (Kind.STEP, "destroys data"),
        (Kind.STEP, "may never end"),
        (Kind.TWICE, "T4 needs T1, T2 here, but T1 at plan.md:"),
        (Kind.UNREAD, "PostgreSQL on the test machine"),
        (Kind.ASSUMED, "all API tasks"),
        (Kind.TEXT, "repaired in line 14"),
        (Kind.SECRET, "looks like a credential"),
    ],
)
def test_each_contradiction_of_the_breakdown_is_reported(kind: Kind, words: str) -> None:
    text = WRONG.replace(", T77", "").replace("- Depends on: T10", "- Depends on: T8")
    if "T1 → T4, but" in words:
        text = text.replace("- **Blocked by:** T1", "- **Blocked by:** none")
    assert any(words in message for _, message in told(read(text), kind)), told(read(text), kind)


def test_no_secret_is_in_what_is_written_or_printed() -> None:
    for outline in (settled(), read(WRONG)):
        shown = "\n".join(report_lines(outline)) + json.dumps(report_record(outline))
        assert not any(secret in shown for secret in SECRETS)
    plan = plan_text(settled())
    assert not any(secret in plan for secret in SECRETS)
    assert plan.count("<masked>") == 2


def test_what_is_written_is_a_sound_plan_of_which_nothing_can_start_or_be_verified() -> None:
    plan = written(settled())
    assert all(task.incomplete and not task.checks for task in plan.tasks.values())
    assert "no gate and no check" in plan.tasks["T1"].incomplete[0]
    assert any("PostgreSQL" in lack for lack in plan.tasks["T6"].incomplete)
    assert "DROP SCHEMA" in plan.tasks["T1"].brief  # text, and nothing but text
    assert plan.groups["group-a"].barrier is False


def test_each_task_is_graded_by_what_it_lacks() -> None:
    found = {grade.task: grade for grade in grades(settled())}
    assert found["T1"].word == "full"
    assert found["T7"].lacks == ("description", "files", "validation") or found["T7"].word == "partial"
    assert "files" in found["T4"].lacks


def test_a_dispatcher_s_documents_become_tasks_with_agents_and_groups() -> None:
    outline = import_file(PLANS / "dispatcher.yaml")
    plan = written(outline)
    assert plan.needs == {"T1": (), "T2": ("T1",)}
    assert plan.tasks["T2"].agent.name == "service-author"
    assert (plan.tasks["T1"].files, plan.tasks["T1"].hours) == (("database/001_retries.sql",), 4)
    assert (plan.groups["group-b"].after, plan.groups["group-b"].barrier) == (("group-a",), False)
    assert outline.drafts["T1"].steps[0].at.line == 11
    assert "psql -f" in plan.tasks["T1"].brief


def test_subtasks_of_task_master_come_before_their_parent_and_done_is_not_believed() -> None:
    outline = import_file(PLANS / "tasks.json")
    plan = written(outline)
    assert plan.needs == {"1": ("1.1", "1.2"), "1.1": (), "1.2": ("1.1",), "2": ("1",)}
    assert plan.tasks["1"].files == ("db/1.sql",)
    assert told(outline, Kind.DONE) == [(8, "1 is called done; no verdict says so")]
    assert [said.text for said in outline.drafts["1"].steps] == ["Apply it twice", "It can be applied twice"]


def test_an_id_in_yaml_is_text_even_where_it_looks_like_a_number() -> None:
    outline = read("taskId: 1.10\n---\ntaskId: 1.1\ndependencies: [1.10]\n", "plan.yaml")
    assert outline.needs == {"1.10": (), "1.1": ("1.10",)}


def test_the_tags_of_task_master_keep_their_ids_apart() -> None:
    tasks = [{"id": 1, "title": "a"}, {"id": 2, "title": "b", "dependencies": [1]}]
    outline = read(json.dumps({"master": {"tasks": tasks}, "next": {"tasks": tasks}}), "tasks.json")
    assert written(outline).needs == {
        "master.1": (),
        "master.2": ("master.1",),
        "next.1": (),
        "next.2": ("next.1",),
    }


def test_check_boxes_of_spec_kit_become_tasks_in_their_phases() -> None:
    outline = import_file(PLANS / "spec_kit.md")
    plan = written(outline)
    assert plan.needs == {"T001": (), "T002": (), "T003": ("T001",), "T004": ("T002", "T003")}
    assert plan.tasks["T003"].title == "Model of a lamp in src/models/lamp.py"
    assert plan.tasks["T003"].files == ("src/models/lamp.py",)
    assert plan.tasks["T004"].group == "phase-2"
    assert [message for _, message in told(outline, Kind.DONE)] == ["T001 is called done; no verdict says so"]


def test_a_table_with_ids_becomes_tasks_and_a_table_of_risks_does_not() -> None:
    outline = import_file(PLANS / "table.md")
    plan = written(outline)
    assert plan.needs == {"1.1": (), "1.2": ("1.1",), "2.1": ("1.1", "1.2")}
    assert plan.tasks["1.2"].title == "Engine | core"
    assert plan.tasks["1.2"].files == ("src/a.ts", "src/b.ts")
    assert plan.hours == {"1.1": 4, "1.2": 2.5, "2.1": 1}
    assert any("9 h" in message for _, message in told(outline, Kind.SUM))


@pytest.mark.parametrize(
    "heading", ["## Task 1.1: Store", "### 1.1 Store", "### 1.1: Store", "- [ ] 1.1 Store"]
)
def test_an_id_of_numbers_is_taken_from_headings_with_fields_and_from_check_boxes(heading: str) -> None:
    indent = "  " if heading.startswith("-") else ""
    assert list(read(f"{heading}\n{indent}- Depends on: none\n").drafts) == ["1.1"]


@pytest.mark.parametrize(
    ("lines", "needs", "brief"),
    [
        ("- Depends on:\n- Complexity: like T2", (), "Complexity: like T2"),
        ("- Depends on:\n  - Priority: P1", (), "Priority: P1"),
        ("- Depends on:\n- Write the schema of T2 anew", (), "Write the schema of T2 anew"),
        ("- **Depends on:**\n- **Risk**: T2 is late", (), "**Risk**: T2 is late"),
        ("- Depends on:\n  - T1\n  - T2: its schema\n- Risk: T1", ("T1", "T2"), "Risk: T1"),
        ("- Depends on:\n- T1\n- T2 (done)\n- Look at T1", ("T1", "T2"), "Look at T1"),
        ("- Depends on:\n  - the schema of T2", ("T2",), ""),
        ("**Dependencies:**\n- all of T1\n- T2\n", ("T1", "T2"), ""),
        ("**Dependencies:**\n\n- T1-T2\n- Risk: T1", ("T1", "T2"), "Risk: T1"),
    ],
)
def test_what_stands_behind_an_empty_field_of_needs_is_one_only_if_it_reads_like_one(
    lines: str, needs: tuple[str, ...], brief: str
) -> None:
    outline = read(f"### T1: a\n\n### T2: b\n\n### T3: c\n{lines}\n")
    assert outline.needs["T3"] == needs
    assert " ".join(said.text for said in outline.drafts["T3"].brief) == brief
    assert not outline.hard


def test_the_number_of_a_section_is_no_task() -> None:
    outline = read("## 1. Scope\n\n### 1.1 Words\n\nText.\n\n### T1: Store\n")
    assert list(outline.drafts) == ["T1"]


@pytest.mark.parametrize(
    "word", ["None", "none", "-", "—", "N/A", "none (can start at once)", "[]", "Nothing."]
)
def test_words_for_nothing_are_no_needs(word: str) -> None:
    outline = read(f"### T1: a\n**Dependencies:** {word}\n")
    assert outline.needs == {"T1": ()}
    assert not outline.hard
    assert outline.drafts["T1"].needs == []


@pytest.mark.parametrize(
    "text", ["T1-T3", "T1–T3", "T1 to T3", "T1, T2 and T3", "`T1`; T2 + T3", "Task T1, T2-3"]
)
def test_ranges_and_lists_of_ids_are_spelt_out(text: str) -> None:
    outline = read(f"### T1: a\n### T2: b\n### T3: c\n### T4: d\nPrerequisites: {text}\n")
    assert outline.needs["T4"] == ("T1", "T2", "T3")


def test_a_file_without_a_task_is_an_error_with_a_hint() -> None:
    (only,) = read("# Notes\n\nNothing here.\n").findings
    assert only.hard
    assert (only.at.line, only.message) == (1, "no task was found")
    assert "### T1: Title" in only.hint


@pytest.mark.parametrize("text", ["a: [", "taskId: !!python/object:os.system x\n", "a: &x [*x]\n", "{" * 900])
def test_a_broken_record_is_an_error_with_its_line(text: str) -> None:
    outline = read(text, "plan.yaml")
    assert outline.hard[0].kind is Kind.BROKEN
    assert outline.hard[0].at.line >= 1


def test_aliases_that_stand_for_billions_of_values_are_refused() -> None:
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    bomb += "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
    assert "values" in read(bomb, "plan.yaml").hard[0].message


def test_text_that_is_no_utf8_is_read_and_said() -> None:
    outline = read("### T1: caf\u00e9\n".encode("latin-1"))
    assert outline.drafts["T1"].title.text == "café"
    assert told(outline, Kind.TEXT)[0][0] == 1


def test_the_verb_writes_a_plan_and_does_not_replace_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tasks.yaml"
    arguments = ["tasks", "import", str(PLANS / "table.md"), "-o", str(out)]
    assert run(arguments) == 0
    assert "3 tasks: 0 full, 3 partial, 0 bare" in capsys.readouterr().out
    assert list(parse_plan(out.read_text(), out).tasks) == ["1.1", "1.2", "2.1"]
    assert run(arguments) == 2
    assert "--force" in capsys.readouterr().err


def test_the_verb_reports_everything_and_writes_nothing_where_there_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tasks.yaml"
    assert run(["tasks", "import", str(PLANS / "everything_wrong.md"), "-o", str(out)]) == 2
    shown = capsys.readouterr()
    assert "T77" in shown.err
    assert "group order" in shown.out
    assert not any(secret in shown.out + shown.err for secret in SECRETS)
    assert not out.exists()


PIECES = st.sampled_from(
    [
        *WRONG.splitlines(),
        *(PLANS / "table.md").read_text().splitlines(),
        *(PLANS / "spec_kit.md").read_text().splitlines(),
        *(PLANS / "dispatcher.yaml").read_text().splitlines(),
        *(PLANS / "tasks.json").read_text().splitlines(),
    ]
)
TEXTS = (
    st.lists(PIECES | st.text(max_size=30), max_size=25)
    .map("\n".join)
    .map(lambda text: text.encode("utf-8", "replace"))
)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=120) | TEXTS, st.sampled_from(["p.md", "p.yaml", "p.json", "p"]))
def test_no_bytes_raise_anything_but_errors_of_ours_and_what_is_written_is_sound(
    data: bytes, name: str
) -> None:
    outline = read(data, name)
    list(report_lines(outline))
    if outline.hard:
        with pytest.raises(UsageError, match=f"^{re.escape(name)}:"):
            plan_text(outline)
        return
    text = plan_text(outline)
    plan = parse_plan(text, Path("tasks.yaml"))
    assert list(plan.tasks) == list(outline.drafts)
    assert plan.needs == outline.needs
    assert all(task.incomplete for task in plan.tasks.values())


IDS = st.from_regex(r"(T|US-)?[1-9][0-9]{0,3}(\.[0-9]{1,2}){0,2}", fullmatch=True)


@settings(deadline=None, max_examples=25)
@given(st.lists(IDS, unique_by=str.lower, min_size=1, max_size=8), st.data())
def test_ids_and_needs_survive_the_way_through_every_grammar(ids: list[str], data: st.DataObject) -> None:
    needs = {
        name: data.draw(st.lists(st.sampled_from(ids[:place]), unique=True, max_size=3)) if place else []
        for place, name in enumerate(ids)
    }
    rows = "".join(f"| {name} | x | {', '.join(some) or '-'} | 1 |\n" for name, some in needs.items())
    heads = "".join(
        f"### Task {name}: x\nDepends on: {', '.join(some) or 'none'}\n\n" for name, some in needs.items()
    )
    boxes = "".join(
        f"- [ ] {name} x (depends on {', '.join(some) or 'none'})\n" for name, some in needs.items()
    )
    records = [{"taskId": name, "title": "x", "dependencies": some} for name, some in needs.items()]
    grammars = {
        "table.md": f"| ID | Task | Depends on | Hours |\n|--|--|--|--|\n{rows}",
        "headings.md": heads,
        "boxes.md": boxes,
        "p.yaml": "\n---\n".join(map(json.dumps, records)),
    }
    for name, text in grammars.items():
        plan = written(read(text, name))
        assert plan.needs == {task: tuple(some) for task, some in needs.items()}, name


@pytest.mark.parametrize(
    "piece", [" ", "token", "a", "(", "T1 → ", "a:", "|", "` ", "*", "1.", "├", "x-password"]
)
@pytest.mark.parametrize("before", ["", "### T1: a", "### T1: a\nDepends on: "])
def test_a_line_without_end_is_read_and_cut_with_a_note(before: str, piece: str) -> None:
    outline = read(f"{before}{piece * 20_000}x\n### T2: b\n")
    assert "T2" in outline.drafts
    assert any("only 1000 were read" in message for _, message in told(outline, Kind.TEXT))
