"""`hostkit demo`: the promise of the README, kept on this machine. All of it, with a part of the suite."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hostkit.errors import ExitCode


@pytest.mark.timeout(300)
def test_the_demo_goes_as_the_readme_says_and_leaves_nothing_running(
    hostkit, checkout, tmp_path: Path
) -> None:
    checkout.keep_tests(
        "test_identity.py", "test_link.py", "test_parameters.py", "test_wire.py", "test_live.py"
    )
    checkout.commit("test: a part of the suite")
    temporary = tmp_path / "t"
    temporary.mkdir()
    ran = hostkit("demo", cwd=checkout.path, timeout=280, env={"TMPDIR": str(temporary)})
    assert ran.code == ExitCode.PASS, ran
    stands = {line.split()[1]: line.split()[2] for line in ran.out.splitlines() if line[:3] in (" ✔ ", " ✘ ")}
    assert stands == {
        "strobe": "verified",
        "strobe-gentle": "verified",
        "colour-order": "failed",
        "colour-order-doc": "planned",
    }, ran
    assert "on the wire red and green are swapped: colour order" in ran.out
    assert list(temporary.iterdir()) == []
    left = subprocess.run(["pgrep", "-f", str(temporary)], capture_output=True, text=True, check=False)
    assert left.stdout == ""
