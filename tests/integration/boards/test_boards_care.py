"""Sick boards on the command line: out of service, refused, and back."""

from __future__ import annotations

import json
from pathlib import Path

from hostkit.boards.catalog import load_catalog
from hostkit.boards.outage import OutageBook
from hostkit.clock import SystemClock
from hostkit.errors import ExitCode


def test_a_board_out_of_service_is_listed_refused_and_restored(
    hostkit, project_root: Path, state_dir: Path
) -> None:
    spec = load_catalog(project_root / "boards.toml").get("virt1")
    OutageBook(state_dir, SystemClock()).take_out(spec, "it smokes")
    row = json.loads(hostkit("boards", "show", "virt1", "--json").out)
    assert row["outage"] == "it smokes"
    refused = hostkit("flash", "-e", "virtual", "-b", "virt1")
    assert refused.code == ExitCode.INCONCLUSIVE, refused
    assert "board virt1 is out of service: it smokes" in refused.err
    assert hostkit("boards", "restore", "virt1").out == "virt1 is in service\n"
    assert OutageBook(state_dir, SystemClock()).find(spec) is None


def test_a_check_without_a_known_good_image_is_inconclusive(hostkit) -> None:
    ran = hostkit("boards", "check", "virt1", "-e", "virtual")
    assert ran.code == ExitCode.INCONCLUSIVE, ran
    assert "--artifact" in ran.err
