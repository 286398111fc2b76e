"""Pages that are written from code say what the code says; links in the docs lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _generator():
    sys.path.insert(0, str(ROOT / "docs"))  # where a script finds the modules beside it
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(ROOT / "docs"))
    return module


@pytest.mark.parametrize(
    "page", ["cli.md", "settings.md", "report.schema.json", "tasks.schema.json", "hil-plugin.md"]
)
def test_a_generated_page_is_fresh(page: str) -> None:
    written = (ROOT / "docs" / "reference" / page).read_text()
    assert written == _generator().PAGES[page](), "run: python docs/generate.py"


def test_the_help_that_comes_without_click_is_fresh() -> None:
    generator = _generator()
    written = Path(generator.help_glance.PLACE).read_text()
    assert written == generator.help_text(), "run: python docs/generate.py"


def _pages() -> list[Path]:
    return sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "firmware").glob("*.md")])


@pytest.mark.parametrize("page", _pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    lost = [target for target in targets if not (page.parent / target).exists()]
    assert lost == []


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(re.findall(r"\((\d{4}-[^)]+\.md)\)", (folder / "README.md").read_text()))
    assert listed == {page.name for page in folder.glob("0*.md")}
