"""Why a change can alter a firmware, by what its compiler read."""

from __future__ import annotations

from typing import Any

import pytest

from hostkit.build.affected import Known, objects_affected, why_affected

SOURCES = {
    "firmware/lib/a.cpp": "1",
    "firmware/lib/a.hpp": "1",
    "firmware/ports/other/b.cpp": "1",
    "firmware/ports/chip/link.ld": "1",
    "firmware/platforms/virtual/builder/main.py": "1",
    "firmware/platforms/other/builder/main.py": "1",
    "firmware/platforms/shared/build.py": "1",
    "firmware/README.md": "1",
    "platformio.ini": "1",
}
FACTS: dict[str, Any] = {"commit": "c1", "dirty": False, "toolchain": {"zig": "1"}, "sources": SOURCES}
OBJECTS = {"firmware/lib/a.cpp": frozenset({"firmware/lib/a.cpp", "firmware/lib/a.hpp"})}


def reasons(**changes: str | None) -> tuple[str, ...]:
    """Return the reasons after some files changed: new content, or None for gone."""
    sources = {path: text for path, text in (SOURCES | changes).items() if text is not None}
    facts = FACTS | {"commit": "c2", "dirty": True, "sources": sources}
    return why_affected(Known("ab" * 32, FACTS, OBJECTS), facts, "virtual")


def objects(**changes: str | None) -> frozenset[str]:
    """Return the objects that alone can differ after the same."""
    sources = {path: text for path, text in (SOURCES | changes).items() if text is not None}
    return objects_affected(Known("ab" * 32, FACTS, OBJECTS), FACTS | {"commit": "c2", "sources": sources})


def test_a_changed_source_touches_the_objects_that_were_made_of_it() -> None:
    assert objects(**{"firmware/lib/a.hpp": "2", "firmware/README.md": "2"}) == {"firmware/lib/a.cpp"}
    assert objects() == objects(**{"firmware/ports/other/b.cpp": "2"}) == frozenset()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("firmware/lib/a.hpp", None),
        ("firmware/lib/new.hpp", "1"),
        ("firmware/ports/chip/link.ld", "2"),
        ("firmware/platforms/virtual/builder/main.py", "2"),
        ("platformio.ini", "2"),
    ],
)
def test_where_more_than_objects_can_differ_none_are_named(path: str, text: str | None) -> None:
    assert objects(**{"firmware/lib/a.cpp": "2", path: text}) == frozenset()


def test_another_toolchain_can_alter_more_than_some_objects() -> None:
    facts = FACTS | {"toolchain": {"zig": "2"}, "sources": SOURCES | {"firmware/lib/a.cpp": "2"}}
    assert objects_affected(Known("ab" * 32, FACTS, OBJECTS), facts) == frozenset()


def test_another_commit_alone_alters_nothing() -> None:
    assert reasons() == ()


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("firmware/lib/a.hpp", "2", "firmware/lib/a.hpp is read for firmware/lib/a.cpp"),
        ("firmware/lib/a.hpp", None, "firmware/lib/a.hpp is gone; it was read for firmware/lib/a.cpp"),
        ("firmware/lib/new.hpp", "1", "firmware/lib/new.hpp is new: no build has shown who reads it"),
        ("firmware/ports/chip/link.ld", "2", "firmware/ports/chip/link.ld: no compiler says who reads it"),
        ("platformio.ini", "2", "platformio.ini: no compiler says who reads it"),
        (
            "firmware/platforms/virtual/builder/main.py",
            "2",
            "firmware/platforms/virtual/builder/main.py is part of the env's platform",
        ),
        (
            "firmware/platforms/shared/build.py",
            "2",
            "firmware/platforms/shared/build.py is part of the env's platform",
        ),
    ],
)
def test_what_is_read_or_not_known_alters_it(path: str, text: str | None, why: str) -> None:
    assert reasons(**{path: text}) == (why,)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("firmware/ports/other/b.cpp", "2"),
        ("firmware/ports/other/b.cpp", None),
        ("firmware/platforms/other/builder/main.py", "2"),
        ("firmware/README.md", "2"),
    ],
)
def test_what_its_compiler_did_not_read_alters_nothing(path: str, text: str | None) -> None:
    assert reasons(**{path: text}) == ()


def test_another_toolchain_alters_it() -> None:
    facts = FACTS | {"toolchain": {"zig": "2"}}
    assert why_affected(Known("ab" * 32, FACTS, OBJECTS), facts, "virtual") == (
        "toolchain is {'zig': '2'}, was {'zig': '1'}",
    )


def test_a_platform_from_elsewhere_may_read_every_platform_folder() -> None:
    facts = FACTS | {"sources": SOURCES | {"firmware/platforms/other/builder/main.py": "2"}}
    assert len(why_affected(Known("ab" * 32, FACTS, OBJECTS), facts, "")) == 1
