"""Secrets: what is masked, and what stays readable. None of these is a credential of anything."""

from __future__ import annotations

import pytest

from hostkit.tasks.importing.masking import MASK, mask_line, mask_lines


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("postgres://me:hunter2@db/x", "hunter2"),
        ("export DB_PASSWORD=hunter2x", "hunter2x"),
        ('"apiKey": "hunter2x"', "hunter2x"),
        ("password: hunter2x", "hunter2x"),
        ("- **API token:** `hunter2x`", "hunter2x"),
        ("curl -H 'Authorization: Bearer abcdefghijklmnop'", "abcdefghijklmnop"),
        ("mysql --password=hunter2x", "hunter2x"),
        ("AKIA" + "A1B2" * 4, "A1B2"),
        ("ghp_" + "a1" * 18, "a1a1"),
        ("sk-" + "a1b2" * 6, "a1b2"),
        ("eyJ" + "a" * 12 + "." + "b" * 12 + "." + "c" * 12, "bbbb"),
        ("key AbC3dEf6GhI9jKl2MnO5pQr8StU1vWx4", "AbC3dEf6"),
    ],
)
def test_what_looks_like_a_secret_is_masked(line: str, secret: str) -> None:
    masked, found = mask_line(line)
    assert found
    assert secret not in masked
    assert MASK in masked


@pytest.mark.parametrize(
    "line",
    [
        "The token bucket refills once a second",
        "password: ${DB_PASSWORD}",
        "commit 3890011aa3890011aa3890011aa3890011aa3890",
        "src/services/authentication/TokenRefreshController2.ts",
        "https://example.org/path",
        "api_key VARCHAR(64)",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert mask_line(line) == (line, False)


def test_a_private_key_is_masked_from_begin_to_end_and_no_line_is_lost() -> None:
    lines = ["a", "-----BEGIN EC PRIVATE KEY-----", "c2VjcmV0", "-----END EC PRIVATE KEY-----", "b"]
    masked, found = mask_lines(lines)
    assert masked == ["a", MASK, MASK, MASK, "b"]
    assert found == [2, 3, 4]
