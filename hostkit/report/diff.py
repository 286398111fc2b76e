"""Two runs side by side: the first place where they went different ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from hostkit.errors import InvalidError, ToolError
from hostkit.gate.suite import OBSERVATIONS, TRANSCRIPT
from hostkit.hil.observations import Outcome, TestSeen, read_observations
from hostkit.link.errors import MessageError
from hostkit.link.framing import Frame, FrameDecoder
from hostkit.link.messages import Mode, Op, Reply, decode_message
from hostkit.link.transcript import read_marked
from hostkit.link.turns import Turn, same_request, turns_of
from hostkit.link.views import describe_message, describe_value
from hostkit.report.read import board_folders
from hostkit.report.values import first_difference

_OF_THE_RUN = (Op.HELLO, Op.STATS, Op.CHALLENGE)  # nonce, build, uptime, counters: different in any two runs


@dataclass(frozen=True, slots=True)
class Side:
    """What one run has at the place of a difference. ``us``: since its transcript began, None without."""

    said: str
    us: int | None = None


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first difference. ``what``: in words, such as ``the reply``; ``where``: what inside of it."""

    test: str
    what: str
    where: str
    one: Side
    two: Side
    request: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """The evidence of one run: what each test came to, in order, and its turns on the link."""

    name: str
    outcomes: Mapping[str, Outcome]
    messages: Mapping[str, str]
    turns: Mapping[str, tuple[Turn, ...]]


def read_run(directory: Path) -> Run:
    """Read a run's evidence. Raises :class:`InvalidError` when it has no observations.

    Of a suite that boards shared each test is of the board that ran it, the first of several.
    """
    seen: dict[str, TestSeen] = {}
    turns: dict[str, tuple[Turn, ...]] = {}
    for folder in board_folders(directory):
        try:
            tests = read_observations(folder / OBSERVATIONS).tests
        except ToolError as error:
            raise InvalidError(
                f"run {directory.name} has no observations to compare", hint="its suite never ran"
            ) from error
        seen |= {test.test: test for test in tests if test.test not in seen}
        turns |= {test: told for test, told in _turns(folder / TRANSCRIPT).items() if test not in turns}
    return Run(
        directory.name,
        {name: test.outcome for name, test in seen.items()},
        {name: test.message for name, test in seen.items()},
        turns,
    )


def _turns(transcript: Path) -> dict[str, tuple[Turn, ...]]:
    grouped: dict[str, list[Turn]] = {}
    for turn in turns_of(read_marked(transcript)) if transcript.is_file() else ():
        grouped.setdefault(turn.mark, []).append(turn)
    return {test: tuple(turns) for test, turns in grouped.items()}


def first_divergence(one: Run, two: Run) -> Divergence | None:
    """Return the first difference in the order of the first run's tests, None when there is none.

    Left out is what differs in any two runs: boot nonces, request ids, counters, times, and what follows
    when a test lets time run free.
    """
    for test in one.outcomes:
        if test in two.outcomes and (found := _in_test(test, one, two)) is not None:
            return found
    for run, other, first in ((one, two, True), (two, one, False)):
        for test in run.outcomes:
            if test not in other.outcomes:
                ran, missing = Side(run.outcomes[test].value), Side("it did not run")
                left, right = (ran, missing) if first else (missing, ran)
                return Divergence(test, "which tests ran", "", left, right)
    return None


def _in_test(test: str, one: Run, two: Run) -> Divergence | None:
    pairs = zip_longest(_steady(one.turns.get(test, ())), _steady(two.turns.get(test, ())))
    for left, right in pairs if one.turns and two.turns else ():
        found = _in_turn(test, left, right)
        if found is not None:
            return found
    if one.outcomes[test] is not two.outcomes[test]:
        return Divergence(test, "the outcome", "", _ended(test, one), _ended(test, two))
    return None


def _ended(test: str, run: Run) -> Side:
    return Side(f"{run.outcomes[test].value} {run.messages[test]}".strip())


def _in_turn(test: str, left: Turn | None, right: Turn | None) -> Divergence | None:
    if left is None or right is None or not same_request(left.request, right.request):
        return Divergence(test, "the request", "", _asked(left), _asked(right))
    one, two = _reply(left), _reply(right)
    if one is None and two is None:
        return None
    if one is None or two is None or one.status is not two.status:
        what, where, said = "the reply", "", (_said(one), _said(two))
    else:
        place = first_difference(one.body, two.body)
        if place is None:
            return None
        what, where, said = "the reply", place.where, (place.one, place.two)
    return Divergence(
        test, what, where, Side(said[0], left.us), Side(said[1], right.us), _plain_request(left)
    )


def _said(reply: Reply | None) -> str:
    if reply is None:
        return "no reply"
    return f"{reply.status.label} {describe_value(reply.body)}"


def _steady(turns: tuple[Turn, ...]) -> Iterator[Turn]:
    """Return the turns that depend on what was asked alone."""
    for turn in turns:
        if turn.request is None or turn.request.op in _OF_THE_RUN:
            continue
        yield turn
        if turn.request.op == Op.MODE and turn.request.args[:1] == (Mode.LIVE,):
            return


def _asked(turn: Turn | None) -> Side:
    return Side("nothing more was asked") if turn is None else Side(_plain_request(turn), turn.us)


def _plain_request(turn: Turn) -> str:
    assert turn.request is not None
    return describe_message(turn.request).split(" ", 1)[1]  # without its id


def _reply(turn: Turn) -> Reply | None:
    """Return the reply to a turn's request."""
    decoder = FrameDecoder()
    for entry in turn.received:
        for piece in decoder.feed(entry.data):
            found = _as_reply(piece) if isinstance(piece, Frame) else None
            if found is not None and turn.request is not None and found.id == turn.request.id:
                return found
    return None


def _as_reply(frame: Frame) -> Reply | None:
    try:
        message = decode_message(frame.payload)
    except MessageError:
        return None
    return message if isinstance(message, Reply) else None
