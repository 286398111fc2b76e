"""The page about the layers names those that import-linter holds, in their order."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text()


def test_the_layers_of_the_page_are_those_that_are_held() -> None:
    (contract,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    held = [layer.replace("hostkit.", "").split(" | ") for layer in contract["layers"]]
    table = PAGE.partition("## Layers")[2].partition("## ")[0]
    rows = re.findall(r"^\| (`.*`) \| (.+) \|$", table, re.MULTILINE)
    assert [re.findall(r"`(\w+)`", names) for names, _ in rows] == held


def test_every_module_and_package_has_a_layer() -> None:
    (contract,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    held = {name.removeprefix("hostkit.") for layer in contract["layers"] for name in layer.split(" | ")}
    there = {path.parent.name for path in (ROOT / "hostkit").glob("*/__init__.py")}
    there |= {path.stem for path in (ROOT / "hostkit").glob("*.py") if not path.stem.startswith("__")}
    assert there == held


def test_what_the_page_points_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", PAGE)
    assert links
    for link in links:
        assert (ROOT / "docs" / "explanation" / link).is_file(), link
    for folder in re.findall(r"`((?:tests|firmware|hil_tests|docs)/[\w/.-]*)`", PAGE):
        assert (ROOT / folder).exists(), folder
