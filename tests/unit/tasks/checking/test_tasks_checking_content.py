"""Checks of what a commit holds: files, SQL, documents. Each passes, fails and cannot tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.process import SystemRunner
from hostkit.store.model import Verdict
from hostkit.tasks.checking.documents import check_documents
from hostkit.tasks.checking.files import check_files
from hostkit.tasks.checking.sql import check_sql, read_sql
from hostkit.tasks.checking.tree import Tree, read_tree
from hostkit.tasks.checks import FileExistsCheck, JsonSchemaCheck, SqlSyntaxCheck
from hostkit.tasks.git import Git

SCHEMA = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
FILES = {
    "docs/page.md": "hello",
    "sql/good.sql": "CREATE TABLE t (a int); -- then\nSELECT a FROM t;",
    "sql/bad.sql": "SELECT a\nFROM WHERE;",
    "sql/empty.sql": "-- nothing yet\n",
    "sql/vague.sql": "VACUUM;",
    "sql/words.sql": "hello world",
    "sql/quote.sql": "SELECT 'a",
    "schema.json": json.dumps(SCHEMA),
    "away.json": json.dumps({"$ref": "https://localhost:1/schema.json"}),
    "odd.json": json.dumps({"type": "nonsense"}),
    "list.json": "[1]",
    "data/good.json": '{"name": "x"}',
    "data/good.yaml": "name: x",
    "data/bad.json": '{"name": 7}',
    "data/broken.json": "{",
    "data/broken.yaml": "a: [",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    root = tmp_path_factory.mktemp("tree")
    for path, text in FILES.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    (root / "link.md").symlink_to("/etc/hostname")
    git = Git(root, SystemRunner())
    names = [f"GIT_{role}_{what}" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    git.run("init", "-q")
    git.run("add", "-A")
    git.run("commit", "-qm", "all", env=dict.fromkeys(names, "t"))
    (root / "left.md").write_text("by another check")
    (root / "docs/page.md").unlink()
    return read_tree(git, git.resolve("HEAD"))


@pytest.mark.parametrize(
    ("files", "verdict", "reason"),
    [
        (("docs/page.md", "schema.json"), Verdict.PASS, "2 files there"),
        (("docs/page.md", "docs/other.md"), Verdict.FAIL, "there is no docs/other.md"),
        (("left.md",), Verdict.FAIL, "there is no left.md"),
        (("link.md",), Verdict.FAIL, "link.md is a symbolic link"),
        (("docs",), Verdict.FAIL, "there is no docs"),
    ],
)
def test_a_file_is_there_when_the_commit_has_it(
    tree: Tree, files: tuple[str, ...], verdict: Verdict, reason: str
) -> None:
    finding = check_files(FileExistsCheck(1, files), tree)
    assert (finding.verdict, finding.reason) == (verdict, reason)


@pytest.mark.parametrize(
    ("name", "verdict", "reason"),
    [
        ("good", Verdict.PASS, "2 statements in 1 file"),
        ("bad", Verdict.FAIL, "sql/bad.sql: line 2, column 10: "),
        ("empty", Verdict.FAIL, "sql/empty.sql: there is no statement in it"),
        ("words", Verdict.FAIL, "sql/words.sql: statement 1 is no statement"),
        ("quote", Verdict.FAIL, "sql/quote.sql: Error tokenizing"),
        (
            "vague",
            Verdict.INCONCLUSIVE,
            "sql/vague.sql: statement 1 (VACUUM …) is one that the parser ",
        ),
        ("absent", Verdict.FAIL, "no file is covered by sql/absent.sql"),
    ],
)
def test_sql_is_read_by_its_dialect_and_what_the_parser_passes_on_is_no_pass(
    tree: Tree, name: str, verdict: Verdict, reason: str
) -> None:
    finding = check_sql(SqlSyntaxCheck(1, (f"sql/{name}.sql",), "sqlite"), tree)
    assert finding.verdict is verdict
    assert finding.reason.startswith(reason)


def test_one_broken_file_of_many_fails_them_all(tree: Tree) -> None:
    finding = check_sql(SqlSyntaxCheck(1, ("sql/",), "sqlite"), tree)
    assert finding.verdict is Verdict.FAIL
    assert finding.reason.startswith("sql/bad.sql")


def test_a_dialect_decides_what_is_sql() -> None:
    text = "SELECT TOP 3 a FROM t"
    assert read_sql(text, "tsql") == ("", 1)
    assert read_sql(text, "postgres")[0] != ""


@given(st.text(max_size=60))
def test_no_text_ends_the_reading_of_sql_with_anything_but_an_answer(text: str) -> None:
    said, count = read_sql(text, "sqlite")
    assert bool(said) != bool(count)


@pytest.mark.parametrize(
    ("files", "against", "verdict", "reason"),
    [
        (("data/good.*",), "schema.json", Verdict.PASS, "2 files valid"),
        (("data/bad.json",), "schema.json", Verdict.FAIL, "data/bad.json: $.name: 7 is not of type 'string'"),
        (("data/broken.json",), "schema.json", Verdict.FAIL, "data/broken.json: line 1"),
        (("data/broken.yaml",), "schema.json", Verdict.FAIL, "data/broken.yaml: "),
        (("data/none.json",), "schema.json", Verdict.FAIL, "no file is covered by data/none.json"),
        (("data/good.json",), "none.json", Verdict.INCONCLUSIVE, "there is no schema none.json"),
        (("data/good.json",), "odd.json", Verdict.INCONCLUSIVE, "the schema odd.json is no schema: $.type"),
        (("data/good.json",), "list.json", Verdict.INCONCLUSIVE, "the schema list.json is no schema"),
        (
            ("data/good.json",),
            "data/broken.json",
            Verdict.INCONCLUSIVE,
            "the schema data/broken.json ",
        ),
        (
            ("data/good.json",),
            "away.json",
            Verdict.INCONCLUSIVE,
            "the schema away.json refers to ",
        ),
    ],
)
def test_documents_are_judged_by_the_commits_schema_and_nothing_is_fetched(
    tree: Tree, files: tuple[str, ...], against: str, verdict: Verdict, reason: str
) -> None:
    finding = check_documents(JsonSchemaCheck(1, files, against), tree)
    assert finding.verdict is verdict
    assert finding.reason.startswith(reason)


def test_the_plan_of_this_project_is_valid_by_its_published_schema(project_root: Path) -> None:
    git = Git(project_root, SystemRunner())
    tree = read_tree(git, git.resolve("HEAD"))
    finding = check_documents(JsonSchemaCheck(1, ("tasks.yaml",), "docs/reference/tasks.schema.json"), tree)
    assert (finding.verdict, finding.reason) == (Verdict.PASS, "1 file valid")
