"""Observations as JUnit XML, the format that CI systems show. Pure: equal observations give equal bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from hostkit.hil.observations import Outcome, TestSeen

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
_ELEMENT = {Outcome.FAILED: "failure", Outcome.SKIPPED: "skipped", Outcome.NOT_APPLICABLE: "skipped"}
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


def junit_xml(tests: Sequence[TestSeen], *, name: str) -> bytes:
    """Return one test suite. Times are seconds; measurements, rung and build id are properties of a test.

    A test that lost its board is an ``error`` of type ``lost``: it says nothing of the firmware, and is no
    pass. Nothing else that did not pass is written as if it had.
    """
    kinds = [_kind(seen) for seen in tests]
    counts = {
        "tests": len(tests),
        "failures": kinds.count("failure"),
        "errors": kinds.count("error"),
        "skipped": kinds.count("skipped"),
        "time": _seconds(sum(seen.seconds for seen in tests)),
    }
    told = "".join(f" {key}={_attribute(value)}" for key, value in counts.items())
    lines = [_HEAD, f"<testsuites name={_attribute('hostkit')}{told}>\n"]
    lines += [f"<testsuite name={_attribute(name)}{told}>\n"]
    for seen in tests:
        lines += _case(seen)
    return "".join([*lines, "</testsuite>\n</testsuites>\n"]).encode()


def _kind(seen: TestSeen) -> str:
    return "" if seen.outcome is Outcome.PASSED else _ELEMENT.get(seen.outcome, "error")


def _case(seen: TestSeen) -> Iterator[str]:
    file, _, test = seen.test.partition("::")
    where = file.removesuffix(".py").replace("/", ".")
    head = f"<testcase classname={_attribute(where)} name={_attribute(test or seen.test)}"
    yield f"{head} file={_attribute(file)} time={_attribute(_seconds(seen.seconds))}>\n"
    yield "<properties>\n"
    said = {"rung": seen.rung, "pattern": seen.pattern, "build": seen.build}
    for key, value in [*((key, value) for key, value in said.items() if value), *seen.numbers.items()]:
        yield f"<property name={_attribute(key)} value={_attribute(value)}/>\n"
    yield "</properties>\n"
    if kind := _kind(seen):
        opened = f"<{kind} type={_attribute(seen.outcome.value)} message={_attribute(seen.message)}"
        yield f"{opened}>{escape(_clean(seen.detail))}</{kind}>\n"
    yield "</testcase>\n"


def _seconds(value: float) -> str:
    return f"{value:.6f}"


def _attribute(value: object) -> str:
    return quoteattr(_clean(str(value)))


def _clean(text: str) -> str:
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
