"""References to ids: the graph that a document means, and what it leaves to guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import pairwise

from hostkit.tasks.graph import cycles
from hostkit.tasks.importing.contradictions import contradictions
from hostkit.tasks.importing.labels import hours_of
from hostkit.tasks.importing.merging import merged
from hostkit.tasks.importing.model import Breakdown, Draft, Finding, Kind, Outline, Said, Spot
from hostkit.tasks.importing.references import AllOfGroup, AllWith, Ids, Unread, group_key, references


def outline(document: Breakdown) -> Outline:
    """Resolve every reference of a document and find what contradicts itself.

    Never fails: what stands in the way of a plan is among the findings, see :attr:`Outline.hard`.
    """
    drafts, pairs, findings = merged(document.drafts)
    resolver = _Resolver(document, drafts)
    group_of = resolver.groups()
    needs = {name: resolver.needs(name, draft) for name, draft in drafts.items()}
    for main, other in pairs:
        resolver.compare(main, other)
    after = {name: resolver.after(group.after) for name, group in document.groups.items()}
    findings = [*document.findings, *findings, *resolver.findings]
    if not drafts:
        hint = "headings such as «### T1: Title», check boxes, or tables with a column ID"
        findings.append(Finding(Kind.BROKEN, Spot(document.file, 1), "no task was found", hint))
    findings += _cycles(drafts, needs, resolver.said)
    hours = {
        name: told
        for name, draft in drafts.items()
        if draft.hours is not None and (told := hours_of(draft.hours.text)) is not None
    }
    made = Outline(document, drafts, needs, resolver.unread, group_of, after, hours, ())
    findings += contradictions(made)
    ordered = tuple(sorted(findings, key=lambda each: (not each.hard, each.at.line)))
    return Outline(document, drafts, needs, resolver.unread, group_of, after, hours, ordered)


def _cycles(
    drafts: dict[str, Draft], needs: dict[str, tuple[str, ...]], said: dict[tuple[str, str], Said]
) -> list[Finding]:
    found = []
    for path in cycles(needs):
        steps = [f"{a} → {b} ({said[a, b].at})" for a, b in pairwise(path) if (a, b) in said]
        message = f"needs form a cycle: {' → '.join(path)}; {', '.join(steps)}"
        at = said[path[0], path[1]].at if (path[0], path[1]) in said else drafts[path[0]].id.at
        found.append(
            Finding(Kind.CYCLE, at, message, "no task of a cycle can ever start; remove one of these needs")
        )
    return found


@dataclass(slots=True)
class _Resolver:
    """Looks up ids, groups and words; keeps what it could not find."""

    document: Breakdown
    drafts: dict[str, Draft]
    findings: list[Finding] = field(default_factory=list)
    unread: dict[str, tuple[Said, ...]] = field(default_factory=dict)
    said: dict[tuple[str, str], Said] = field(default_factory=dict)  # where a need was said
    members: dict[str, list[str]] = field(default_factory=dict)
    _exact: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._exact = {name.lower(): name for name in self.drafts}

    def groups(self) -> dict[str, str]:
        """Return which task is in which group: what the group says, then what the task says."""
        of_task: dict[str, str] = {}
        for name, group in self.document.groups.items():
            for said in group.members:
                for reference in references(said.text):
                    for member in self._ids(reference, said, f"group {name}"):
                        if of_task.setdefault(member, name) != name:
                            message = f"{member} is in {of_task[member]} and in {name}"
                            self.findings.append(Finding(Kind.TWICE, said.at, message, "the first is kept"))
        for name, draft in self.drafts.items():
            if draft.group is not None and group_key(draft.group.text):
                of_task.setdefault(name, group_key(draft.group.text))
        for task, group_name in of_task.items():
            self.members.setdefault(group_name, []).append(task)
        return of_task

    def after(self, told: Sequence[Said]) -> tuple[str, ...]:
        """Return the groups that a group comes after."""
        found = []
        for said in told:
            for part in re.split(r"\s*,\s*|\s+and\s+", said.text):
                key = group_key(part)
                known = next((k for k in self.document.groups if key in (k, k.split()[-1])), "")
                if known:
                    found.append(known)
                else:
                    hint = f"known: {', '.join(self.document.groups)}"
                    self.findings.append(
                        Finding(Kind.UNKNOWN_ID, said.at, f"there is no group {part!r}", hint)
                    )
        return tuple(dict.fromkeys(found))

    def needs(self, name: str, draft: Draft) -> tuple[str, ...]:
        """Return the ids that a task needs, each once."""
        found: list[str] = []
        for said in draft.needs or ():
            whole = self._exact.get(said.text.strip().lower())
            for reference in (Ids((whole,)),) if whole else references(said.text):
                if isinstance(reference, Unread):
                    self.unread[name] = (*self.unread.get(name, ()), Said(reference.text, said.at))
                    message = f"{name} needs {reference.text!r}, which names no task"
                    self.findings.append(
                        Finding(
                            Kind.UNREAD, said.at, message, "the task stays incomplete until you settle it"
                        )
                    )
                    continue
                for need in self._ids(reference, said, name):
                    found.append(need)
                    self.said.setdefault((name, need), said)
        return tuple(dict.fromkeys(found))

    def compare(self, main: Draft, other: Draft) -> None:
        """Say where two places give one task different needs."""
        if main.needs is None or other.needs is None or main.needs is other.needs:
            return
        ours, theirs = (
            {
                id_
                for said in each.needs or ()
                for ref in references(said.text)
                for id_ in self._quiet(ref, main.id.text)
            }
            for each in (main, other)
        )
        if ours != theirs:
            told = f"{main.id.text} needs {_listed(theirs)} here, but {_listed(ours)} at {main.id.at}"
            self.findings.append(
                Finding(Kind.TWICE, other.id.at, told, "the fuller place is believed; settle it")
            )

    def _quiet(self, reference: object, name: str) -> list[str]:
        before = len(self.findings)
        found = self._ids(reference, Said("", self.drafts[name].id.at), name) if name in self.drafts else []
        del self.findings[before:]
        return found

    def _ids(self, reference: object, said: Said, who: str) -> list[str]:
        if isinstance(reference, Ids):
            return [found for each in reference.ids if (found := self._one(each, said, who))]
        if isinstance(reference, AllOfGroup):
            known = self.members.get(reference.name)
            if known is None:
                hint = f"known groups: {', '.join(self.members) or 'none'}"
                message = f"{who} needs all of {reference.name}, which is no group"
                self.findings.append(Finding(Kind.UNKNOWN_ID, said.at, message, hint))
                return []
            return [each for each in known if each != who]
        return self._with_word(reference.word, said, who) if isinstance(reference, AllWith) else []

    def _one(self, name: str, said: Said, who: str) -> str:
        found = self._exact.get(name.lower())
        if found is None:
            others = [each for each in self.drafts if each != who]
            near = get_close_matches(name, others, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else "describe it, or take the reference away"
            self.findings.append(
                Finding(Kind.UNKNOWN_ID, said.at, f"{who} names {name}, which is no task", hint)
            )
            return ""
        return found

    def _with_word(self, word: str, said: Said, who: str) -> list[str]:
        """Return the tasks that «all API tasks» means: with the word in title or group."""
        names = list(self.drafts)
        if not word:
            found = names[: names.index(who)] if who in names else names
        else:
            pattern = re.compile(rf"(?i)(?<![a-z0-9]){re.escape(word)}s?(?![a-z0-9])")
            found = [
                name
                for name, draft in self.drafts.items()
                if name != who and pattern.search(self._words(draft))
            ]
            found = [name for name in found if not self._leads_to(name, who)]
        if not found:
            message = f"{who} needs all {word} tasks, and there are none"
            self.findings.append(Finding(Kind.UNKNOWN_ID, said.at, message, "name the tasks"))
        else:
            message = f"«{said.text.strip()}» of {who} is taken for {', '.join(found)}"
            self.findings.append(
                Finding(Kind.ASSUMED, said.at, message, "name the tasks if others are meant")
            )
        return found

    def _words(self, draft: Draft) -> str:
        group = self.document.groups.get(group_key(draft.group.text)) if draft.group else None
        return f"{draft.title.text} {group.title if group else ''} {draft.agent.text if draft.agent else ''}"

    def _leads_to(self, name: str, target: str) -> bool:
        """Does a task name the other among its needs, directly or over others? By ids alone."""
        seen, todo = set[str](), [name]
        while todo:
            each = todo.pop()
            if each in seen:
                continue
            seen.add(each)
            for said in self.drafts[each].needs or ():
                for reference in references(said.text):
                    for need in reference.ids if isinstance(reference, Ids) else ():
                        found = self._exact.get(need.lower(), "")
                        if found == target:
                            return True
                        if found:
                            todo.append(found)
        return False


def _listed(ids: set[str]) -> str:
    return ", ".join(sorted(ids)) or "nothing"
