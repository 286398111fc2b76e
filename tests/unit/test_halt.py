from __future__ import annotations

import select

import pytest

from hostkit.errors import ExitCode
from hostkit.halt import Halt, HaltedError


def test_a_halt_is_heard_by_all_who_wait_and_stays_said() -> None:
    halt = Halt()
    halt.check()
    assert select.select([halt], [], [], 0)[0] == []
    halt.call()
    halt.call()
    for _ in range(2):
        assert select.select([halt], [], [], 0)[0] == [halt]
        with pytest.raises(HaltedError, match="given up") as caught:
            halt.check()
        assert caught.value.exit_code is ExitCode.INTERRUPTED
        assert "interrupted" in caught.value.hint
    halt.close()


def test_a_halt_is_closed_twice_and_called_after_that_without_harm() -> None:
    halt = Halt()
    halt.close()
    halt.close()
    halt.call()
    halt.check()
