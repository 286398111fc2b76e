"""A breakdown in Markdown to a document of drafts. There is no grammar to hold on to, so it never fails."""

from __future__ import annotations

import re

from hostkit.tasks.importing.drafting import Drafting
from hostkit.tasks.importing.entries import chain, entry, group_line
from hostkit.tasks.importing.labels import Field, field_of
from hostkit.tasks.importing.model import Breakdown, Finding, Kind, Said
from hostkit.tasks.importing.references import plain
from hostkit.tasks.importing.source import Source
from hostkit.tasks.importing.tables import cells, columns, is_rule
from hostkit.tasks.importing.trees import BRANCH, is_branch

_FENCE = re.compile(r"^\s*(?:[-*+]\s+|>\s*)?(`{3,}|~{3,})\s*([\w+-]*)")
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(\S.*)$")
_BULLET = re.compile(r"^(\s*)(?:[-*+•‣◦]|\d{1,3}[.)])\s+(?:\[([ xX✓✔/-]?)\]\s*)?(.*)$")
_BOLD_LABEL = re.compile(r"^\s*(?:\*\*|__)([^*_]{1,48}?)\s*(:?)\s*(?:\*\*|__)\s*(:?)\s*(.*)$")
_LABEL = re.compile(r"^\s*([A-Za-z#][\w /#()-]{0,38}?)\s*:\s+(.*)$|^\s*([A-Za-z#][\w /#()-]{0,38}?)\s*:$")
_FIELDS = (Field.NEEDS, Field.FILES, Field.HOURS, Field.STEPS, Field.AGENT)
_TOTAL = re.compile(r"(?i)\btotals?\b.*\d|\bsum\b.*\d|\d+\s+(?:atomic\s+)?tasks\b.*\b(?:hours?|h|days?)\b")
_LONGEST = 1_000  # characters of a line; what a plan says of a task is far shorter
_PROSE = ("", "text", "txt", "plain", "plaintext", "ascii", "tree")
_SHELL = ("sh", "bash", "shell", "zsh", "console", "terminal", "powershell", "ps1", "bat", "cmd", "sql")


def read_markdown(source: Source) -> Breakdown:
    """Return what a Markdown text says: headings, lists, check boxes, tables, trees, groups, paths, sums."""
    return _Reader(source).read()


class _Reader:
    """One pass over the lines."""

    def __init__(self, source: Source) -> None:
        """Begin before the first line."""
        self._source = source
        self._lines = [line[:_LONGEST].rstrip() for line in source.lines]
        self._to = Drafting(source)
        for number, line in enumerate(source.lines, 1):
            if len(line) > _LONGEST:
                message = f"a line of {len(line)} characters; only {_LONGEST} were read"
                self._to.found(Finding(Kind.TEXT, source.spot(number), message, "break the line"))

    def read(self) -> Breakdown:
        number = 0
        while number < len(self._lines):
            number = self._block(number)
        return self._to.document()

    def _said(self, number: int, text: str | None = None) -> Said:
        return Said(self._lines[number] if text is None else text, self._source.spot(number + 1))

    def _block(self, number: int) -> int:
        """Read one block that begins at a line; return the line after it."""
        line = self._lines[number]
        fence = _FENCE.match(line)
        if fence:
            return self._fence(number, fence[1], fence[2].lower())
        heading = _HEADING.match(line)
        if heading:
            self._heading(number, self._said(number, heading[2].rstrip("# ")), len(heading[1]))
            return number + 1
        if "|" in line and number + 1 < len(self._lines) and is_rule(self._lines[number + 1]):
            return self._table(number)
        if is_branch(line):
            return self._tree(number)
        if not line.strip():
            self._to.blank()
        elif not (
            number + 1 < len(self._lines) and is_branch(self._lines[number + 1]) and self._root(number)
        ):
            self._line(self._said(number))
        return number + 1

    def _root(self, number: int) -> bool:
        """Is the line the root of a tree of files that begins below it?"""
        return self._to.at is Field.FILES and self._to.draft is not None and ":" not in self._lines[number]

    def _fence(self, number: int, mark: str, language: str) -> int:
        end = re.compile(rf"^\s*(?:>\s*)?{re.escape(mark[0])}{{{len(mark)},}}\s*$")
        last = number + 1
        while last < len(self._lines) and not end.match(self._lines[last]):
            last += 1
        if last == len(self._lines):
            hint = "everything after it was taken for code; close it"
            at = self._source.spot(number + 1)
            self._to.found(Finding(Kind.TEXT, at, "this fence is never closed", hint))
        inside = [self._said(each) for each in range(number + 1, last) if self._lines[each].strip()]
        if self._to.draft is None:
            if language in _PROSE:
                for said in inside:
                    self._loose(said)
        elif self._to.at is Field.FILES and language in _PROSE:
            self._to.files_of_tree(inside)
        elif self._to.at is Field.STEPS or language in _SHELL:
            self._to.steps(inside)
        else:
            self._to.brief([Said(f"    {said.text}", said.at) for said in inside])
        return last + 1

    def _heading(self, number: int, said: Said, level: int) -> None:
        begun = entry(said.text)
        if begun is not None and not begun.sure and not self._has_fields(number + 1):
            begun = None  # the number of a section
        group = group_line(said.text, heading=True)
        if group is not None:
            self._to.group(group, said.at, level)
        elif begun is not None:
            self._to.begin(begun, said.at, 3, level=level)
        else:
            self._to.section(plain(said.text), level)

    def _has_fields(self, number: int) -> bool:
        """Does a field of a task stand between a line and the next heading?"""
        while number < len(self._lines) and not _HEADING.match(self._lines[number]):
            bullet = _BULLET.match(self._lines[number])
            found = _named(bullet[3] if bullet else self._lines[number])
            if found is not None and found[0] in _FIELDS:
                return True
            number += 1
        return False

    def _table(self, number: int) -> int:
        heading = columns(cells(self._lines[number]))
        last = number + 2
        while last < len(self._lines) and "|" in self._lines[last]:
            row = cells(self._lines[last])
            if heading and self._to.draft is None:
                self._to.row(heading, row, self._source.spot(last + 1))
            elif heading and not self._to.in_heading:
                self._to.end()
                self._to.row(heading, row, self._source.spot(last + 1))
            else:
                self._to.brief([self._said(last)])
            last += 1
        return last

    def _tree(self, number: int) -> int:
        last = number
        while last < len(self._lines) and is_branch(self._lines[last]):
            last += 1
        first = number - 1 if number and self._root_above(number - 1) else number
        lines = [self._said(each) for each in range(first, last)]
        if self._to.draft is not None and self._to.at is Field.FILES:
            self._to.files_of_tree(lines)
        elif self._to.draft is not None and self._to.in_heading:
            self._to.brief(lines)
        else:
            for said in lines:
                self._loose(said)
        return last

    def _root_above(self, number: int) -> bool:
        line = self._lines[number]
        return bool(line.strip()) and not _HEADING.match(line) and _named(line) is None and self._root(number)

    def _line(self, said: Said) -> None:
        bullet = _BULLET.match(said.text)
        text = bullet[3] if bullet else said.text.strip()
        indent = len(bullet[1].expandtabs(4)) if bullet else len(said.text) - len(said.text.lstrip())
        box = bullet is not None and bullet[2] is not None
        self._to.leave(indent, bullet is not None)
        if bullet and self._to.takes_tasks(box):
            begun = entry(text, box=box)
            if begun is not None:
                strength = 2 if box else 1 if begun.sure else 0
                self._to.begin(
                    begun, said.at, strength, indent=indent, done=bool(bullet[2] and bullet[2] in "xX✓✔")
                )
                return
        item_indent = indent if bullet is not None else -1
        if self._label(Said(text, said.at), item_indent):
            return
        if self._to.draft is None:
            self._loose(Said(text, said.at))
        else:
            self._to.more(Said(text, said.at), item_indent)

    def _label(self, said: Said, item_indent: int) -> bool:
        found = _named(said.text)
        if found is None:
            return False
        return self._to.label(found[0], Said(found[1], said.at), said, item_indent)

    def _loose(self, said: Said) -> None:
        """Read a line that belongs to no task: a branch, a group, a path, a sum."""
        branch = BRANCH.match(said.text)
        text = (branch["name"] if branch else said.text).strip()
        bullet = _BULLET.match(text)
        text = bullet[3] if bullet else text
        if "critical path" in text.lower() or self._to.in_path:
            self._to.path(Said(text, said.at), chain(text))
            if chain(text):
                return
        group = group_line(text, heading=False)
        if group is not None:
            self._to.group(group, said.at, None)
            return
        begun = entry(text) if branch or bullet or self._to.in_fenced_list(text) else None
        if begun is not None and begun.sure and not chain(text):
            self._to.mention(begun, said.at)
        elif _TOTAL.search(text):
            self._to.total(Said(text, said.at))


def _named(text: str) -> tuple[Field, str] | None:
    """Return the field that a line names and what it says of it."""
    bold = _BOLD_LABEL.match(text)
    if bold:
        field, value = field_of(bold[1]), bold[4].strip()
        return (field, value) if field is not None and (bold[2] or bold[3] or not value) else None
    found = _LABEL.match(text)
    if not found:
        return None
    field = field_of(found[1] or found[3])
    return None if field is None else (field, (found[2] or "").strip())
