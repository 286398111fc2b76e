"""Resolve settings: default < ``hostkit.toml`` < environment < command line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hostkit.errors import UsageError
from hostkit.settings.model import Origin, Resolved, Settings, Source
from hostkit.settings.rules import FILE_NAME, TABLE

PREFIX = "HOSTKIT_"


def load_settings(project: Path, env: Mapping[str, str], overrides: Mapping[str, Any]) -> Resolved:
    """Return the settings in force for a checkout.

    ``overrides`` come from the command line; a None there means «not given». Raises
    :class:`UsageError` that names the place of a bad value: file and line, variable or flag.
    """
    values: dict[str, Any] = {}
    origins = {name: Origin(Source.DEFAULT, "built in") for name in Settings.model_fields}
    for source, layer in (
        (Source.FILE, _from_file(project / FILE_NAME)),
        (Source.ENVIRONMENT, _from_environment(env)),
        (Source.COMMAND_LINE, _from_command_line(overrides)),
    ):
        for name, (value, place) in layer.items():
            values[name] = value
            origins[name] = Origin(source, place)
    try:
        return Resolved(Settings(**values), origins)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        field = Settings.model_fields[name]
        raise UsageError(
            f"{origins[name].place}: {name} = {values[name]!r}: {first['msg'].lower()}",
            hint=f"{field.description} Default: {field.default!r}",
        ) from error


def _from_file(path: Path) -> dict[str, tuple[Any, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="make it a readable UTF-8 file") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name}: {error}", hint="see https://toml.io for the syntax") from error
    known: dict[str, tuple[Any, str]] = {}
    for name, value in table.items():
        if name == TABLE:
            continue  # rules, see hostkit.settings.rules
        place = f"{path.name}:{_line_of(text, name)}"
        if name not in Settings.model_fields:
            near = get_close_matches(name, Settings.model_fields, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(Settings.model_fields)}"
            raise UsageError(f"{place}: unknown setting {name}", hint=hint)
        known[name] = (value, place)
    return known


def _line_of(text: str, key: str) -> int:
    """Return the 1-based line where a top-level key is set (TOML parsers keep no places)."""
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*[\[\"']*{re.escape(key)}\b", line):
            return number
    return 1


def _from_environment(env: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    variables = {name: f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    return {name: (env[variable], variable) for name, variable in variables.items() if variable in env}


def _from_command_line(overrides: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    return {
        name: (value, f"--{name.replace('_', '-')}") for name, value in overrides.items() if value is not None
    }
