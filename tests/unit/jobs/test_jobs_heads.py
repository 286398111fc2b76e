"""Who stands first in each line: found line by line, the same as by one question about all who wait."""

from __future__ import annotations

import random
from typing import Any

import pytest

from hostkit.jobs.model import Kind
from hostkit.jobs.moving import find_heads
from hostkit.jobs.order import in_order
from hostkit.jobs.rows import HEADS, due, head_of
from hostkit.testing.jobs import a_wish_for

NOW_NS = 1 << 61


@pytest.mark.parametrize("depth", [1, 3, 100])
def test_the_first_of_each_line_are_those_of_all_who_wait(shop: Any, depth: int) -> None:
    draw = random.Random(depth)
    shop.queue.submit_all(
        [
            a_wish_for(
                draw.choice([Kind.BUILD, Kind.HIL]),
                priority=draw.choice([-1, 0, 5]),
                submitter=draw.choice("abc"),
                host=draw.choice(["here", "there"]),
            )
            for _ in range(120)
        ]
    )
    with shop.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE jobs SET not_before_ns = {NOW_NS + 1} WHERE id % 7 = 0")
        connection.exec_driver_sql("UPDATE jobs SET state = 'passed' WHERE id % 5 = 0")
        # As one does that is released by its leader: nobody was given a place there.
        connection.exec_driver_sql("UPDATE jobs SET priority = 3 WHERE id % 11 = 0")
        found = find_heads(connection, "here", NOW_NS, depth)
        asked = HEADS.rows(connection, due("here", NOW_NS, depth))
    assert found.order == in_order(head_of(row) for row in asked)
    assert {found.jobs[head.job].wanted.host for head in found.order} == {"here"}
    assert all(head.job % 7 and head.job % 5 for head in found.order)
    assert 3 in {head.priority for head in found.order}
    assert len({(head.line, head.priority) for head in found.order}) > 2
