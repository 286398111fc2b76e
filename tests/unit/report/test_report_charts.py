"""Charts: every value inside the plot, round numbers on the axes, and a summary that is right."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hostkit.report.html.charts import HEIGHT, LEFT, RIGHT, TOP, WIDE, WIDTH, Bar, histogram, spans


def inside(bars: tuple[Bar, ...], width: int) -> bool:
    return all(
        bar.x >= LEFT - 1 and bar.x + bar.width <= width - RIGHT + 1 and bar.y >= TOP - 2 and bar.height > 0
        and bar.y + bar.height <= HEIGHT
        for bar in bars
    )  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=60))
def test_every_interval_is_in_a_bar_inside_the_plot(values: list[int]) -> None:
    chart = histogram("t", values)
    assert sum(int(bar.title.rsplit(": ", 1)[1]) for bar in chart.bars) == len(values)
    assert inside(chart.bars, WIDTH)
    assert all(LEFT <= tick.at <= WIDTH - RIGHT + 0.01 for tick in chart.across)
    labels = [tick.label for tick in chart.up]
    assert len(labels) == len(set(labels))


def test_a_histogram_says_where_most_intervals_lie() -> None:
    chart = histogram("t", [16_000] * 98 + [17_000, 40_000], floor_us=5100)
    assert chart.summary == (
        "100 intervals: median 16.000 ms, 95 % within 16.000 ms, 99 % within 17.230 ms, longest 40.000 ms"
    )
    assert chart.floor is None  # it lies outside of what is shown


def test_the_floor_is_drawn_where_it_can_be_seen() -> None:
    limit = histogram("t", [5200, 5300, 9000], floor_us=5300).floor
    assert limit is not None
    assert LEFT < limit < WIDTH / 2


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 60_000)), min_size=1, max_size=60))
def test_power_keeps_the_least_and_the_most_of_every_moment(points: list[tuple[int, int]]) -> None:
    chart = spans(points)
    assert inside(chart.bars, WIDE)
    counts = sum(int(bar.title.rsplit(", ", 1)[1].split()[0]) for bar in chart.bars)
    assert counts == len(points)


def test_power_is_summed_up_in_words() -> None:
    assert spans([(0, 320), (10, 9000)]).summary == "2 frames: least 320 mA, mean 4,660 mA, most 9,000 mA"
