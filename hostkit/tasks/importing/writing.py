"""An outline to a ``tasks.yaml`` that a person reviews. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from hostkit.errors import UsageError
from hostkit.tasks.importing.grading import unsettled
from hostkit.tasks.importing.model import Draft, Outline

_HEAD = """\
# yaml-language-server: $schema=tasks.schema.json
# Imported from {file}. (The schema above: hostkit tasks schema > tasks.schema.json)
#
# Nothing here starts as it is: every task says under «incomplete» what you have still to settle. Give it a
# gate or a check, look at its needs and files, then take «incomplete» away. Steps of the document are text.
version: 1
target: main

agents:
"""
_PROGRAM = "exec ${HOSTKIT_AGENT:?name a program that takes the path of a brief}"
_ARGV = f'[sh, -c, \'{_PROGRAM} "$1"\', agent, "{{brief}}"]'
_WORD = re.compile(r"[A-Za-z][\w/-]*(?: [\w/-]+)*")
_RESERVED = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
_UNPRINTABLE = re.compile(
    "[^\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[0-9][A-Za-z0-9_-]*)*")
_LONGEST_ID = 64


def plan_text(outline: Outline) -> str:
    """Return the file. Raises :class:`UsageError` when a hard finding is left: there is no plan then."""
    if outline.hard:
        first = outline.hard[0]
        more = f" (and {len(outline.hard) - 1} more)" if len(outline.hard) > 1 else ""
        raise UsageError(f"{first.at}: {first.message}{more}", hint=first.hint or "correct the document")
    names = {name: _agent(draft) for name, draft in outline.drafts.items()}
    lines = [_HEAD.format(file=re.sub(r"[^\x20-\x7e]", "?", outline.document.file)).rstrip("\n")]
    for agent in dict.fromkeys(names.values()):
        lines += [f"  {scalar(agent)}:", f"    argv: {_ARGV}", "    timeout_s: 3600"]
    groups = _groups(outline)
    if groups:
        lines += ["", "groups:", *_group_lines(outline, groups)]
    lines += ["", "tasks:"]
    for name in outline.drafts:
        lines += [*_task(outline, name, names[name], groups), ""]
    return "\n".join(lines).rstrip() + "\n"


def _groups(outline: Outline) -> dict[str, str]:
    """Return the ids that groups get, by their names."""
    found: dict[str, str] = {}
    for name in [*outline.document.groups, *outline.group_of.values()]:
        slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "group"
        taken = {value for key, value in found.items() if key != name}
        found.setdefault(name, slug if slug not in taken else f"{slug}-{len(found)}")
    return found


def _group_lines(outline: Outline, groups: dict[str, str]) -> Iterator[str]:
    for name, slug in groups.items():
        known = outline.document.groups.get(name)
        after = [groups[each] for each in outline.after.get(name, ()) if each != name]
        yield f"  {scalar(slug)}:"
        yield f"    title: {scalar(known.title if known and known.title else name)}"
        if after:
            yield f"    after: [{', '.join(map(scalar, after))}]"
        if known and known.barrier and after:
            yield "    barrier: true"


def _task(outline: Outline, name: str, agent: str, groups: dict[str, str]) -> Iterator[str]:
    draft = outline.drafts[name]
    yield (
        f"  # {draft.id.at.file.rsplit('/', 1)[-1]}:{draft.id.at.line}"
        if draft.id.at.file.isprintable()
        else "  #"
    )
    yield f"  - id: {scalar(name)}"
    yield f"    title: {scalar(' '.join(draft.title.text.split()) or name)}"
    if name in outline.group_of:
        yield f"    group: {scalar(groups[outline.group_of[name]])}"
    if name in outline.hours:
        yield f"    hours: {outline.hours[name]!r}"
    yield f"    needs: [{', '.join(map(scalar, outline.needs[name]))}]"
    yield f"    agent: {scalar(agent)}"
    yield f"    files: [{', '.join(scalar(path) for path in dict.fromkeys(s.text for s in draft.files))}]"
    yield from _block("brief", _brief(draft))
    yield "    incomplete:"
    for lack in unsettled(outline, name):
        yield f"      - {scalar(lack)}"


def _brief(draft: Draft) -> list[str]:
    lines = [line for said in draft.brief for line in said.text.splitlines()]
    if draft.inputs:
        lines += ["", "Inputs:", *(f"- {said.text}" for said in draft.inputs)]
    if draft.steps:
        lines += ["", "How the document says it is to be validated (nothing runs this):"]
        lines += [f"    {said.text.strip()}" for said in draft.steps]
    lines = [_UNPRINTABLE.sub("\ufffd", line.expandtabs(4)).rstrip() for line in lines]
    while lines and not lines[0]:
        lines.pop(0)
    if lines:
        lines[0] = lines[0].lstrip()
    return lines


def _block(key: str, lines: Sequence[str]) -> Iterator[str]:
    """Yield text as a literal block; where it has none, nothing."""
    if any(lines):
        yield f"    {key}: |"
        yield from (f"      {line}" if line else "" for line in lines)


def _agent(draft: Draft) -> str:
    """Return a name for the program that does it: what the document calls the agent, else coder."""
    if draft.agent is None:
        return "coder"
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", draft.agent.text).strip("-_").lower()[:40]
    return name or "coder"


def scalar(text: str) -> str:
    """Return text as YAML reads it back: bare where that is safe, else in quotes."""
    if _WORD.fullmatch(text) and text.isascii() and text.lower() not in _RESERVED:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: _escape(found[0]), quoted).replace("\t", "\\t")


def _escape(letter: str) -> str:
    code = ord(letter)
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"


def bad_ids(outline: Outline) -> tuple[str, ...]:
    """Return ids that a plan cannot have."""
    return tuple(name for name in outline.drafts if not _ID.fullmatch(name) or len(name) > _LONGEST_ID)
