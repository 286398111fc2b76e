"""`scripts/start`, which Conductor's hooks call, and the Compose stack: the tier that fits, each at work.

No Docker is needed: a script stands for it, and where PostgreSQL is installed, a real server for the stack.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from hostkit.clock import SystemClock
from hostkit.errors import ExitCode
from hostkit.testing.postgres import PrivatePostgres, find_postgres

TOOLS = (
    *("sh", "dirname", "timeout", "mkdir", "seq", "sed", "cut", "grep", "cat", "sleep"),
    *("setsid", "nohup", "tail", "rm", "ln", "env"),
)
DOCKER = """#!/bin/sh
echo "$*" >>"$FAKE_DOCKER/calls"
case "$*" in
    "compose version") test -e "$FAKE_DOCKER/compose" ;;
    info) test -e "$FAKE_DOCKER/daemon" ;;
    *" up "*) test -e "$FAKE_DOCKER/up" && test -s "$HOSTKIT_PASSWORD_FILE" ;;
esac
"""


@dataclass
class Bench:
    """A checkout with the script, a PATH of its own, and a docker that can do what the test says."""

    root: Path
    fake: Path
    env: dict[str, str]

    def start(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["scripts/start", *arguments],
            cwd=self.root,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def docker(self, *can: str) -> None:
        """Put docker on the PATH: it can do these of compose, daemon, up."""
        program = self.fake.parent / "bin" / "docker"
        program.write_text(DOCKER)
        program.chmod(0o755)
        for name in can:
            (self.fake / name).touch()

    def worker(self) -> int:
        found = re.search(r"^worker (\d+)$", self.start("status").stdout, re.MULTILINE)
        return int(found[1]) if found else 0


@pytest.fixture
def bench(hostkit_environment: dict[str, str], project_root: Path, tmp_path: Path) -> Iterator[Bench]:
    root, programs, fake = tmp_path / "checkout", tmp_path / "bin", tmp_path / "docker"
    for folder in (root / "scripts", programs, fake):
        folder.mkdir(parents=True)
    shutil.copy2(project_root / "scripts" / "start", root / "scripts")
    shutil.copy2(project_root / "compose.yaml", root)
    for name in TOOLS:
        (programs / name).symlink_to(shutil.which(name) or "missing")
    for name, code in {"python": '"$@"', "hostkit": '-m hostkit "$@"'}.items():
        (programs / name).write_text(f"#!/bin/sh\nexec {sys.executable} {code}\n")
        (programs / name).chmod(0o755)
    made = Bench(root, fake, hostkit_environment | {"PATH": str(programs), "FAKE_DOCKER": str(fake)})
    yield made
    made.start("stop")


CHOICES = {
    "no docker": (None, "daemon", "not compose: there is no docker"),
    "a docker without compose": ((), "daemon", "not compose: docker has no compose"),
    "a dead daemon": (("compose",), "daemon", "not compose: the Docker daemon does not answer"),
    "Docker": (("compose", "daemon"), "compose", ""),
}


@pytest.mark.parametrize(("can", "tier", "why"), CHOICES.values(), ids=CHOICES.keys())
def test_the_best_tier_that_the_machine_can_do_is_taken_and_why_no_better_one_is_said(
    bench: Bench, can: tuple[str, ...] | None, tier: str, why: str
) -> None:
    if can is not None:
        bench.docker(*can)
    told = bench.start("status")
    assert told.stdout == f"tier {tier}\nno worker\n", told
    assert why in told.stderr
    assert ("not compose" in told.stderr) is bool(why)


def test_without_hostkit_or_with_a_database_that_does_not_open_there_is_no_worker_to_start(
    bench: Bench,
) -> None:
    told = bench.start("status", HOSTKIT_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert told.stdout.startswith("tier inline\n")
    assert "not compose: HOSTKIT_DATABASE_URL names another database" in told.stderr
    assert "not daemon: the database does not open" in told.stderr
    (bench.fake.parent / "bin" / "hostkit").unlink()
    assert "not daemon: there is no hostkit: scripts/start setup" in bench.start("status").stderr


def test_a_tier_that_is_asked_for_must_work_and_must_be_one(bench: Bench) -> None:
    refused = bench.start("up", HOSTKIT_TIER="compose")
    assert (refused.returncode, refused.stdout) == (ExitCode.TOOL, "")
    assert "the tier 'compose' does not work here" in refused.stderr
    assert bench.start("up", HOSTKIT_TIER="cloud").returncode == ExitCode.USAGE
    assert bench.worker() == 0


def test_the_daemon_is_a_real_worker_started_once_and_ended_and_a_killed_one_does_not_count(
    bench: Bench,
) -> None:
    began = bench.start("up")
    assert began.returncode == 0, began
    assert "tier daemon: worker" in began.stderr
    pid = bench.worker()
    assert b"queue\0work" in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert f"a worker runs, pid {pid}" in bench.start("up").stderr
    assert bench.start("run").returncode == ExitCode.USAGE
    _kill(pid)
    assert bench.worker() == 0
    bench.start("up")
    pid = bench.worker()
    assert f"worker {pid} has ended" in bench.start("stop").stderr
    assert _ended(pid)
    assert "no worker of this checkout runs" in bench.start("stop").stderr


def _ended(pid: int) -> bool:
    """Has it? Nobody may have asked yet how: then it is still listed, as a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def _kill(pid: int) -> None:
    """Kill a process that is no child of ours, and wait until it has ended, if not until it is unlisted."""
    handle = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        assert select.select([handle], [], [], 30)[0], "it did not end"
    finally:
        os.close(handle)


def test_inline_works_off_what_is_in_line_and_ends(bench: Bench) -> None:
    ran = bench.start("run", HOSTKIT_TIER="inline")
    assert (ran.returncode, bench.worker()) == (0, 0), ran
    assert "tier inline" in ran.stderr
    up = bench.start("up", HOSTKIT_TIER="inline")
    assert (up.returncode, bench.worker()) == (0, 0)
    assert "verbs run by themselves" in up.stderr


def test_a_stack_that_does_not_come_up_is_said_and_the_daemon_taken(bench: Bench) -> None:
    pytest.importorskip("psycopg", reason="not run: pip install 'hostkit[postgres]'")
    bench.docker("compose", "daemon")
    began = bench.start("up")
    assert began.returncode == 0, began
    assert "compose: the database did not come up" in began.stderr
    assert "tier daemon: worker" in began.stderr


@pytest.fixture
def stack() -> Iterator[PrivatePostgres]:
    """A server as the stack would bring it up, where Debian's packages are."""
    programs = find_postgres()
    if programs is None:
        pytest.skip("not run: PostgreSQL is not installed (apt-get install postgresql)")
    server = PrivatePostgres(programs, SystemClock())
    server.run("CREATE DATABASE hostkit")
    yield server
    server.close()


def test_the_compose_tier_works_against_the_stacks_postgresql(bench: Bench, stack: PrivatePostgres) -> None:
    import psycopg  # noqa: PLC0415 - an extra of hostkit's

    found = re.fullmatch(r".*//hostkit:(\w+)@127\.0\.0\.1:(\d+)/postgres", stack.url)
    assert found is not None
    secret = Path(bench.env["HOSTKIT_STATE_DIR"]) / "compose" / "password"
    secret.parent.mkdir(parents=True)
    secret.write_text(found[1])
    bench.env["HOSTKIT_DATABASE_PORT"] = found[2]
    bench.docker("compose", "daemon", "up")
    began = bench.start("up")
    assert "tier compose: worker" in began.stderr, began
    pid = bench.worker()
    with psycopg.connect(f"postgresql://hostkit:{found[1]}@127.0.0.1:{found[2]}/hostkit") as connection:
        assert connection.execute("SELECT pid FROM job_workers").fetchall() == [(pid,)]
    told = bench.start("env").stdout
    assert told == (
        f"export HOSTKIT_DATABASE_URL='postgresql+psycopg://hostkit:{found[1]}@127.0.0.1:{found[2]}/hostkit'\n"
    )
    assert bench.start("down").returncode == 0
    assert _ended(pid)
    calls = (bench.fake / "calls").read_text().splitlines()
    file = f"compose --file {bench.root}/compose.yaml"
    assert f"{file} up --detach --wait --wait-timeout 120 database" in calls
    assert calls[-1] == f"{file} down"


def test_the_password_is_made_once_and_is_nobody_elses_to_read(bench: Bench) -> None:
    bench.docker("compose", "daemon")
    first, second = (bench.start("env").stdout for _ in range(2))
    assert first == second
    secret = Path(bench.env["HOSTKIT_STATE_DIR"]) / "compose" / "password"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert len(secret.read_text()) == 48
    assert list(secret.parent.iterdir()) == [secret]


def test_conductors_hooks_are_commands_that_the_script_has(bench: Bench, project_root: Path) -> None:
    said = json.loads((project_root / "conductor.json").read_text())
    assert set(said) == {"scripts", "runScriptMode"}
    assert said["runScriptMode"] in ("concurrent", "nonconcurrent")
    assert set(said["scripts"]) == {"setup", "run", "archive"}
    known = bench.start("no-such-verb")
    assert known.returncode == ExitCode.USAGE
    for command in said["scripts"].values():
        program, verb = command.split()
        assert os.access(project_root / program, os.X_OK)
        assert f"{program} {verb}" in known.stderr.replace("[", "").replace("]", "")


def test_the_stack_is_one_for_the_machine_on_loopback_with_a_secret_and_a_health_check(
    project_root: Path,
) -> None:
    text = (project_root / "compose.yaml").read_text()
    said = yaml.safe_load(text)
    assert set(said) == {"name", "services", "volumes", "secrets"}
    (service,) = said["services"].values()
    allowed = "image restart environment secrets ports volumes healthcheck"
    assert set(service) == set(allowed.split())
    assert re.fullmatch(r"postgres:\d+-alpine", service["image"])
    (published,) = service["ports"]
    assert re.fullmatch(r"127\.0\.0\.1:\$\{HOSTKIT_DATABASE_PORT:-\d+\}:5432", published)
    assert set(service["secrets"]) == set(said["secrets"])
    assert service["environment"]["POSTGRES_PASSWORD_FILE"] == f"/run/secrets/{service['secrets'][0]}"
    assert {volume.split(":")[0] for volume in service["volumes"]} == set(said["volumes"])
    assert service["healthcheck"]["test"][0] == "CMD"
    variables = re.findall(r"\$\{(\w+)(:[-?])", text)
    assert dict(variables) == {"HOSTKIT_DATABASE_PORT": ":-", "HOSTKIT_PASSWORD_FILE": ":?"}
    assert "export HOSTKIT_PASSWORD_FILE" in (project_root / "scripts" / "start").read_text()
