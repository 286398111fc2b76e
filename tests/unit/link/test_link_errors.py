"""What errors of a link say."""

from __future__ import annotations

from hostkit.link.errors import PortBusyError


def test_the_command_that_holds_a_port_is_one_short_line() -> None:
    error = PortBusyError("/dev/x", 7, "python -c \nimport serial\n" + "x" * 200)
    assert error.message.startswith("/dev/x is in use by process 7 (python -c import serial xxx")
    assert error.message.endswith("x…)")
    assert len(error.message) < 130
    assert error.hint == "end it (kill 7) or wait for it"
