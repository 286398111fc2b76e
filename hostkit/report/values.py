"""Where two decoded values first differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hostkit.link.views import describe_value

_SHOWN = 8  # bytes from the first that differs


@dataclass(frozen=True, slots=True)
class Difference:
    """``where``: a path such as ``[3]``, ``.reset`` or ``byte 17``; both values there, for people."""

    where: str
    one: str
    two: str


def first_difference(one: Any, two: Any, path: str = "") -> Difference | None:
    """Return the first difference of two values as CBOR has them, None when they are equal."""
    if isinstance(one, bytes) and isinstance(two, bytes):
        return _in_bytes(one, two, path)
    inside = list(_inside(one, two, path))
    if inside:
        found = (first_difference(left, right, where) for where, left, right in inside)
        return next((difference for difference in found if difference is not None), None)
    same = type(one) is type(two) and one == two
    return None if same else Difference(path, describe_value(one), describe_value(two))


def _inside(one: Any, two: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Return the parts of two values of one shape; nothing for any others."""
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for number, (left, right) in enumerate(zip(one, two, strict=True)):
            yield f"{path}[{number}]", left, right
    elif isinstance(one, dict) and isinstance(two, dict) and one.keys() == two.keys():
        for key in one:
            yield f"{path}.{key}", one[key], two[key]


def _in_bytes(one: bytes, two: bytes, path: str) -> Difference | None:
    if one == two:
        return None
    pairs = enumerate(zip(one, two, strict=False))
    at = next((number for number, (left, right) in pairs if left != right), min(len(one), len(two)))
    return Difference(f"{path} byte {at}".strip(), _bytes(one, at), _bytes(two, at))


def _bytes(data: bytes, start: int) -> str:
    shown = data[start : start + _SHOWN].hex(" ") or "nothing"
    more = " …" if len(data) > start + _SHOWN else ""
    return f"{shown}{more} of {len(data)} bytes"
