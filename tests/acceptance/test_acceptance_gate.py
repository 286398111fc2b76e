"""The gate's exit codes, each from the real cause: 0, 1, 3 and 4."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hostkit.errors import ExitCode

ORDER = "firmware/lib/strip/order.hpp"
GATE = ("gate", "-e", "virtual", "-b", "virt0")


def _verdict(out: str) -> dict:
    return json.loads(out)


def test_a_clean_tree_passes_and_leaves_evidence(hostkit, checkout) -> None:
    checkout.keep_tests("test_identity.py", "test_link.py", "test_parameters.py", "test_wire.py")
    checkout.commit("hil: a small suite")
    ran = hostkit(*GATE, "--json", cwd=checkout.path)
    assert ran.code == ExitCode.PASS, ran
    said = _verdict(ran.out)
    assert said["verdict"] == "pass"
    evidence = Path(said["evidence"])
    assert evidence.is_dir()
    assert evidence.is_relative_to(checkout.path / ".hostkit" / "runs")
    names = {p.name for p in evidence.rglob("*") if p.is_file()}
    assert {"junit.xml", "evidence.json", "verdict.json"} <= names
    verified = hostkit("verify", "latest", cwd=checkout.path)
    assert verified.code == ExitCode.PASS, verified
    junit = evidence / "junit.xml"
    junit.write_bytes(junit.read_bytes().replace(b"linked", b"lonked", 1))
    edited = hostkit("verify", "latest", cwd=checkout.path)
    assert edited.code == ExitCode.INVALID, edited
    assert "junit.xml was changed" in edited.out


def test_a_swapped_colour_order_builds_and_boots_but_fails_on_the_wire(hostkit, checkout) -> None:
    checkout.replace(ORDER, "{1, 0, 2}", "{0, 1, 2}")
    checkout.keep_tests("test_identity.py", "test_link.py", "test_parameters.py", "test_wire.py")
    checkout.commit("strip: another colour order")
    ran = hostkit(*GATE, cwd=checkout.path)
    assert ran.code == ExitCode.FAIL, ran
    assert "colour order" in ran.out
    assert re.search(r"✔ rendered \d+  ✘ wired", ran.out), ran


def test_an_unplugged_board_is_inconclusive(hostkit, checkout, serve) -> None:
    with serve("virt0"):
        assert hostkit("boards", "fault", "virt0", "unplug").code == ExitCode.PASS
        ran = hostkit(*GATE, cwd=checkout.path)
    assert ran.code == ExitCode.INCONCLUSIVE, ran
    assert "virt0" in ran.out + ran.err


def test_a_board_that_runs_another_image_is_invalid(hostkit, checkout, serve) -> None:
    with serve("virt0"):
        flashed = hostkit("flash", "-e", "virtual", "-b", "virt0", cwd=checkout.path)
        assert flashed.code == ExitCode.PASS, flashed
        checkout.replace("firmware/lib/color/power.hpp", "#pragma once", "#pragma once\n// one more line\n")
        checkout.commit("color: another build")
        ran = hostkit("hil", "-e", "virtual", "-b", "virt0", cwd=checkout.path)
    assert ran.code == ExitCode.INVALID, ran


def test_firmware_that_lies_about_its_build_is_invalid(hostkit, checkout) -> None:
    lie = "ab" * 32
    checkout.replace("firmware/src/build_info.cpp", "HK_BUILD_ID,      HK_PROFILE", f'"{lie}", HK_PROFILE')
    checkout.commit("src: say another build")
    ran = hostkit(*GATE, cwd=checkout.path)
    assert ran.code == ExitCode.INVALID, ran
    assert "abababab" in ran.out + ran.err
