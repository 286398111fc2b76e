"""A null dereference in a pattern: the verdict names the line, on a board that is not even there."""

from __future__ import annotations

import json
from pathlib import Path

from hostkit.errors import ExitCode

LAVA = "firmware/lib/pattern/lava.cpp"
FIRST = "    const Cycle now = cycle(in.time_us, in.value(kPeriod));\n"
PLANTED = "    *static_cast<volatile int*>(nullptr) = 7;\n"


def test_a_planted_null_dereference_is_the_reason_with_file_and_line(hostkit, checkout) -> None:
    checkout.replace(LAVA, FIRST, PLANTED + FIRST)
    checkout.commit("pattern: lava reads nowhere")
    lines = (checkout.path / LAVA).read_text().splitlines(keepends=True)
    ran = hostkit("gate", "-e", "virtual", "-b", "virt0", "-k", "lava-defaults", "--json", cwd=checkout.path)
    assert ran.code == ExitCode.FAIL, ran
    said = json.loads(ran.out)
    reason = f"panic: StoreProhibited in hk::draw, {LAVA}:{lines.index(PLANTED) + 1}"
    assert said["reasons"][0] == reason
    assert f"failed: {reason}" in said["reasons"][1]
    (crash, *_) = json.loads((Path(said["evidence"]) / "crashes.json").read_text())
    functions = [call["places"][-1]["function"] for call in crash["calls"]]
    assert functions[:2] == ["hk::draw", "hk::render"]
    assert functions[-1] == "main"
    # Whoever has the evidence reads the same crash out of it, without the ELF file.
    verified = hostkit("verify", said["evidence"], "--json", cwd=checkout.path.parent)
    assert verified.code == ExitCode.PASS, verified
    assert json.loads(verified.out)["statement"]["reasons"][0] == reason
