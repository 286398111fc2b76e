"""Lanes as real child processes: what they answer, how they die, and that none is left."""

import os
import signal

import pytest

from hostkit.errors import ToolError
from hostkit.mutants.campaign import Campaign
from hostkit.mutants.messages import Do, LaneOrder
from hostkit.mutants.pool import ProcessLanes
from hostkit.process import process_start_ticks
from hostkit.testing.mutants import FakeLanes, killed


@pytest.fixture
def lanes(tmp_path):
    """Two lanes of a project that has no board called virt9."""
    (tmp_path / "boards.toml").write_text(
        '[boards.virt0]\nkind = "virtual"\nchip = "esp32"\nmac = "02:00:00:00:00:01"\n'
    )
    orders = [
        LaneOrder(str(tmp_path), str(tmp_path), str(tmp_path), "virt9", "virtual", n, 5.0) for n in range(2)
    ]
    lanes = ProcessLanes(orders)
    yield lanes
    lanes.close()


def answers(lanes, count):
    found = []
    while len(found) < count:
        found += lanes.wait()
    return found


def test_what_goes_wrong_in_a_lane_is_its_answer(lanes):
    for lane in range(2):
        lanes.start(lane)
        lanes.ask(lane, {"do": Do.OPEN.value})
    replies = answers(lanes, 2)
    assert {reply.lane for reply in replies} == {0, 1}
    assert all("there is no board 'virt9'" in reply.error for reply in replies)
    assert all("virt0" in reply.hint for reply in replies)


def test_a_lane_that_is_killed_is_gone_and_can_be_started_again(lanes):
    lanes.start(0)
    first = lanes.pid(0)
    os.kill(first, signal.SIGKILL)
    assert [reply.gone for reply in lanes.wait()] == [True]
    lanes.start(0)
    lanes.ask(0, {"do": Do.OPEN.value})
    assert lanes.pid(0) != first
    assert answers(lanes, 1)[0].error


def test_what_is_asked_of_a_dead_lane_is_answered_by_its_death(lanes):
    lanes.start(0)
    os.kill(lanes.pid(0), signal.SIGKILL)
    lanes.ask(0, {"do": Do.OPEN.value})
    assert answers(lanes, 1)[-1].gone


def test_no_lane_outlives_the_pool(lanes):
    for lane in range(2):
        lanes.start(lane)
    pids = [lanes.pid(lane) for lane in range(2)]
    lanes.close()
    assert [process_start_ticks(pid) for pid in pids] == [None, None]


def test_a_lane_that_cannot_be_opened_ends_the_campaign(lanes, tmp_path):
    with pytest.raises(ToolError, match="there is no board 'virt9'"):
        Campaign(lanes, 1, tmp_path, print).open()


def test_the_fake_answers_in_the_same_way():
    lanes = FakeLanes(lambda m, _: killed(m))
    lanes.start(0)
    lanes.ask(0, {"do": Do.OPEN.value})
    (reply,) = lanes.wait()
    assert reply.done
    assert not reply.gone
