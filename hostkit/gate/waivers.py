"""Waivers: signed records by which somebody who may answers for what a rule or a test holds against a pass.

A waiver lies in ``waivers/`` of the checkout, so that it is seen where changes are seen. It carries the
public key of who signed it; the rules of the project say the ids of the keys that may. It has a reason and
an end, is told of wherever the verdict is, and makes nothing right that is invalid.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hostkit.errors import InvalidError
from hostkit.files import canonical_json, disk_error, strict_json
from hostkit.gate.dsse import Envelope, read_envelope
from hostkit.gate.folder import shown
from hostkit.gate.keys import PublicKey, Signer
from hostkit.gate.model import Facts, Finding, Observation
from hostkit.gate.waived import WaivedFact, WaiverFact, Waives
from hostkit.hil.observations import Outcome
from hostkit.store.model import Verdict

FOLDER = "waivers"
"""Where a project keeps them, beside ``hostkit.toml``; each is a file of its own."""

PAYLOAD_TYPE = "application/vnd.hostkit.waiver+json"
SCHEMA = "hostkit.waiver/1"

MOST_DAYS = 30
"""So far ahead a waiver may end, as a quarantine may: what takes longer has to be answered for again."""

_LIMIT = 10_000  # bytes of a waiver; one has some hundred
_WITH_NAME = (Waives.TEST, Waives.RUNG, Waives.BOARD)
_FIELDS = {"schema", "waives", "name", "env", "reason", "by", "made", "expires", "public_key"}


@dataclass(frozen=True, slots=True)
class Waiving:
    """What somebody is about to sign. ``name``: the test, rung or board; ``env`` "" for every one.

    ``by``: who they are, in their own words. ``made`` and ``expires`` are ISO dates; it holds through the
    day of ``expires``.
    """

    waives: Waives
    name: str
    env: str
    reason: str
    by: str
    made: str
    expires: str


def sign_waiver(asked: Waiving, signer: Signer) -> tuple[str, bytes]:
    """Return a waiver's file name and content."""
    said = asdict(asked) | {"waives": asked.waives.value}
    payload = canonical_json(said | {"schema": SCHEMA, "public_key": signer.public.raw.hex()})
    name = f"{asked.made}-{asked.waives.value}-{hashlib.sha256(payload).hexdigest()[:8]}.json"
    return name, signer.sign(PAYLOAD_TYPE, payload).to_json()


def waiver_files(project: Path) -> dict[str, str]:
    """Return the text of every file in the project's folder of waivers, by its place below the project."""
    found = {}
    for path in sorted((project / FOLDER).glob("*.json")):
        try:
            with path.open("rb") as stream:
                found[f"{FOLDER}/{path.name}"] = stream.read(_LIMIT).decode(errors="replace")
        except OSError as error:
            raise disk_error(error, path) from error
    return found


def read_waivers(
    files: Mapping[str, str], may_waive: Sequence[str], env: str, today: str
) -> tuple[WaiverFact, ...]:
    """Return what files hold, each with why it does not count, if it does not: ``forged`` or ``ignored``.

    Never raises for what is in them. ``env`` "" asks for no env in particular.
    """
    facts = (_read(place, text) for place, text in files.items())
    return tuple(
        fact if fact.forged else replace(fact, ignored=_why_not(fact, may_waive, env, today))
        for fact in facts
    )


def _read(place: str, text: str) -> WaiverFact:
    try:
        envelope = read_envelope(text.encode())
        said = _payload(envelope)
        raw = bytes.fromhex(said["public_key"])
        if len(raw) != 32:
            raise ValueError("its public key has not 32 bytes")
        key = PublicKey(raw, "who signed it")
        key.check(envelope)
        told = {name: said[name] for name in ("name", "env", "reason", "by", "expires")}
        fact = WaiverFact(place, Waives(said["waives"]), key_id=key.key_id, **told)
        date.fromisoformat(fact.expires)
        if not fact.reason or not fact.by or (fact.waives in _WITH_NAME) != bool(fact.name):
            raise ValueError("it does not say what, why or who")
    except InvalidError as error:
        return WaiverFact(place, forged=shown(error.message))
    except (ValueError, KeyError, TypeError) as error:
        return WaiverFact(place, forged=shown(f"it is no waiver: {error}"))
    return fact


def _payload(envelope: Envelope) -> dict[str, str]:
    if envelope.payload_type != PAYLOAD_TYPE:
        raise ValueError(f"its payload is of type {envelope.payload_type!r}")
    said: Any = strict_json(envelope.payload)
    if not isinstance(said, dict) or said.keys() != _FIELDS or said["schema"] != SCHEMA:
        raise ValueError("its fields are not those of a waiver")
    if not all(isinstance(value, str) for value in said.values()):
        raise ValueError("a field is no text")
    return said


def _why_not(fact: WaiverFact, may_waive: Sequence[str], env: str, today: str) -> str:
    ends, now = date.fromisoformat(fact.expires), date.fromisoformat(today)
    if fact.key_id not in may_waive:
        return f"the key {fact.key_id[:16]} may not waive: [gate] may_waive of hostkit.toml names it not"
    if ends < now:
        return f"it ended on {fact.expires}"
    if ends > now + timedelta(days=MOST_DAYS):
        return f"it ends on {fact.expires}, more than {MOST_DAYS} days ahead"
    if env and fact.env not in ("", env):
        return f"it is for env {shown(fact.env)}"
    return ""


def names_test(pattern: str, test: str) -> bool:
    """Tell whether a pattern with ``*`` and ``?`` is a node id, or the end of it from a file on."""
    regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(f"(.*/)?{regex}", test, re.DOTALL) is not None


def in_force(waivers: Sequence[WaiverFact], waives: Waives) -> tuple[WaiverFact, ...]:
    """Return the waivers of a kind that count."""
    return tuple(each for each in waivers if each.counts and each.waives is waives)


def waiver_of(facts: Facts, seen: Observation) -> WaiverFact | None:
    """Return the waiver that answers for a test that did not pass; one that passed needs none."""
    if seen.outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE) or seen.invalid:
        return None
    found = in_force(facts.waivers, Waives.TEST)
    return next((each for each in found if names_test(each.name, seen.test)), None)


def split_waived(
    findings: Sequence[Finding], facts: Facts
) -> tuple[tuple[Finding, ...], tuple[WaivedFact, ...]]:
    """Return the findings that nobody answers for, and what is waived: findings, and tests set aside."""
    left, waived = (
        [],
        [
            _waived(waiver, f"{seen.test} ({seen.outcome.value})")
            for seen in facts.observations
            if (waiver := waiver_of(facts, seen)) is not None
        ],
    )
    for finding in findings:
        waiver = _answers(facts, finding)
        if waiver is None:
            left.append(finding)
        else:
            waived.append(_waived(waiver, finding.reason))
    return tuple(left), tuple(waived)


def _answers(facts: Facts, finding: Finding) -> WaiverFact | None:
    if finding.rule is None or finding.verdict is Verdict.INVALID:
        return None
    found = in_force(facts.waivers, finding.rule)
    return next((each for each in found if each.name in ("", finding.name)), None)


def _waived(waiver: WaiverFact, what: str) -> WaivedFact:
    by = f"waived until {waiver.expires} by {waiver.by} ({waiver.key_id[:16]}): {waiver.reason}"
    return WaivedFact(f"{what}; {by}", waiver.place, waiver.key_id, waiver.expires)


def check_waivers(facts: Facts) -> Iterator[Finding]:
    """A file that is no waiver, or not as it was signed, was put there by somebody: nothing is believed."""
    for waiver in facts.waivers:
        if waiver.forged:
            yield Finding(Verdict.INVALID, f"{waiver.place}: {waiver.forged}")


def told_ignored(facts: Facts) -> Iterator[str]:
    """Return a line for each waiver that does not count here."""
    for waiver in facts.waivers:
        if waiver.ignored:
            yield f"the waiver {waiver.place} does not count: {waiver.ignored}"
