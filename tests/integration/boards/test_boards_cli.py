"""``hostkit boards`` as a user meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hostkit.boards.lease import LeaseOffice
from hostkit.boards.line import Line
from hostkit.boards.virtual.board import VirtualBoard
from hostkit.cli.main import run
from hostkit.clock import SystemClock
from hostkit.testing.boards import ECHO_FIRMWARE, TEST_MAC, running_board

CATALOG = f"""
[boards.bench]
kind = "virtual"
chip = "esp32"
mac = "{TEST_MAC}"

[boards.other]
kind = "virtual"
chip = "esp32c3"
mac = "02:00:00:00:00:77"

[boards.desk]
kind = "serial"
chip = "esp32s3"
port = "/dev/serial/by-id/nothing-of-that-name"
"""


@dataclass
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "p"
    project.mkdir()
    (project / "platformio.ini").write_text("")
    (project / "boards.toml").write_text(CATALOG)
    return project


@pytest.fixture
def boards(
    project: Path, state_dir: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    monkeypatch.setenv("HOSTKIT_STATE_DIR", str(state_dir))
    monkeypatch.setenv("COLUMNS", "120")

    def boards(*arguments: str) -> Ran:
        code = run(["--project", str(project), "boards", *arguments])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return boards


@pytest.fixture
def bench(state_dir: Path) -> Iterator[VirtualBoard]:
    with running_board(state_dir / "boards", firmware=ECHO_FIRMWARE) as board:
        yield board


def test_list_shows_every_board_and_its_state(boards: Callable[..., Ran], bench: VirtualBoard) -> None:
    ran = boards("list")
    lines = {line.split()[0]: line for line in ran.out.splitlines() if line}
    assert ran.code == 0
    assert f"running, pid {bench.state().pid}" in lines["bench"]
    assert TEST_MAC in lines["bench"]
    assert "not served" in lines["other"]
    assert "absent: no /dev/serial/by-id/nothing-of-that-name" in lines["desk"]


def test_list_as_json_says_who_holds_a_board(
    boards: Callable[..., Ran], bench: VirtualBoard, state_dir: Path
) -> None:
    office = LeaseOffice(state_dir / "leases", SystemClock())
    with office.take(bench.spec.identity, "the test itself"):
        rows = {row["name"]: row for row in json.loads(boards("list", "--json").out)}
    assert rows["bench"]["holder"]["what"] == "the test itself"
    assert rows["bench"]["served"]["mode"] == "running"
    assert rows["other"]["holder"] is None
    assert rows["desk"]["fidelity"] == "board"


def test_show_tells_all_of_one_board(boards: Callable[..., Ran], bench: VirtualBoard) -> None:
    words = dict(line.split(None, 1) for line in boards("show", "bench").out.splitlines())
    assert words["mode"] == "running"
    assert words["port"] == bench.link_port()
    assert words["faults"] == "none"
    assert json.loads(boards("show", "bench", "--json").out)["served"]["reason"] == "power-on"


def test_reset_and_reset_into_the_loader(boards: Callable[..., Ran], bench: VirtualBoard) -> None:
    ran = boards("reset", "bench", "--download")
    assert (ran.code, bench.state().mode) == (0, "download")
    assert f"esptool --before no-reset --port {bench.link_port()}" in ran.out
    ran = boards("reset", "bench")
    assert (ran.code, ran.out, bench.state().mode) == (0, "bench was reset\n", "running")


def test_a_held_board_is_not_reset_unless_forced(
    boards: Callable[..., Ran], bench: VirtualBoard, state_dir: Path
) -> None:
    with LeaseOffice(state_dir / "leases", SystemClock()).take(bench.spec.identity, "the test itself"):
        ran = boards("reset", "bench")
        assert ran.code == 3
        assert "taken by pid" in ran.err
        assert "the test itself" in ran.err
        assert bench.state().resets == 1
        assert boards("reset", "bench", "--force").code == 0


def test_faults_are_switched_on_and_shown(boards: Callable[..., Ran], bench: VirtualBoard) -> None:
    assert (
        boards("fault", "bench", "corrupt", "2.5").out == "bench: running, faults of the line: corrupt 2.5\n"
    )
    assert boards("fault", "bench", "clear").out == "bench: running, faults of the line: none\n"
    assert boards("fault", "bench", "unplug").out == "bench: unplugged, faults of the line: none\n"
    ran = boards("reset", "bench")
    assert ran.code == 3
    assert "unplugged" in ran.err
    assert "say: hostkit boards fault bench replug" in ran.err
    assert boards("fault", "bench", "replug").out.startswith("bench: running")


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        (("show", "bnech"), 2, "no board 'bnech'", "did you mean 'bench'?"),
        (("reset", "other"), 3, "board other is not served", "hostkit boards serve other"),
        (("fault", "other", "unplug"), 3, "board other is not served", "hostkit boards serve other"),
        (("fault", "other", "explode"), 2, "no fault 'explode'", "one of: reset"),
        (("fault", "other", "drop"), 2, "needs a percentage", "drop 0.5"),
        (("reset", "desk"), 3, "board desk is not there", "plug it in"),
        (("reset", "desk", "--download"), 2, "by esptool's own reset", "esptool --port"),
        (("serve", "desk"), 2, "is a real one", "--chip"),
        (("serve", "../x", "--chip", "esp32"), 2, "no board name", "letters"),
    ],
)
def test_what_cannot_be_is_said_with_a_hint(
    boards: Callable[..., Ran], arguments: tuple[str, ...], code: int, message: str, hint: str
) -> None:
    ran = boards(*arguments)
    assert ran.code == code
    assert message in ran.err
    assert hint in ran.err


def test_a_broken_catalog_is_named_with_its_line(boards: Callable[..., Ran], project: Path) -> None:
    (project / "boards.toml").write_text("[boards.bench]\nkind = 'virtual'\nchip = 'esp23'\n")
    ran = boards("list")
    assert ran.code == 2
    assert "boards.toml:3: 'esp23' is no chip" in ran.err


def test_serving_a_served_board_names_the_server(boards: Callable[..., Ran], bench: VirtualBoard) -> None:
    ran = boards("serve", "bench")
    assert ran.code == 3
    assert f"already served by pid {bench.state().pid}" in ran.err


def test_serve_says_how_to_use_it_and_ctrl_c_ends_it(
    project: Path, hostkit_environment: dict[str, str], state_dir: Path
) -> None:
    command = [
        sys.executable,
        "-m",
        "hostkit",
        "-C",
        str(project),
        "boards",
        "serve",
        "lab",
        "--chip",
        "esp32c3",
    ]
    child = subprocess.Popen(
        command, env=hostkit_environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    said = ""
    while "Ctrl-C ends" not in said:
        line = child.stdout.readline()
        assert line, said
        said += line
    port = state_dir / "boards" / "lab" / "port"
    assert said.startswith("lab is a virtual esp32c3, MAC 02:")
    assert f"esptool --before no-reset --after no-reset --port {port} flash-id" in said
    assert "esptool --port 'rfc2217://127.0.0.1:" in said
    assert port.is_symlink()
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert (child.returncode, err.strip()) == (130, "interrupted")
    assert not port.is_symlink()
    assert (state_dir / "boards" / "lab" / "flash.bin").stat().st_size == 4 << 20


def test_list_shows_who_holds_a_board_who_reads_it_and_who_waits(
    boards: Callable[..., Ran], bench: VirtualBoard, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    office = LeaseOffice(state_dir / "leases", SystemClock())
    line = Line(state_dir / "leases" / f"{bench.spec.identity}.line", SystemClock())
    with office.take(bench.spec.identity, "hostkit gate"):
        line.join("hostkit flash one")
        line.join("hostkit flash two")
        ran = boards("list")
        waiting = json.loads(boards("show", "bench", "--json").out)["waiting"]
    mine = os.getpid()
    lines = [
        "waiting for bench:",
        f"  1. pid {mine}: hostkit flash one",
        f"  2. pid {mine}: hostkit flash two",
    ]
    assert ran.out.splitlines()[-3:] == lines
    assert "hostkit gate" in ran.out
    assert [each["what"] for each in waiting] == ["hostkit flash one", "hostkit flash two"]
    with office.watch(bench.spec.identity, "hostkit monitor -b bench"):
        assert f"pid {os.getpid()}: hostkit monitor -b bench (gives way)" in boards("list").out
        assert "hostkit monitor -b bench" in boards("show", "bench").out


def test_list_names_a_program_that_uses_a_board_without_a_lease(
    boards: Callable[..., Ran], bench: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    with held_open(bench.link_port()) as pid:
        assert f"pid {pid}, without a lease: " in boards("list").out


@contextmanager
def held_open(port: str) -> Iterator[int]:
    """Let another process have a port open."""
    script = (
        "import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print(flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    child = subprocess.Popen([sys.executable, "-c", script, port], **pipes)  # type: ignore[call-overload]
    try:
        child.stdout.readline()
        yield child.pid
    finally:
        child.communicate()
