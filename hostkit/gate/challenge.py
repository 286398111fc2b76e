"""The challenges of a gate, as evidence and as a part of the decision; files are all that it touches.

One right after the flash, one at the end of the suite. Each is a fresh random question, so that neither a
recorded banner nor a replayed session can answer; a right answer names build, MAC and boot of the image
that computed it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hostkit.errors import ToolError
from hostkit.gate.evidence import write_json
from hostkit.gate.model import ChallengeFact, Facts, Finding, Stage
from hostkit.gate.parts import CHALLENGES
from hostkit.link.challenge import Challenge
from hostkit.link.errors import MessageError
from hostkit.link.framing import Frame, FrameDecoder
from hostkit.link.messages import Op, Reply, Request, Status, decode_message
from hostkit.link.transcript import Direction, Entry, Mark, read_entries
from hostkit.store.model import Verdict

_OWN_FAULT = ("panic", "watchdog", "software")  # reset reasons that the firmware brought about itself
_WHEN = {Stage.FLASH: "after the flash", Stage.HIL: "at the end of the suite"}


def check_challenges(facts: Facts) -> Iterator[Finding]:
    """Did the image that was built answer, when it was asked, in the boots that the records speak of?"""
    asked = {fact.stage: fact for fact in facts.challenges}
    questions = [fact.answer.question for fact in facts.challenges if fact.answer is not None]
    if len(set(questions)) != len(questions) or len(asked) != len(facts.challenges):
        yield Finding(Verdict.INVALID, "the same challenge was asked twice")
    if facts.stop is None:
        due = [(Stage.FLASH, facts.flash is not None), (Stage.HIL, facts.suite is not None)]
        for stage in [stage for stage, wanted in due if wanted and stage not in asked]:
            yield Finding(Verdict.INCONCLUSIVE, f"the board was not challenged {_WHEN[stage]}")
    for fact in facts.challenges:
        if fact.answer is None:
            why = f"no answer to the challenge {_WHEN.get(fact.stage, '')}: {fact.trouble or 'silence'}"
            yield Finding(Verdict.INCONCLUSIVE, why)
        else:
            yield from _check_answer(facts, fact, fact.answer)


def _check_answer(facts: Facts, fact: ChallengeFact, answer: Challenge) -> Iterator[Finding]:
    when = _WHEN.get(fact.stage, fact.stage.value)
    if not answer.holds:
        yield Finding(Verdict.INVALID, f"the answer to the challenge {when} is wrong")
        return
    builds = {known.build_id for known in (facts.build, facts.flash, facts.identity) if known is not None}
    macs = {known.mac for known in (facts.flash, facts.identity) if known is not None and known.mac}
    if builds - {answer.build}:
        yield Finding(Verdict.INVALID, f"build {answer.build[:12]} answered the challenge {when}")
    if macs - {answer.mac}:
        yield Finding(Verdict.INVALID, f"the board {answer.mac} answered the challenge {when}")
    if fact.stage is Stage.HIL and facts.suite is not None and facts.suite.finished:
        yield from _check_boot(facts.suite.nonce, fact, answer)


def _check_boot(nonce: int, fact: ChallengeFact, answer: Challenge) -> Iterator[Finding]:
    if nonce == answer.nonce or fact.restarted:
        return
    if nonce == 0:
        yield Finding(Verdict.INCONCLUSIVE, "in which boot the suite ended is not known")
        return
    verdict = Verdict.FAIL if fact.reset in _OWN_FAULT else Verdict.INCONCLUSIVE
    yield Finding(verdict, f"the board restarted at the end of the suite: {fact.reset or 'unknown'}")


def write_challenges(into: Path, challenges: tuple[ChallengeFact, ...]) -> None:
    """Write every question with its answer and the right one; ``expected`` and ``holds`` are for people."""
    write_json(into, CHALLENGES, plain_challenges(challenges))


def plain_challenges(challenges: tuple[ChallengeFact, ...]) -> list[dict[str, Any]]:
    """Return the same as JSON-ready values."""
    return [_plain(fact) for fact in challenges]


def _plain(fact: ChallengeFact) -> dict[str, Any]:
    record: dict[str, Any] = {name: getattr(fact, name) for name in ("trouble", "reset", "restarted")}
    record["stage"] = fact.stage.value
    answer = fact.answer
    if answer is None:
        return record | {"answer": None}
    told = {name: getattr(answer, name) for name in Challenge.__slots__}
    return record | {"answer": told, "expected": answer.expected, "holds": answer.holds}


def read_challenges(directory: Path) -> tuple[ChallengeFact, ...]:
    """Return what :func:`write_challenges` wrote; ``expected`` and ``holds`` are worked out anew.

    Raises :class:`ToolError` for a file that is missing or not of that form.
    """
    path = directory / CHALLENGES
    try:
        return tuple(_fact(record) for record in json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ToolError(f"{path} cannot be read: {error}", hint="is the bundle whole?") from error


def _fact(record: dict[str, Any]) -> ChallengeFact:
    told = record["answer"]
    answer = None
    if told is not None:
        question, digest, build, mac = (str(told[name]) for name in ("question", "digest", "build", "mac"))
        answer = Challenge(question, digest, build, mac, int(told["nonce"]))
    trouble, reset, restarted = str(record["trouble"]), str(record["reset"]), bool(record["restarted"])
    return ChallengeFact(Stage(record["stage"]), answer, trouble, reset, restarted)


def heard(transcript: Path, answer: Challenge) -> bool:
    """Tell whether a transcript file holds the question and, after it, this answer in a reply of that boot.

    False also for a file that is not there or is no transcript.
    """
    try:
        return heard_in(read_entries(transcript), answer)
    except OSError:
        return False


def heard_in(entries: Iterable[Entry | Mark], answer: Challenge) -> bool:
    """Tell the same of entries that were read already."""
    question, body = bytes.fromhex(answer.question), [bytes.fromhex(answer.digest), answer.build, answer.mac]
    asked: set[int] = set()
    decoders = {direction: FrameDecoder() for direction in Direction}
    for entry in entries:
        if isinstance(entry, Mark):
            continue
        for piece in decoders[entry.direction].feed(entry.data):
            match _message(piece):
                case Request(id, Op.CHALLENGE, (sent,)) if sent == question:
                    asked.add(id)
                case Reply(id, answer.nonce, Status.OK, told) if id in asked and told == body:
                    return True
    return False


def _message(piece: object) -> object:
    try:
        return decode_message(piece.payload) if isinstance(piece, Frame) else None
    except MessageError:
        return None
