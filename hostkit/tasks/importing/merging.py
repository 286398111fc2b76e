"""Several places that speak of one task to one draft: the fullest is believed, the others fill its gaps."""

from __future__ import annotations

from collections.abc import Sequence

from hostkit.tasks.importing.model import Draft, Finding, Kind
from hostkit.tasks.importing.references import group_key


def merged(drafts: Sequence[Draft]) -> tuple[dict[str, Draft], list[tuple[Draft, Draft]], list[Finding]]:
    """Return one draft an id in the order of first mention, pairs (believed, other), and findings.

    Ids are one when they differ in nothing but the case of letters.
    """
    places: dict[str, list[Draft]] = {}
    for draft in drafts:
        places.setdefault(draft.id.text.lower(), []).append(draft)
    found: dict[str, Draft] = {}
    pairs: list[tuple[Draft, Draft]] = []
    findings: list[Finding] = []
    for several in places.values():
        main = max(several, key=lambda draft: draft.strength)
        found[main.id.text] = main
        for other in several:
            if other is main:
                continue
            pairs.append((main, other))
            findings += _told_twice(main, other)
            _fill(main, other)
    return found, pairs, findings


def _told_twice(main: Draft, other: Draft) -> list[Finding]:
    name = main.id.text
    found: list[Finding] = []
    if main.strength == other.strength and main.strength > 1:
        hint = "the first of the two is believed; make them one"
        found.append(Finding(Kind.TWICE, other.id.at, f"{name} is described at {main.id.at} as well", hint))
    one, two = main.group, other.group
    if one and two and group_key(one.text) != group_key(two.text):
        message = f"{name} is in {one.text} ({one.at}) and in {two.text}"
        found.append(Finding(Kind.TWICE, two.at, message, "the first is kept"))
    return found


def _fill(main: Draft, other: Draft) -> None:
    """Give a draft what only the other place says."""
    if main.needs is None:
        main.needs = other.needs
    main.files = main.files or other.files
    main.steps = main.steps or other.steps
    main.brief = main.brief or other.brief
    main.hours = main.hours or other.hours
    main.group = main.group or other.group
    main.agent = main.agent or other.agent
    main.done = main.done or other.done
    if main.title.text == main.id.text:
        main.title = other.title
