"""``boards.toml``: which boards there are. Read strictly: what is not understood is an error."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from hostkit.boards.model import BoardSpec, Chip, Kind
from hostkit.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_SIZE = re.compile(r"(\d+)\s*(KB|MB|KiB|MiB)")
_KEYS = ("kind", "chip", "mac", "flash_size", "port", "profile", "baud", "labels", "frames", "qemu", "power")
_NOT_IN_KEYS = str.maketrans("", "", " \t\"'")
_MIN_FLASH, _MAX_FLASH = 256 << 10, 16 << 20

_Word = TypeVar("_Word", bound=Enum)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The boards of one file, in its order."""

    path: Path
    boards: tuple[BoardSpec, ...]

    def __iter__(self) -> Iterator[BoardSpec]:
        """Iterate over the boards."""
        return iter(self.boards)

    def names(self) -> tuple[str, ...]:
        """Return the names."""
        return tuple(board.name for board in self.boards)

    def get(self, name: str) -> BoardSpec:
        """Return a board by name. Raises :class:`UsageError` with the nearest name when there is none."""
        for board in self.boards:
            if board.name == name:
                return board
        hint = several_with_commas(name) or _nearest(name, self.names())
        hint = hint or f"add [boards.{name}] to {self.path}"
        raise UsageError(f"there is no board {name!r} in {self.path.name}", hint=hint)


def load_catalog(path: Path) -> Catalog:
    """Read a ``boards.toml``. Raises :class:`UsageError` with file, line and a way out for anything wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(
            f"there is no {path}", hint="make one with a line such as: [boards.virt0] kind = 'virtual'"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="it must be UTF-8 text") from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}", hint="see https://toml.io for the syntax") from error
    return _Reader(path, text).catalog(document)


class _Reader:
    """Checks one document; knows its text so that errors can say a line."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()

    def catalog(self, document: Mapping[str, Any]) -> Catalog:
        for key in document:
            if key != "boards":
                raise self._error(
                    (key,), f"unknown key {key!r}", _nearest(key, ("boards",)) or "use [boards.NAME]"
                )
        tables = document.get("boards", {})
        if not isinstance(tables, dict):
            raise self._error(("boards",), "'boards' must be a table", "write [boards.NAME]")
        boards = tuple(self._board(name, table) for name, table in tables.items())
        self._check_unique(boards)
        return Catalog(self._path, boards)

    def _board(self, name: str, table: Any) -> BoardSpec:
        where = ("boards", name)
        if not isinstance(table, dict):
            raise self._error(where, f"board {name!r} must be a table", f"write [boards.{name}]")
        if not _NAME.fullmatch(name):
            raise self._error(
                where, f"{name!r} is no board name", "letters, digits, '-', '_' and '.', at most 32 in all"
            )
        for key in table:
            if key not in _KEYS:
                hint = _nearest(key, _KEYS) or "one of: " + ", ".join(_KEYS)
                raise self._error((*where, key), f"board {name!r} has the unknown key {key!r}", hint)
        kind = self._word(where, table, "kind", Kind)
        spec = BoardSpec(
            name=name,
            kind=kind,
            chip=self._word(where, table, "chip", Chip),
            mac=self._mac(where, table),
            flash_size=self._flash_size(where, table),
            port=self._text(where, table, "port", ""),
            profile=self._text(where, table, "profile", "dual-160"),
            baud=self._baud(where, table),
            labels=self._texts(where, table, "labels", '["desk"]'),
            frames=self._frames(where, table),
            qemu=self._text(where, table, "qemu", ""),
            power=self._texts(where, table, "power", '["uhubctl", "-l", "1-1", "-p", "4", "-a", "cycle"]'),
        )
        self._check_kind(where, spec)
        return spec

    def _check_kind(self, where: tuple[str, ...], spec: BoardSpec) -> None:
        if spec.qemu and spec.kind is not Kind.QEMU:
            hint = "remove the key, or say kind = 'qemu'"
            raise self._error((*where, "qemu"), f"a {spec.kind.value} board has no QEMU", hint)
        if spec.kind is Kind.QEMU:
            if spec.port:
                raise self._error((*where, "port"), "a QEMU board makes its own port", "remove the key")
        elif spec.served:
            word = spec.kind.value
            if spec.port:
                raise self._error((*where, "port"), f"a {word} board makes its own port", "remove the key")
            if not spec.mac:
                raise self._error(
                    where, f"{word} board {spec.name!r} needs a mac", "such as '02:00:00:00:00:01'"
                )
        elif not spec.port:
            if spec.kind is not Kind.SERIAL or not spec.mac:  # with a MAC `hostkit boards scan` finds it
                hint = "such as '/dev/ttyUSB0'; a serial board with a mac needs none, see hostkit boards scan"
                raise self._error(where, f"{spec.kind.value} board {spec.name!r} needs a port", hint)
        elif (spec.kind is Kind.RFC2217) != spec.port.startswith("rfc2217://"):
            hint = "rfc2217://HOST:PORT goes with kind = 'rfc2217', a device path with kind = 'serial'"
            raise self._error(
                (*where, "port"), f"{spec.port!r} is no port of a {spec.kind.value} board", hint
            )

    def _check_unique(self, boards: tuple[BoardSpec, ...]) -> None:
        seen: dict[str, str] = {}
        for board in boards:
            other = seen.setdefault(board.identity, board.name)
            if other != board.name:
                raise self._error(
                    ("boards", board.name, "mac"),
                    f"boards {other!r} and {board.name!r} have the same mac {board.mac}",
                    "each board has its own",
                )

    def _word(self, where: tuple[str, ...], table: Mapping[str, Any], key: str, words: type[_Word]) -> _Word:
        known = [str(each.value) for each in words]
        value = table.get(key)
        if value is None:
            raise self._error(where, f"board {where[-1]!r} has no {key}", f"one of: {', '.join(known)}")
        found = next((each for each in words if each.value == value), None)
        if found is None:
            hint = _nearest(str(value), known) or f"one of: {', '.join(known)}"
            raise self._error((*where, key), f"{value!r} is no {key}", hint)
        return found

    def _text(self, where: tuple[str, ...], table: Mapping[str, Any], key: str, default: str) -> str:
        value = table.get(key, default)
        if not isinstance(value, str):
            raise self._error((*where, key), f"{key} must be text, not {value!r}", "put it in quotes")
        return value

    def _mac(self, where: tuple[str, ...], table: Mapping[str, Any]) -> str:
        mac = self._text(where, table, "mac", "").lower().replace("-", ":")
        if mac and not _MAC.fullmatch(mac):
            raise self._error((*where, "mac"), f"{mac!r} is no MAC address", "write 'aa:bb:cc:dd:ee:ff'")
        return mac

    def _flash_size(self, where: tuple[str, ...], table: Mapping[str, Any]) -> int:
        text = self._text(where, table, "flash_size", "4MB")
        found = _SIZE.fullmatch(text)
        size = int(found[1]) << (20 if found[2].startswith("M") else 10) if found else 0
        if not _MIN_FLASH <= size <= _MAX_FLASH or size & (size - 1):
            raise self._error(
                (*where, "flash_size"), f"{text!r} is no flash size", "such as '4MB', '8MB' or '16MB'"
            )
        return size

    def _baud(self, where: tuple[str, ...], table: Mapping[str, Any]) -> int:
        baud = table.get("baud", 460_800)
        if type(baud) is not int or not 9_600 <= baud <= 5_000_000:
            raise self._error((*where, "baud"), f"{baud!r} is no baud rate", "a number such as 460800")
        return baud

    def _frames(self, where: tuple[str, ...], table: Mapping[str, Any]) -> int:
        frames = table.get("frames", 0)
        if type(frames) is not int or not 0 <= frames <= 256:
            raise self._error(
                (*where, "frames"), f"{frames!r} is no number of frames", "1 to 256, or 0 for all of a scene"
            )
        return frames

    def _texts(
        self, where: tuple[str, ...], table: Mapping[str, Any], key: str, such_as: str
    ) -> tuple[str, ...]:
        texts = table.get(key, [])
        if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
            raise self._error((*where, key), f"{key} must be a list of texts", f"such as {such_as}")
        return tuple(texts)

    def _error(self, where: tuple[str, ...], message: str, hint: str) -> UsageError:
        line = self._line(where)
        return UsageError(f"{self._path}{f':{line}' if line else ''}: {message}", hint=hint)

    def _line(self, where: tuple[str, ...]) -> int | None:
        """Find the line of a top-level key, of a board's header or of a key below it; None when written
        in another way than the usual."""
        header = f"[{'.'.join(where[:2])}]".translate(_NOT_IN_KEYS) if len(where) > 1 else ""
        inside = not header
        best = None
        for number, line in enumerate(self._lines, 1):
            text = line.split("#", 1)[0].translate(_NOT_IN_KEYS)
            if text.startswith("["):
                inside = text == header
                best = number if inside else best
            elif inside and text.startswith(f"{where[-1]}="):
                return number
        return best


def several_with_commas(name: str) -> str:
    """Return what to do about names with blanks between them, "" for one name: none has a blank in it."""
    names = name.split()
    return f"several boards are named with commas: {','.join(names)}" if len(names) > 1 else ""


def _nearest(word: str, known: tuple[str, ...] | list[str]) -> str:
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else ""
