"""Where a reader of Markdown is: which task, which field, which group; and what it has so far."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hostkit.tasks.importing.entries import Entry, GroupLine, entry
from hostkit.tasks.importing.labels import Field, field_of, hours_of
from hostkit.tasks.importing.model import Breakdown, Draft, Finding, GroupDraft, Kind, Said, Spot
from hostkit.tasks.importing.references import ID, Ids, group_key, is_empty, plain, references, refers
from hostkit.tasks.importing.source import Source
from hostkit.tasks.importing.trees import clean_path, is_branch, looks_like_path, paths_of_tree

_DONE = re.compile(r"(?i)\b(?:done|complete[d]?|finished|verified)\b|✅|✔")
_OTHER = re.compile(r"[A-Za-z][\w /()-]{0,38}?:(?:\s|$)")  # a label, of whatever it may be
_NOT = re.compile(r"(?i)\b(?:not|in|to be|in-progress)\b")
_ROW_FIELDS = {Field.NEEDS, Field.HOURS, Field.FILES, Field.GROUP, Field.STEPS, Field.AGENT}


class Drafting:
    """What a reader has so far, and where it stands."""

    def __init__(self, source: Source) -> None:
        """Begin with nothing."""
        self._out = Breakdown(source.file, findings=list(source.findings))
        self.draft: Draft | None = None
        self.at: Field | None = None  # whose text the next lines are
        self.in_heading = False  # the draft began with a heading, so that everything below it is its own
        self.in_path = False  # a section about the critical path
        self._level = 0
        self._indent = 0
        self._needs_indent = -1  # of the item «Depends on:» whose list follows; -1: it is no item itself
        self._group: GroupDraft | None = None
        self._group_level = 0

    def document(self) -> Breakdown:
        """Return what was read; section numbers that only looked like ids are gone."""
        self._out.drafts = [draft for draft in self._out.drafts if draft.strength or _says_something(draft)]
        return self._out

    def found(self, finding: Finding) -> None:
        """Keep a finding."""
        self._out.findings.append(finding)

    def begin(
        self, begun: Entry, at: Spot, strength: int, *, level: int = 0, indent: int = 0, done: bool = False
    ) -> None:
        """Begin a task; ``level`` of a heading, else 0."""
        if level and self._group is not None and level <= self._group_level:
            self._group = None
        self.draft = self._made(begun, at, strength)
        if done:
            self.draft.done = Said("ticked", at)
        self.at, self.in_heading, self._level, self._indent, self.in_path = (
            None,
            bool(level),
            level,
            indent,
            False,
        )

    def mention(self, begun: Entry, at: Spot) -> None:
        """Keep a task that a line outside of any task speaks of; the lines after it are not its own."""
        self._made(begun, at, 1)

    def _made(self, begun: Entry, at: Spot, strength: int) -> Draft:
        draft = Draft(Said(begun.id, at), Said(begun.title, at), strength, story=list(begun.tags))
        if begun.needs is not None:
            draft.needs = [Said(begun.needs, at)] if begun.needs else []
        if begun.hours:
            draft.hours = Said(begun.hours, at)
        if self._group is not None:
            draft.group = Said(self._group.name, self._group.at)
        for word in re.findall(r"`([^`]+)`|(?<=\s)([\w./-]+/[\w./-]+)", begun.title):
            path = (word[0] or word[1]).rstrip(".,")
            if looks_like_path(path):
                draft.files.append(Said(path, at))
        self._out.drafts.append(draft)
        return draft

    def end(self) -> None:
        """Leave the task."""
        self.draft, self.at, self.in_heading = None, None, False

    def blank(self) -> None:
        """Pass an empty line: a list of needs is over after it."""
        if self.draft is not None and self.at is Field.NEEDS and self.draft.needs:
            self.at = None

    def section(self, title: str, level: int) -> None:
        """Pass a heading that begins no task: it names a field of the task, or ends it."""
        field = field_of(title)
        if self.draft is not None and self.in_heading and level > self._level:
            self.at = field if field not in (None, Field.TOTAL, Field.PATH) else Field.BRIEF
            return
        self.end()
        self.in_path = "critical path" in title.lower()
        if self._group is not None and level <= self._group_level:
            self._group = None

    def leave(self, indent: int, bullet: bool) -> None:
        """Leave a task that began in a list when a line is no deeper than it."""
        if (
            self.draft is not None
            and not self.in_heading
            and (indent <= self._indent or (not bullet and not indent))
        ):
            self.end()

    def takes_tasks(self, box: bool) -> bool:
        """May a list's item begin a task here? Not where it would be a field of one."""
        return self.at is not Field.NEEDS and (
            not self.in_heading or (box and self.at in (None, Field.BRIEF))
        )

    def in_fenced_list(self, text: str) -> bool:
        """Does a plain line begin like a task with its mark?"""
        return re.match(rf"(?i)(?:task\s+)?{ID}\s*:", text) is not None

    def group(self, line: GroupLine, at: Spot, level: int | None) -> None:
        """Begin a group (with the level of its heading), or add its members."""
        known = self._out.groups.setdefault(group_key(line.name), GroupDraft(group_key(line.name), at))
        known.title = known.title or line.title
        if line.members:
            known.members.append(Said(line.members, at))
        known.claims += [Said(claim, at) for claim in line.claims]
        if level is not None:
            self.end()
            self.in_path = False
            self._group, self._group_level = known, level

    def path(self, said: Said, ids: Sequence[str]) -> None:
        """Keep a critical path, or wait for it in the lines below."""
        if ids:
            self._out.paths.append(said)
        else:
            self.in_path = True

    def total(self, said: Said) -> None:
        """Keep a line that claims a sum: of the group that it stands in, or of all."""
        (self._group.claims if self._group is not None else self._out.totals).append(said)

    def label(self, field: Field, value: Said, whole: Said, item_indent: int = -1) -> bool:
        """Take a labelled line; False when it belongs to nothing here. ``item_indent``: -1 for no item."""
        if self.draft is None:
            if field is Field.NEEDS and self._group is not None and not is_empty(value.text):
                self._group.after.append(value)
                return True
            return False
        if field in (Field.TOTAL, Field.PATH, Field.ID):
            return False
        self.at = field
        self._needs_indent = item_indent
        if field is Field.NEEDS and self.draft.needs is None and value.text:
            self.draft.needs = []
        if value.text or field in (Field.BLOCKS,):
            self._take(whole if field is Field.BLOCKS else value)
        return True

    def more(self, said: Said, item_indent: int = -1) -> None:
        """Take a further line of the task. ``item_indent``: -1 for no item."""
        if self.at is Field.NEEDS and self.draft is not None:
            over = bool(self.draft.needs) if item_indent < 0 else not self._lists_need(said.text, item_indent)
            self.at = None if over else self.at
        self._take(said)

    def _lists_need(self, text: str, indent: int) -> bool:
        """Is an item one of the needs, or another field or remark, that only stands behind them?"""
        if refers(text):
            return True
        return indent > self._needs_indent and _OTHER.match(plain(text)) is None

    def _take(self, said: Said) -> None:
        draft, field = self.draft, self.at
        assert draft is not None
        if field is Field.NEEDS:
            draft.needs = draft.needs or []
            if not is_empty(said.text):
                draft.needs.append(said)
        elif field is Field.FILES:
            self._file(draft, said)
        elif field is Field.STEPS:
            draft.steps.append(said)
        elif field is Field.INPUTS:
            draft.inputs.append(said)
        elif field is Field.HOURS:
            draft.hours = draft.hours or said
        elif field is Field.GROUP:
            draft.group = said
        elif field is Field.AGENT:
            draft.agent = draft.agent or Said(plain(said.text), said.at)
        elif field is Field.STATUS:
            if _DONE.search(said.text) and not _NOT.search(said.text):
                draft.done = said
        else:
            draft.brief.append(said)
        if field not in (Field.NEEDS, Field.FILES, Field.STEPS, Field.INPUTS):
            self.at = Field.BRIEF  # the others have one value

    def _file(self, draft: Draft, said: Said) -> None:
        parts = re.split(r",\s*|;\s*", said.text) if "`" in said.text or "," in said.text else [said.text]
        paths = [path for part in parts if (path := clean_path(part))]
        if paths and (len(paths) > 1 or looks_like_path(paths[0]) or paths[0] == plain(said.text)):
            draft.files += [Said(path, said.at) for path in paths]
        elif not is_empty(said.text):
            draft.brief.append(said)

    def files_of_tree(self, lines: Sequence[Said]) -> None:
        """Take a tree of files, or a list with one a line."""
        assert self.draft is not None
        if any(is_branch(said.text) for said in lines):
            self.draft.files += paths_of_tree(lines)
        else:
            self.draft.files += [Said(path, said.at) for said in lines if (path := clean_path(said.text))]

    def steps(self, lines: Sequence[Said]) -> None:
        """Take commands, as text."""
        assert self.draft is not None
        self.draft.steps += lines

    def brief(self, lines: Sequence[Said]) -> None:
        """Take text."""
        if self.draft is not None:
            self.draft.brief += lines

    def row(self, heading: Mapping[int, Field], row: Sequence[str], at: Spot) -> None:
        """Take a row of a table of tasks, of groups, or its sum."""
        given = {field: row[n] for n, field in heading.items() if n < len(row)}
        name = plain(given.pop(Field.ID, ""))
        if re.match(r"(?i)(?:grand )?(?:total|sum)\b", name):
            self.total(Said(" ".join(plain(cell) for cell in row), at))
            return
        begun = entry(name, box=True)
        named = references(name)
        if Field.GROUP in given and len(named) > 1 and all(isinstance(each, Ids) for each in named):
            self.group(GroupLine(group_key(given[Field.GROUP]), "", name, ()), at, None)
        elif begun is not None and (re.match("[A-Za-z]", begun.id) or _ROW_FIELDS & set(given)):
            self._row(begun, given, at)

    def _row(self, begun: Entry, given: dict[Field, str], at: Spot) -> None:
        draft = self._made(begun, at, 2)
        title = plain(given.pop(Field.TITLE, ""))
        if title:
            draft.title = Said(title, at)
        kept = self.draft, self.at
        self.draft = draft
        for field, cell in given.items():
            self.at = field
            if field is Field.NEEDS:
                draft.needs = draft.needs or []
            if field is Field.HOURS and re.fullmatch(r"\d+(\.\d+)?", plain(cell)):
                cell = f"{plain(cell)} h"  # noqa: PLW2901
            if not is_empty(cell):
                self._take(Said(cell, at))
        self.draft, self.at = kept


def _says_something(draft: Draft) -> bool:
    if draft.needs is None and not draft.files and not draft.steps and draft.hours is None:
        return False
    draft.strength = 3
    return draft.hours is None or hours_of(draft.hours.text) is not None or bool(draft.needs)


__all__ = ["Drafting", "Kind"]
