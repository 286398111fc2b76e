"""It keeps doing so: ``--soak 10m`` draws scenes at random for as long, and looks at what wears out."""

import pytest

from hostkit.hil.duration import SOAKED_FOR
from hostkit.hil.soak import CLOCK_PPM

pytestmark = pytest.mark.rung("soaked")

LEAST_STACK = 1024  # bytes; 0 says that the port does not know


def test_every_scene_is_drawn_as_the_model_draws_it(soaked, measure):
    measure(SOAKED_FOR, soaked.seconds, "s")
    measure("soak seed", soaked.plan.seed, "")
    measure("frames compared, stepped", soaked.stepped, "")
    measure("frames compared, live", soaked.live, "")
    if soaked.difference is not None:
        raise soaked.difference
    assert soaked.seconds >= soaked.plan.seconds
    assert soaked.stepped > 0


def test_no_memory_is_lost(soaked, measure):
    measure("smallest free heap after the soak", soaked.last.heap_min, "B")
    measure("heap lost in the soak", soaked.heap_lost, "B")
    measure("smallest free stack after the soak", soaked.last.stack_free, "B")
    assert soaked.heap_lost <= 0, "the least free heap sank after every pattern had had its turn"
    assert soaked.last.stack_free == 0 or soaked.last.stack_free >= LEAST_STACK


def test_the_devices_clock_goes_as_the_hosts(board, soaked, measure):
    drift = soaked.drift
    measure("clock drift in the soak", drift.ppm, "ppm")
    measure("clock drift, uncertainty", drift.within_ppm, "ppm")
    assert drift.low_ppm <= CLOCK_PPM, f"its clock is fast by at least {drift.low_ppm:.0f} ppm"
    if board.spec.patience == 1:  # a simulated clock stands still when its host has no time for it
        assert drift.high_ppm >= -CLOCK_PPM, f"its clock is slow by at least {-drift.high_ppm:.0f} ppm"


def test_nothing_is_lost_in_silence(soaked, measure):
    measure("live frames dropped in the soak", soaked.last.dropped, "frames")
    measure("events lost in the soak", soaked.counted("events_lost"), "")
    measure("broken frames in the soak", soaked.counted("frames_broken"), "")
    assert soaked.lost_in_silence == 0, "live frames were missing that no counter knew of"
    assert soaked.counted("frames_broken") == soaked.counted("naks") == 0
    assert soaked.counted("frames") >= soaked.stepped


def test_it_never_restarts(board, link, soaked):
    assert board.restarts == 0
    assert link.nonce == board.identity.nonce
    uptimes = [reading.stats.uptime_us for reading in soaked.readings]
    assert uptimes == sorted(uptimes)
