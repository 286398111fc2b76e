"""Bytes of a document to lines: decoded, mojibake repaired, secrets masked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hostkit.errors import UsageError
from hostkit.tasks.importing.masking import mask_lines
from hostkit.tasks.importing.model import Finding, Kind, Spot

LARGEST = 8 << 20
"""Bytes; a plan is far smaller."""

_CP1252 = {bytes([n]).decode("cp1252", "replace"): n for n in range(0x80, 0x100)} | {
    chr(n): n for n in range(0x80, 0x100)
}
_CP1252.pop("\ufffd", None)
_RUN = re.compile("[" + re.escape("".join(sorted(_CP1252))) + "]{2,}")
_BREAKS = re.compile(r"\r\n|\r|\n")
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Source:
    """The lines of a document, without their ends, and what was wrong with its text."""

    file: str
    lines: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def text(self) -> str:
        """Return the lines as one text."""
        return "\n".join(self.lines) + "\n"

    def spot(self, line: int) -> Spot:
        """Return a line of it, from 1."""
        return Spot(self.file, line)


def read_source(path: Path) -> Source:
    """Read a document. Raises :class:`UsageError` when there is none, or above :data:`LARGEST`."""
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(
                f"{path} has more than {LARGEST >> 20} MB", hint="that is no plan; name another file"
            )
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror}", hint="name a file: hostkit tasks import FILE"
        ) from error
    return source_of(data, str(path))


def source_of(data: bytes, file: str) -> Source:
    """Turn bytes into lines. Never fails: what is no UTF-8 is taken for Windows-1252, and said."""
    findings: list[Finding] = []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            findings.append(
                Finding(
                    Kind.TEXT, Spot(file, line), "this is no UTF-8; read as Windows-1252", "save as UTF-8"
                )
            )
            text = data.decode("cp1252", "replace")
    lines = [_BAD.sub("\ufffd", line) for line in _BREAKS.split(text)]
    if lines and not lines[-1]:
        lines.pop()
    repaired = [line if line.isascii() else _RUN.sub(_repair, line) for line in lines]
    broken = [n for n, (old, new) in enumerate(zip(lines, repaired, strict=True), 1) if old != new]
    if broken:
        message = f"UTF-8 that was read as Windows-1252 and saved again, repaired in {_these(broken)}"
        findings.append(Finding(Kind.TEXT, Spot(file, broken[0]), message, "look at arrows and dashes there"))
    lost = [n for n, line in enumerate(repaired, 1) if "\ufffd" in line]
    if lost:
        message = f"characters that were lost or are no text, in {_these(lost)}"
        findings.append(Finding(Kind.TEXT, Spot(file, lost[0]), message, "type them anew"))
    masked, secrets = mask_lines(repaired)
    findings += [
        Finding(
            Kind.SECRET,
            Spot(file, n),
            "looks like a credential; masked here",
            "revoke it if it is a live one",
        )
        for n in secrets
    ]
    return Source(file, tuple(masked), tuple(findings))


def _repair(match: re.Match[str]) -> str:
    try:
        return bytes(_CP1252[letter] for letter in match[0]).decode("utf-8")
    except UnicodeDecodeError:
        return match[0]


def _these(lines: list[int]) -> str:
    few = ", ".join(map(str, lines[:8]))
    return f"{'line' if len(lines) == 1 else 'lines'} {few}" + (
        f" and {len(lines) - 8} more" if len(lines) > 8 else ""
    )
