"""Proof that what answers at a port is firmware, and not a recording of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from hostkit.errors import InconclusiveError
from hostkit.link.challenge import QUESTION_BYTES, Challenge
from hostkit.link.client import Link
from hostkit.link.errors import DeviceError, ImpostorError, LinkTimeoutError
from hostkit.link.messages import Status


def ask_challenge(link: Link, draw: Callable[[int], bytes]) -> Challenge | None:
    """Ask with fresh random bytes; None when the firmware has no such operation.

    Raises :class:`ImpostorError` for what is silent to that and then answers hello, else as the link does.
    """
    try:
        return link.challenge(draw(QUESTION_BYTES))
    except DeviceError as error:
        if error.status is Status.UNKNOWN_OP:
            return None
        raise
    except LinkTimeoutError as error:
        with suppress(InconclusiveError):
            said = link.hello()
            raise ImpostorError(
                f"{link.port} says that it runs build {said.build[:12]}, and answers no challenge",
                hint="what is at this port plays a recording of the firmware",
            ) from error
        raise
