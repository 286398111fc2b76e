"""The option ``--soak TIME`` of the verbs that run the suite."""

from __future__ import annotations

import click


def _seconds(context: click.Context, parameter: click.Parameter, value: str | None) -> float:
    del context, parameter
    if value is None:
        return 0.0
    from hostkit.hil.duration import parse_duration  # noqa: PLC0415 - not for --help

    return parse_duration(value)


soak_option = click.option(
    "--soak",
    metavar="TIME",
    callback=_seconds,
    help="Also soak for so long (30s, 10m, 1h): random scenes against the model, memory, clock drift.",
)
"""Parsed to seconds, 0.0 when it was not given."""
