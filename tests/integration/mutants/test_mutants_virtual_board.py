"""Mutants for real: PlatformIO, esptool, a virtual board, pytest; killed in the middle and gone on with."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import pytest
from hostkit.hil.scene import Scene
from hostkit.link.messages import Tap

pytestmark = pytest.mark.rung("wired")

def test_it_answers(link):
    assert link.echo(b"1") == b"1"

def test_a_colour_reaches_the_leds(board):
    board.must_draw(Scene("solid", {"colour": 0x804020}, count=1), Tap.WIRE)
"""
FAULTS = """
area = "some"

[[fault]]
name = "colour-order-rgb"
about = "red and green are swapped"
file = "firmware/lib/strip/encoder.cpp"
old = "rgb[channel];"
new = "rgb[channel < 2 ? 1 - channel : 2];"

[[fault]]
name = "says-the-same"
about = "another way to write the same machine code"
file = "firmware/lib/strip/encoder.cpp"
old = "return words + 4;"
new = "return words + 2 + 2;"

[[fault]]
name = "stale-build-id"
about = "the firmware tells the build id of another build"
file = "firmware/lib/app/identity.cpp"
old = 'writer.text("build"), writer.text(build.build);'
new = 'writer.text("build"), writer.text("%s");'
""" % ("0123456789abcdef" * 4)


@pytest.fixture
def project(project_root: Path, tmp_path: Path) -> Path:
    """This firmware with three faults and a suite of two tests; measured by the installed hostkit."""
    project = tmp_path / "p"
    shutil.copytree(project_root / "firmware", project / "firmware")
    for name in ("platformio.ini", "boards.toml", "CMakeLists.txt"):
        shutil.copyfile(project_root / name, project / name)
    for name, text in (("hil_tests/test_two.py", SUITE), ("mutants/some.toml", FAULTS)):
        (project / name).parent.mkdir()
        (project / name).write_text(text)
    return project


def command(project: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "hostkit", "-C", str(project), "hil", "mutants", "--jobs", "1", *arguments]


@pytest.mark.timeout(400)  # on a cold cache everything is compiled first
def test_mutants_meet_their_fates_and_a_killed_run_goes_on(
    project: Path, hostkit_environment: dict[str, str], state_dir: Path
) -> None:
    first = subprocess.Popen(
        command(project),
        env=hostkit_environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert first.stderr is not None
    with first:
        said = next((line for line in first.stderr if "colour-order-rgb" in line), "")
        os.kill(first.pid, signal.SIGKILL)
        # What it started holds the other end of this pipe: its end is theirs.
        rest = first.stderr.read()
    assert "killed        colour-order-rgb: test_two.py::test_a_colour_reaches_the_leds" in said, said + rest

    done = subprocess.run(
        command(project, "--json"), env=hostkit_environment, capture_output=True, text=True, check=False
    )
    assert "colour-order-rgb" not in done.stderr, "it was tried again"
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    fates = {each["name"]: each["result"] for each in report["mutants"]}
    assert {name: (result["fate"], result["stage"]) for name, result in fates.items()} == {
        "colour-order-rgb": ("killed", "wired"),
        "says-the-same": ("equivalent", "build"),
        "stale-build-id": ("killed", "boot"),
    }
    assert "0123456789ab" in fates["stale-build-id"]["message"]
    assert report["rates"]["planted"]["rate"] == pytest.approx(2 / 3), "a planted fault that is none counts"
    assert report["scope"]["tests"] == 2
    markdown = (project / ".hostkit" / "mutants" / "report.md").read_text()
    assert "| says-the-same | another way to write the same machine code | equivalent |" in markdown
    assert list((state_dir / "boards").iterdir()) == [], "a board was left behind"
