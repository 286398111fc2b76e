"""A flash that dies half-way leaves a board that the next flash repairs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from hostkit.errors import ExitCode

FLASH = ("flash", "-e", "virtual", "-b", "virt0")


@pytest.mark.timeout(200)  # three flashes at the pace of a line
def test_kill_9_in_mid_write_whole_or_in_part_leaves_a_board_that_the_next_flash_repairs(
    hostkit, hostkit_environment, checkout, serve
) -> None:
    with serve("virt0", "--pace"):
        _flash_and_kill(checkout, hostkit_environment)
        between = hostkit("hil", "-e", "virtual", "-b", "virt0", cwd=checkout.path)
        assert between.code in (ExitCode.INCONCLUSIVE, ExitCode.INVALID), between

        repaired = hostkit(*FLASH, "--json", cwd=checkout.path)
        assert repaired.code == ExitCode.PASS, repaired
        record = json.loads(repaired.out)
        assert record["skipped"] is False
        assert all(region["md5_expected"] == region["md5_read"] for region in record["regions"]), record

        # The board holds a known build now, so that the next one begins as a write of what differs.
        checkout.replace("firmware/lib/pattern/lava.cpp", "/ 3u);", "/ (3u + (i & 1u) * x));")
        _flash_and_kill(checkout, hostkit_environment)
        record = json.loads(hostkit(*FLASH, "--json", cwd=checkout.path).out)
        assert (record["way"], record["why"][-26:]) == ("full", "begun and did not end well")
        assert all(region["md5_expected"] == region["md5_read"] for region in record["regions"]), record


def _flash_and_kill(checkout, environment) -> None:
    flashing = subprocess.Popen(
        [sys.executable, "-m", "hostkit", *FLASH],
        cwd=checkout.path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert flashing.stderr is not None
    told = [line for line in iter(flashing.stderr.readline, "") if not _half_written(line, flashing)]
    assert flashing.wait(30) == -signal.SIGKILL, told
    flashing.stderr.close()


def _half_written(line: str, flashing: subprocess.Popen[str]) -> bool:
    """Kill the whole flash, as a crash would, once it says that it wrote a part."""
    words = line.replace("%", "").split()
    half = len(words) >= 2 and words[0] == "write" and 0 < int(words[1]) < 100
    if half:
        os.killpg(flashing.pid, signal.SIGKILL)
    return half
