"""Typed checks: what a task may ask for besides a gate, each with what it is told by and known by. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from typing import Any

from hostkit.errors import UsageError
from hostkit.files import canonical_json

REPORT = "{report}"
"""In the argv of a coverage check: the path that its command writes its report to."""


@dataclass(frozen=True, slots=True)
class CommandCheck:
    """A command must end with the exit code that is expected, run in a worktree of the claimed commit."""

    argv: tuple[str, ...]
    timeout_s: float = 600.0
    exit: int = 0

    @property
    def title(self) -> str:
        """Return the check in a few words."""
        expected = f" (exit {self.exit})" if self.exit else ""
        return f"command {' '.join(self.argv)}{expected}"

    @property
    def digest(self) -> str:
        """Return what the ledger knows the command by: another argv is another check."""
        told: Any = {"argv": list(self.argv), "exit": self.exit} if self.exit else list(self.argv)
        return hashlib.sha256(canonical_json(told)).hexdigest()


@dataclass(frozen=True, slots=True)
class _Typed:
    """A check that hostkit makes itself, in a process of its own."""

    timeout_s: float

    @property
    def digest(self) -> str:
        """Return what the ledger knows the check by: all that it asks for, but not how long it may take."""
        told = {name: value for name, value in check_record(self).items() if name != "timeout_s"}
        return hashlib.sha256(canonical_json(told)).hexdigest()


@dataclass(frozen=True, slots=True)
class FileExistsCheck(_Typed):
    """The commit has each of these files: regular ones, by their whole path."""

    files: tuple[str, ...]

    @property
    def title(self) -> str:
        """Return the check in a few words."""
        return f"file_exists {' '.join(self.files)}"


@dataclass(frozen=True, slots=True)
class SqlSyntaxCheck(_Typed):
    """Every file that these globs find is SQL of the dialect: at least one file, a statement in each."""

    files: tuple[str, ...]
    dialect: str

    @property
    def title(self) -> str:
        """Return the check in a few words."""
        return f"sql_syntax {self.dialect} {' '.join(self.files)}"


@dataclass(frozen=True, slots=True)
class JsonSchemaCheck(_Typed):
    """Every file that these globs find (JSON, or YAML by its name) is valid by the commit's schema."""

    files: tuple[str, ...]
    against: str

    @property
    def title(self) -> str:
        """Return the check in a few words."""
        return f"json_schema {' '.join(self.files)} by {self.against}"


@dataclass(frozen=True, slots=True)
class PytestCheck(_Typed):
    """Pytest passes, and at least so many tests ran: a skipped one did not."""

    args: tuple[str, ...]
    min_executed: int

    @property
    def title(self) -> str:
        """Return the check in a few words."""
        return f"pytest {' '.join(self.args)} (at least {self.min_executed} run)".replace("  ", " ")


@dataclass(frozen=True, slots=True)
class CoverageCheck(_Typed):
    """A command ends with 0, and the coverage report that it wrote just now reaches the floor, in percent.

    ``include``: globs of the files that count; none: all that the report has.
    """

    argv: tuple[str, ...]
    floor: float
    include: tuple[str, ...]

    @property
    def title(self) -> str:
        """Return the check in a few words."""
        of = f" of {' '.join(self.include)}" if self.include else ""
        return f"coverage at least {self.floor:g} %{of}"


@dataclass(frozen=True, slots=True)
class SizeCheck(_Typed):
    """An env's firmware builds, within its profile's budgets and these, in bytes; None: no further one."""

    env: str
    max_flash: int | None
    max_ram: int | None

    @property
    def title(self) -> str:
        """Return the check in a few words."""
        wanted = (("flash", self.max_flash), ("RAM", self.max_ram))
        most = ", ".join(f"{what} at most {size:,} B" for what, size in wanted if size is not None)
        return f"size of {self.env}: {most}"


TypedCheck = FileExistsCheck | SqlSyntaxCheck | JsonSchemaCheck | PytestCheck | CoverageCheck | SizeCheck

TYPES: dict[str, type[TypedCheck]] = {
    "file_exists": FileExistsCheck,
    "sql_syntax": SqlSyntaxCheck,
    "json_schema": JsonSchemaCheck,
    "pytest": PytestCheck,
    "coverage": CoverageCheck,
    "size": SizeCheck,
}
"""What a plan calls them."""


def check_record(check: _Typed) -> dict[str, Any]:
    """Return a typed check as JSON-ready values, with its type."""
    name = next(name for name, kind in TYPES.items() if type(check) is kind)
    return {"type": name, **{key: _plain(value) for key, value in asdict(check).items()}}


def check_from(record: dict[str, Any]) -> TypedCheck:
    """Return the check of a record of :func:`check_record`. Raises :class:`UsageError` for anything else."""
    kind = TYPES.get(str(record.get("type")))
    if kind is None or {field.name for field in fields(kind)} != record.keys() - {"type"}:
        raise UsageError(f"no check that hostkit knows: {record}", hint="hostkit tasks makes these itself")
    values = {name: _frozen(value) for name, value in record.items() if name != "type"}
    return kind(**values)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
