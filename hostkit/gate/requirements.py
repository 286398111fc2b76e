"""What a commit must show to be merged: the requirements of a project's rules, less what is waived. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hostkit.boards.model import Fidelity
from hostkit.gate.waived import WaiverFact, Waives
from hostkit.gate.waivers import in_force
from hostkit.settings.rules import MergeRules
from hostkit.store.model import Rung
from hostkit.tasks.model import ANY_BOARD, GateCheck


@dataclass(frozen=True, slots=True)
class Required:
    """One thing to show. ``asked``: as the rules have it, for the gate; ``met_by``: what counts as a pass.

    They differ where a waiver is in force, ``waived`` says by which; ``met_by`` None: nothing is needed.
    """

    asked: GateCheck
    met_by: GateCheck | None
    waived: tuple[str, ...] = ()


def requirements(rules: MergeRules, waivers: Sequence[WaiverFact]) -> tuple[Required, ...]:
    """Return what is required, in the rules' order: one for each env and each of its boards.

    ``waivers``: those of the commit, read with the rules' own ``may_waive`` and no env in particular.
    """
    return tuple(_less(check, waivers) for check in _checks(rules))


def _checks(rules: MergeRules) -> Iterator[GateCheck]:
    for each in rules.require:
        for board in each.boards or [ANY_BOARD]:
            yield GateCheck(each.env, board, each.rung, each.fidelity)


def _less(asked: GateCheck, waivers: Sequence[WaiverFact]) -> Required:
    here = [each for each in waivers if each.env in ("", asked.env)]
    told: list[str] = []
    for waiver in in_force(here, Waives.BOARD):
        if waiver.name == asked.board:
            return Required(asked, None, (_told(asked, waiver),))
    rung, fidelity = asked.min_rung, asked.min_fidelity
    by_rung = {waiver.name: waiver for waiver in in_force(here, Waives.RUNG)}
    while rung > Rung.BUILT and rung.word in by_rung:
        told.append(_told(asked, by_rung[rung.word]))
        rung = Rung(rung - 1)
    for waiver in in_force(here, Waives.FIDELITY)[:1]:
        if fidelity > Fidelity.VIRTUAL:
            fidelity = Fidelity.VIRTUAL
            told.append(_told(asked, waiver))
    return Required(asked, GateCheck(asked.env, asked.board, rung, fidelity), tuple(told))


def _told(asked: GateCheck, waiver: WaiverFact) -> str:
    what = f"{waiver.waives.value} {waiver.name}".strip()
    by = f"waived until {waiver.expires} by {waiver.by} ({waiver.key_id[:16]}): {waiver.reason}"
    return f"{asked.title}: {what} {by}"
