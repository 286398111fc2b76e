"""`hostkit report` as a user types it, on runs that lie where the settings say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from report_bundle import Bundle, failed

from hostkit.cli import main

RUN, OLDER = "20260102T000000Z-00000002", "20260101T000000Z-00000001"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project inside of a repository, with two runs."""
    (tmp_path / ".git").mkdir()
    project = tmp_path / "firmware" / "led"
    runs = project / ".hostkit" / "runs"
    runs.mkdir(parents=True)
    (project / "platformio.ini").touch()
    Bundle(board="desk").write(runs / OLDER)
    Bundle(observations=(failed("LED 7"),)).write(runs / RUN)
    (runs / "latest").symlink_to(RUN)
    return project


@pytest.fixture
def report(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run `hostkit report ARGUMENTS`; return exit code and standard output."""

    def run(*arguments: str) -> tuple[int, str]:
        code = main.run(["--project", str(project), "report", *arguments])
        return code, capsys.readouterr().out

    return run


def test_the_list_has_the_newest_run_first(report: Callable[..., tuple[int, str]]) -> None:
    code, out = report("list")
    assert code == 0
    first, second = out.splitlines()
    assert first.split() == [
        *(RUN, "2026-01-02", "00:00:00", "fail", "booted", "0/1", "virtual", "virt0", "c" * 12)
    ]
    assert second.startswith(OLDER)
    assert report("list", "-b", "desk")[1].startswith(OLDER)
    assert json.loads(report("list", "-n", "1", "--json")[1])[0]["run"] == RUN


def test_json_of_the_latest_run_keeps_the_printed_schema(report: Callable[..., tuple[int, str]]) -> None:
    record = json.loads(report("json")[1])
    assert (record["run"], record["verdict"]) == (RUN, "fail")
    jsonschema.Draft202012Validator(json.loads(report("schema")[1])).validate(record)


def test_annotations_name_files_from_the_root_of_the_repository(
    report: Callable[..., tuple[int, str]],
) -> None:
    assert "::error file=firmware/led/h/test_w.py,line=12," in report("annotations")[1]


def test_junit_is_what_lies_in_the_evidence(report: Callable[..., tuple[int, str]], project: Path) -> None:
    path = project / ".hostkit" / "runs" / RUN / "junit.xml"
    path.write_text("<testsuites name='é'/>\n")
    assert report("junit", RUN) == (0, "<testsuites name='é'/>\n")
    path.unlink()
    assert report("junit", RUN)[0] == 4


def test_a_report_of_a_failed_run_is_a_success(report: Callable[..., tuple[int, str]]) -> None:
    code, out = report("markdown", RUN, "--evidence-url", "https://ci.example/7")
    assert code == 0
    assert "hostkit: fail" in out
    assert "(<https://ci.example/7>)" in out


def test_an_unknown_run_is_a_usage_error(report: Callable[..., tuple[int, str]]) -> None:
    assert report("markdown", "2031")[0] == 2


def test_a_page_is_written_where_the_settings_or_the_user_say(
    report: Callable[..., tuple[int, str]], project: Path, tmp_path: Path
) -> None:
    code, out = report("html")
    path = project / ".hostkit" / "reports" / f"{RUN}.html"
    assert (code, out.strip()) == (0, str(path))
    assert "✘ fail" in path.read_text()
    assert report("html", OLDER, "-o", str(tmp_path / "x.html"))[1].strip() == str(tmp_path / "x.html")
    assert "✔ pass" in (tmp_path / "x.html").read_text()
