"""What a compiler says that it read, as makefiles have it, and what is kept of it."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hostkit.build.depends import DEPENDS, collect, parse_rule, read_depends, readers

WORDS = st.text("abc/.-_+ $#", min_size=1, max_size=12).filter(lambda word: word.strip() == word)


def test_lines_that_go_on_are_one_rule() -> None:
    assert parse_rule("out/a.o: \\\n  lib/a.cpp lib/a.hpp \\\n  /usr/b.h\n") == (
        "lib/a.cpp",
        "lib/a.hpp",
        "/usr/b.h",
    )
    assert parse_rule("a.o: a.cpp\nb.o: b.cpp\n") == ("a.cpp",)


def test_what_is_no_rule_names_nothing() -> None:
    assert parse_rule("") == parse_rule("a.o:\n") == parse_rule("words\nx: y") == ()


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_spaces_and_dollars_in_names_are_read_back(names: list[str]) -> None:
    written = [name.replace(" ", "\\ ").replace("#", "\\#").replace("$", "$$") for name in names]
    assert parse_rule("a.o: " + " \\\n ".join(written) + "\n") == tuple(names)


def built(project: Path, name: str, rule: str | None) -> Path:
    output = project / "out"
    (output / name).parent.mkdir(parents=True, exist_ok=True)
    (output / name).write_bytes(b"")
    if rule is not None:
        (output / f"{name}.d").write_text(rule)
    return output


def test_files_of_the_checkout_are_kept_by_source(tmp_path: Path) -> None:
    built(tmp_path, "x/a.o", "a.o: lib/a.cpp lib/../lib/a.hpp /usr/include/stdio.h\n")
    output = built(tmp_path, "b.o", f"b.o: {tmp_path}/b.c\n")
    kept = collect(output, tmp_path)
    assert kept is not None
    assert json.loads(kept) == {"objects": {"b.c": ["b.c"], "lib/a.cpp": ["lib/a.cpp", "lib/a.hpp"]}}
    (tmp_path / DEPENDS).write_bytes(kept)
    objects = read_depends(tmp_path)
    assert objects is not None
    assert readers(objects, "lib/a.hpp") == ("lib/a.cpp",)
    assert readers(objects, "lib/c.hpp") == ()


def test_an_object_that_says_nothing_makes_all_of_it_unknown(tmp_path: Path) -> None:
    built(tmp_path, "a.o", "a.o: a.cpp\n")
    assert collect(built(tmp_path, "b.o", None), tmp_path) is None
    assert collect(built(tmp_path, "b.o", "nonsense"), tmp_path) is None
    assert collect(tmp_path / "nothing", tmp_path) is None


def test_an_artifact_without_or_with_a_broken_list_is_unknown(tmp_path: Path) -> None:
    assert read_depends(tmp_path) is None
    for text in ("", "[]", '{"objects": 1}', '{"objects": {"a": 1}}'):
        (tmp_path / DEPENDS).write_text(text)
        assert read_depends(tmp_path) is None
