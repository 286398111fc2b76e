"""The settings record: every name, its default, its unit and what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pydantic import BaseModel, ConfigDict, Field


class Source(Enum):
    """Where a value came from; later ones win."""

    DEFAULT = "default"
    FILE = "hostkit.toml"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command line"


class Settings(BaseModel):
    """What a person can set; time-outs are in seconds and must be positive."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    env: str = Field("virtual", min_length=1, description="PlatformIO environment that verbs use without -e.")
    board: str = Field("virt0", min_length=1, description="Board that verbs use without -b.")
    build_timeout_s: float = Field(600.0, gt=0, description="A build that takes longer is ended.")
    flash_timeout_s: float = Field(180.0, gt=0, description="A flash that takes longer is ended.")
    boot_timeout_s: float = Field(
        10.0, gt=0, description="How long a board may take from reset to its first answer."
    )
    hil_timeout_s: float = Field(900.0, gt=0, description="A hardware suite that takes longer is ended.")
    lease_timeout_s: float = Field(0.0, ge=0, description="How long to wait for a board that someone holds.")
    runs_dir: str = Field(
        ".hostkit/runs", min_length=1, description="Where evidence goes; relative to the checkout."
    )
    reports_dir: str = Field(
        ".hostkit/reports", min_length=1, description="Where pages of runs go; relative to the checkout."
    )
    growth_base: str = Field(
        "", description="Branch or commit from where on max_…_growth of a gate count; empty: they do not."
    )
    max_flash_growth: int = Field(0, ge=0, description="Most bytes more of flash that a gate allows; 0: any.")
    max_ram_growth: int = Field(0, ge=0, description="Most bytes more of RAM that a gate allows; 0: any.")
    max_section_growth: int = Field(
        0, ge=0, description="Most bytes more in one section that a gate allows; 0: any."
    )
    max_symbol_growth: int = Field(
        0, ge=0, description="Most bytes more in one symbol that a gate allows; 0: any."
    )
    database_url: str = Field(
        "", description="Database of verdicts and attempts; empty: SQLite in the state directory."
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one value came from: the source, and its place (``hostkit.toml:3``, ``HOSTKIT_BOARD``)."""

    source: Source
    place: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings in force, each with its origin by name."""

    settings: Settings
    origins: dict[str, Origin]
