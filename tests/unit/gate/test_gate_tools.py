"""Programs that had a part in a run, in the decision."""

from __future__ import annotations

from dataclasses import replace

from hostkit.gate.model import Facts, Stage, Stop
from hostkit.gate.tools import check_tools, tools_digest
from hostkit.store.model import Verdict
from hostkit.testing.gate import TOOLS


def test_a_program_that_is_not_as_installed_is_invalid_and_says_where_it_lies() -> None:
    edited = replace(TOOLS[1], problem="was changed since: cmds.py")
    (finding,) = check_tools(Facts(tools=(TOOLS[0], edited)))
    assert finding.verdict is Verdict.INVALID
    assert finding.reason == "esptool was changed since: cmds.py (/venv/esptool/__init__.py)"


def test_a_run_that_does_not_know_its_programs_is_inconclusive() -> None:
    (finding,) = check_tools(Facts())
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert [*check_tools(Facts(stop=Stop(Stage.BUILD, Verdict.FAIL, "no")))] == []
    assert [*check_tools(Facts(tools=TOOLS))] == []


def test_the_digest_changes_with_version_and_content_but_not_with_the_place() -> None:
    python, esptool = TOOLS
    digest = tools_digest(TOOLS)
    assert tools_digest((esptool, replace(python, path="/opt/python"))) == digest
    assert tools_digest((python, replace(esptool, sha256="3" * 64))) != digest
    assert tools_digest((python, replace(esptool, version="5.7.0"))) != digest
