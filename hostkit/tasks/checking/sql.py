"""Is it SQL? As sqlglot reads the dialect."""

from __future__ import annotations

import logging

from hostkit.tasks.checking.finding import Finding, failed, passed, unknown
from hostkit.tasks.checking.tree import Tree
from hostkit.tasks.checks import SqlSyntaxCheck
from hostkit.words import counted


def check_sql(check: SqlSyntaxCheck, tree: Tree) -> Finding:
    """Read every file. The first that is no SQL fails; one that sqlglot only passes on cannot be told."""
    if lost := tree.unmatched(check.files):
        return failed(f"no file is covered by {', '.join(lost)}")
    doubts: list[str] = []
    statements = 0
    paths = tree.matching(check.files)
    for path in paths:
        found, count = read_sql(tree.text(path), check.dialect)
        if found.startswith("?"):
            doubts.append(f"{path}: {found[1:]}")
        elif found:
            return failed(f"{path}: {found}")
        statements += count
    if doubts:
        return unknown(doubts[0])
    return passed(f"{counted(statements, 'statement')} in {counted(len(paths), 'file')}")


def read_sql(text: str, dialect: str) -> tuple[str, int]:
    """Return what is wrong with a text (behind a ``?`` what sqlglot cannot judge), and its statements."""
    import sqlglot  # noqa: PLC0415 - 80 ms, only for a plan that asks for it
    from sqlglot import exp  # noqa: PLC0415
    from sqlglot.errors import ErrorLevel, ParseError, SqlglotError  # noqa: PLC0415

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # that it passes a statement on is said below
    try:
        parsed = sqlglot.parse(text, dialect=dialect, error_level=ErrorLevel.RAISE)
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        said = str(first.get("description") or error).splitlines()[0]
        return f"line {first.get('line', '?')}, column {first.get('col', '?')}: {said}", 0
    except SqlglotError as error:
        return str(error).splitlines()[0], 0
    statements = [each for each in parsed if each is not None and not isinstance(each, exp.Semicolon)]
    if not statements:
        return "there is no statement in it", 0
    for number, each in enumerate(statements, 1):
        if isinstance(each, exp.Command):
            return f"?statement {number} ({each.this} …) is one that the parser does not look into", 0
        if isinstance(each, exp.Alias | exp.Condition) and not isinstance(each, exp.Query):
            return f"statement {number} is no statement: {each.sql(dialect=dialect)[:60]}", 0
    return "", len(statements)
