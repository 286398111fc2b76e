"""Does an env's firmware build, within its budgets? By ``hostkit build``, run as a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from hostkit.errors import ExitCode
from hostkit.process import Command, Runner
from hostkit.tasks.checking.finding import Finding, failed, passed, unknown
from hostkit.tasks.checks import SizeCheck


def check_size(check: SizeCheck, runner: Runner, env: Mapping[str, str]) -> Finding:
    """Build the working directory; the same inputs are built once, whoever asked first."""
    argv = (sys.executable, "-P", "-m", "hostkit", "build", "-e", check.env, "--json")
    done = runner.run(Command(argv, env=env))
    print(done.output, flush=True)
    return judge_size(check, done.returncode, done.output)


def judge_size(check: SizeCheck, code: int, output: str) -> Finding:
    """Return what a build's exit code and record say. Pure."""
    if code == ExitCode.FAIL:
        said = [line for line in output.splitlines() if line.startswith("error: ")]
        return failed((said or ["it does not build"])[0].removeprefix("error: "))
    sizes = _sizes(output) if code == ExitCode.PASS else None
    if sizes is None:
        return unknown(f"the build ended with exit {code} and left no sizes")
    used = (("flash", sizes[0], check.max_flash), ("RAM", sizes[1], check.max_ram))
    said = [f"{what} {size:,} of {most:,} B" for what, size, most in used if most is not None]
    over = any(most is not None and size > most for _, size, most in used)
    return failed(f"over the budget: {', '.join(said)}") if over else passed(", ".join(said))


def _sizes(output: str) -> tuple[int, int] | None:
    """Return flash and RAM of the JSON object in a build's output, among what it says to people."""
    begin, end = output.find("{\n"), output.rfind("}")
    try:
        sizes = json.loads(output[begin : end + 1])["sizes"]
        return int(sizes["flash"]), int(sizes["ram"])
    except (json.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
