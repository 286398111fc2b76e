"""Checks of single decoded CBOR values; each names the field that is wrong. Sans-IO."""

from __future__ import annotations

from typing import Any

from hostkit.link.errors import MessageError


def uint(value: Any, where: str, bits: int = 64) -> int:
    """Return ``value`` if it is an unsigned integer of at most ``bits`` bits, else raise."""
    if type(value) is not int or not 0 <= value < 1 << bits:
        raise MessageError(f"{where}: expected an unsigned integer of {bits} bits, got {_short(value)}")
    return value


def text(value: Any, where: str) -> str:
    """Return ``value`` if it is a text string, else raise."""
    if not isinstance(value, str):
        raise MessageError(f"{where}: expected text, got {_short(value)}")
    return value


def sequence(value: Any, where: str, count: int | None = None) -> list[Any]:
    """Return ``value`` if it is an array (of ``count`` items where that is given), else raise."""
    if not isinstance(value, list) or (count is not None and len(value) != count):
        wanted = "an array" if count is None else f"an array of {count}"
        raise MessageError(f"{where}: expected {wanted}, got {_short(value)}")
    return value


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else shown[:37] + "..."
