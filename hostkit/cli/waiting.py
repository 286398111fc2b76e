"""The option of every verb that needs a board for itself."""

from __future__ import annotations

import click

wait_option = click.option(
    "--wait",
    "--lease-timeout",
    "lease_timeout",
    type=float,
    is_flag=False,
    flag_value=float("inf"),
    metavar="[SECONDS]",
    help="Wait in line for a taken board, without SECONDS as long as it takes.",
)
"""``--wait``, by its old name ``--lease-timeout``; the parameter is seconds, None when not given."""
