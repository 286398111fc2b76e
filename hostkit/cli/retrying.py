"""The option ``--retries N`` of the verbs that run the suite."""

from __future__ import annotations

import click

retry_option = click.option(
    "--retries",
    type=click.IntRange(0, 9),
    default=0,
    metavar="N",
    help="Try a test again, N times at most, that did not pass; a pass after that is `flaky`, and no pass.",
)
