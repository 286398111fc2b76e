"""`hostkit settings`: values for people, without secrets."""

from __future__ import annotations

import pytest

from hostkit.cli.settings import shown


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("postgresql+psycopg://me:secret@h:5432/d", "postgresql+psycopg://me:***@h:5432/d"),
        ("postgresql://me@h/d", "postgresql://me@h/d"),
        ("", ""),
        (1.5, 1.5),
    ],
)
def test_a_password_in_a_url_is_not_shown(value: object, seen: object) -> None:
    assert shown(value) == seen
