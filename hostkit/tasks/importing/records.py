"""Tasks that are records already: a dispatcher's YAML of many documents, and Task Master's tasks.json."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hostkit.tasks.importing.labels import Field, field_of, hours_of
from hostkit.tasks.importing.model import Breakdown, Draft, Finding, GroupDraft, Kind, Said
from hostkit.tasks.importing.references import group_key
from hostkit.tasks.importing.source import Source
from hostkit.tasks.marks import Marked, Place, YamlFault, load_all_marked

_ID_KEYS = ("taskId", "task_id", "taskid", "id")
_HOURS_KEYS = ("hours", "estimatedHours", "estimated_hours")


def read_records(source: Source) -> Breakdown:
    """Return what YAML or JSON says. What is neither is a finding that no plan can be made with."""
    out = Breakdown(source.file, findings=list(source.findings))
    text = source.text
    if source.file.endswith(".json"):
        text = text.replace("\t", "  ")  # between values JSON has tabs and YAML none; inside of them neither
    try:
        documents = load_all_marked(text)
    except YamlFault as fault:
        out.findings.append(Finding(Kind.BROKEN, source.spot(fault.line), str(fault), fault.hint))
        return out
    reader = _Records(source, out)
    for marked in documents:
        reader.document(marked)
    return out


class _Records:
    """Walks mappings, and keeps the line of each field."""

    def __init__(self, source: Source, out: Breakdown) -> None:
        self._source = source
        self._out = out
        self._marked = Marked()

    def document(self, marked: Marked) -> None:
        self._marked = marked
        value = marked.value
        if isinstance(value, list):
            self._tasks(value, (), "", "")
            return
        if not isinstance(value, dict):
            return
        tags = {
            name: each
            for name, each in value.items()
            if isinstance(each, dict) and isinstance(each.get("tasks"), list)
        }
        tags = {name: each for name, each in tags.items() if name not in ("groups", "tasks")}
        if _id_key(value):
            self._task(value, (), "", "", ())
        if tags:
            for name, tag in tags.items():
                prefix = f"{_slug(name)}." if len(tags) > 1 else ""
                self._tasks(tag["tasks"], (name, "tasks"), prefix, name if len(tags) > 1 else "")
        self._tasks(value.get("tasks"), ("tasks",), "", "")
        self._groups(value.get("groups"))
        if "group" in value and not _id_key(value):
            self._group(str(value["group"]), value, ())

    def _said(self, place: Place, text: Any) -> Said:
        clean = re.sub("[\ud800-\udfff]", "\ufffd", str(text))
        return Said(clean, self._source.spot(self._marked.line(place)))

    def _tasks(self, value: Any, place: Place, prefix: str, group: str) -> None:
        for name, each, where in _children(value, place):
            if isinstance(each, dict):
                self._task(each, where, prefix, group, (), name)

    def _task(
        self,
        value: Mapping[str, Any],
        place: Place,
        prefix: str,
        group: str,
        above: tuple[Said, ...],
        name: str = "",
    ) -> str:
        key = _id_key(value)
        own = str(value[key]) if key else name
        if not own:
            self._out.findings.append(
                Finding(Kind.UNREAD, self._said(place, "").at, "a task without an id", "give it one")
            )
            return ""
        full = own if prefix and own.startswith(prefix) else prefix + own
        draft = Draft(self._said((*place, key) if key else place, full), self._said(place, full), 3)
        self._out.drafts.append(draft)
        if group:
            draft.group = self._said(place, group)
        for field_name, each in value.items():
            self._field(draft, field_name, each, (*place, field_name), prefix)
        if above:
            draft.needs = [*(draft.needs or []), *above]
        children = self._subtasks(value, place, full, draft)
        if children:
            draft.needs = [*(draft.needs or []), *children]
        return full

    def _subtasks(self, value: Mapping[str, Any], place: Place, full: str, parent: Draft) -> list[Said]:
        """Read subtasks: each needs what the parent needs; the parent needs them."""
        found = []
        above = tuple(parent.needs or ())
        for name, each, where in _children(value.get("subtasks"), (*place, "subtasks")):
            if isinstance(each, dict):
                group = parent.group.text if parent.group else ""
                made = self._task(each, where, f"{full}.", group, above, name)
                if made:
                    found.append(self._said(where, made))
        return found

    def _field(self, draft: Draft, name: str, value: Any, place: Place, prefix: str) -> None:
        field = Field.FILES if name in ("outputs", "output") else field_of(name)
        if name in _ID_KEYS or name == "subtasks" or value is None:
            return
        values = [self._said((*where,), each) for _, each, where in _leaves(value, place)]
        if field is Field.TITLE:
            draft.title = values[0] if values else draft.title
        elif field is Field.NEEDS:
            draft.needs = [*(draft.needs or []), *(self._need(said, prefix) for said in values)]
        elif field is Field.FILES:
            draft.files += [said for said in values if ": " not in said.text]
        elif field is Field.STEPS:
            draft.steps += [
                Said(line, said.at) for said in values for line in said.text.splitlines() if line.strip()
            ]
        elif field is Field.INPUTS:
            draft.inputs += values
        elif field is Field.HOURS and values:
            bare = re.fullmatch(r"\d+(?:\.\d+)?", values[0].text)
            draft.hours = Said(f"{values[0].text} h", values[0].at) if bare else values[0]
        elif field is Field.GROUP and values:
            draft.group = values[0]
        elif field is Field.AGENT and values:
            draft.agent = values[0]
        elif field is Field.STATUS:
            draft.done = next(
                (said for said in values if said.text.lower() in ("done", "completed", "complete")), None
            )
        else:
            draft.brief += [Said(said.text if field else f"{name}: {said.text}", said.at) for said in values]

    def _need(self, said: Said, prefix: str) -> Said:
        """A subtask that needs «1» means its sister, where «5.1» is said in full."""
        bare = re.fullmatch(r"\d+", said.text.strip())
        return Said(f"{prefix}{said.text.strip()}", said.at) if prefix and bare else said

    def _groups(self, value: Any) -> None:
        for name, each, where in _children(value, ("groups",)):
            if isinstance(each, dict):
                own = str(
                    each.get("name") or each.get("id") or each.get("group") or each.get("groupId") or name
                )
                self._group(own, each, where)
            elif isinstance(each, list):
                self._group(name, {"tasks": each}, where)

    def _group(self, name: str, value: Mapping[str, Any], place: Place) -> None:
        key = group_key(name)
        group = self._out.groups.setdefault(key, GroupDraft(key, self._said(place, "").at))
        group.title = str(value.get("title") or value.get("description") or "")
        group.barrier = value.get("barrier") is True
        for _, each, where in _children(value.get("tasks"), (*place, "tasks")):
            if isinstance(each, dict):
                made = self._task(each, where, "", name, ())
                group.members += [self._said(where, made)] if made else []
            else:
                group.members.append(self._said(where, each))
        for field in ("dependsOnGroup", "dependsOnGroups", "depends_on_group", "after"):
            group.after += [
                self._said(where, each) for _, each, where in _leaves(value.get(field), (*place, field))
            ]


def _id_key(value: Mapping[str, Any]) -> str:
    return next((key for key in _ID_KEYS if isinstance(value.get(key), str | int | float)), "")


def _children(value: Any, place: Place) -> Iterator[tuple[str, Any, Place]]:
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield "", each, (*place, number)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name, each, (*place, name)


def _leaves(value: Any, place: Place) -> Iterator[tuple[str, Any, Place]]:
    """Yield the single values below a place; a mapping's with their keys."""
    if isinstance(value, list | dict):
        for name, each, where in _children(value, place):
            for _, leaf, at in _leaves(each, where):
                yield name, f"{name}: {leaf}" if name and not name.startswith(("path", "file")) else leaf, at
    elif value is not None and value != "":
        yield "", value, place


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "tag"


__all__ = ["hours_of", "read_records"]
