"""Golden vectors and the page that specifies them agree with the models."""

import json
import re
from pathlib import Path

import pytest

from hostkit.hil.golden.arithmetic import QUARTER_SINE
from hostkit.hil.golden.colour import PALETTES, channels
from hostkit.hil.golden.gamma import GAMMA
from hostkit.hil.golden.registry import PATTERNS
from hostkit.hil.golden.vectors.files import all_vectors, main
from hostkit.hil.golden.vectors.readable import readable_json
from hostkit.link.bodies import ParameterType

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "firmware/protocol/vectors"
PAGE = (ROOT / "docs/reference/rendering.md").read_text(encoding="utf-8")
TYPES = {"int": ParameterType.INTEGER, "colour": ParameterType.COLOUR}
TYPES |= {"choice": ParameterType.CHOICE, "flag": ParameterType.FLAG}


@pytest.fixture(scope="module")
def made():
    return all_vectors()


def test_the_committed_vectors_are_those_of_the_models(made):
    stale = [name for name, data in made.items() if (VECTORS / name).read_bytes() != data]
    assert not stale, "run: python -m hostkit.hil.golden.vectors"
    assert {path.name for path in VECTORS.iterdir()} == set(made)


def test_the_vectors_are_small_and_readable(made):
    assert sum(map(len, made.values())) < 300_000
    for data in made.values():
        assert max(map(len, data.decode().splitlines())) <= 4300  # one message of the link is a line
    assert json.loads(made["patterns.json"])["patterns"][0]["name"] == "solid"


def test_the_generator_writes_the_files_where_it_is_told(tmp_path, made, capsys):
    assert main([str(tmp_path)]) == 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == made
    assert "patterns.json" in capsys.readouterr().out


def test_json_stays_on_one_line_where_it_fits_and_means_the_same():
    value = {
        "short": [1, 2],
        "long": list(range(100)),
        "deep": [{"a": ["x" * 60, "y" * 60]}, None],
        "none": [],
    }
    text = readable_json(value)
    assert json.loads(text) == value
    assert '"short": [1, 2]' in text
    assert max(map(len, text.splitlines())) <= 115


def rows(section):
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 6 and cells[1] in TYPES:
            name, kind, low, high, default, unit = cells
            shown = "" if unit.startswith("(") else unit
            yield name, TYPES[kind], int(low, 0), int(high, 0), int(default, 0), shown


def test_the_page_lists_every_pattern_with_the_parameters_of_its_model():
    body = PAGE[PAGE.index("## 5. Patterns") : PAGE.index("## 6. ")]
    sections = dict(re.findall(r"### (\w+)\n(.*?)(?=\n### |\Z)", body, re.DOTALL))
    assert list(sections) == list(PATTERNS)
    for name, section in sections.items():
        told = [(p.name, p.type, p.minimum, p.maximum, p.default, p.unit) for p in PATTERNS[name].parameters]
        assert list(rows(section)) == told, name
        assert PATTERNS[name].audio_driven == section.lstrip().startswith("Audio-driven")


def numbers_after(heading):
    text = PAGE[PAGE.index(heading) + len(heading) :]
    block = re.match(r"[\d,\s]+", text)
    assert block is not None
    return [int(number) for number in block[0].replace(",", " ").split()]


def test_the_tables_of_the_page_are_those_of_the_models():
    assert numbers_after("    Q = ") == QUARTER_SINE[:65].tolist()
    assert numbers_after("<details><summary>the gamma table</summary>") == list(GAMMA)
    stops = re.findall(r"^\| (\d) \w+ \|(.*)\|$", PAGE, re.MULTILINE)
    for number, line in stops:
        wanted = [channels(int(cell, 16)).tolist() for cell in line.split("|")]
        assert PALETTES[int(number)].tolist() == wanted
    assert len(stops) == len(PALETTES)


def test_names_fit_the_link():
    for pattern in PATTERNS.values():
        for name in (pattern.name, *(p.name for p in pattern.parameters)):
            assert 1 <= len(name) <= 16
        for parameter in pattern.parameters:
            assert parameter.minimum <= parameter.default <= parameter.maximum


def test_symbol_vectors_cover_both_sides_of_every_window(made):
    windows = json.loads(made["symbols.json"])["windows"]
    assert {bit for _, _, bit in windows} == {0, 1, None}


def test_stateful_vectors_show_that_the_state_matters(made):
    for pattern in json.loads(made["patterns.json"])["patterns"]:
        for case in pattern["cases"]:
            crcs = {frame["crc"][0] for frame in case["frames"]}
            if pattern["name"] in ("pulse", "bloom") and case["name"] == "defaults":
                assert len(crcs) > 4
