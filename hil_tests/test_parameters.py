"""Patterns describe themselves, and take what they describe."""

import pytest

pytestmark = pytest.mark.rung("rendered")


def told(description):
    rows = [(p.name, int(p.type), p.low, p.high, p.default, p.unit) for p in description.parameters]
    return description.name, description.audio_driven, rows


def test_the_board_has_exactly_the_patterns_that_have_a_model(board, link):
    assert list(link.patterns()) == list(board.patterns)


def test_a_pattern_describes_itself_as_specified(board, link, pattern):
    model = board.patterns[pattern]
    rows = [(p.name, int(p.type), p.minimum, p.maximum, p.default, p.unit) for p in model.parameters]
    assert told(link.describe(pattern)) == (pattern, model.audio_driven, rows)


def test_what_is_not_given_has_its_default(board, link, pattern):
    applied = link.configure(pattern)
    assert applied.parameters == {p.name: p.default for p in board.patterns[pattern].parameters}
    assert applied.clamped == ()


@pytest.mark.parametrize("by", [1, 1000])
def test_what_is_out_of_range_is_clamped_and_flagged(board, link, pattern, by):
    parameters = board.patterns[pattern].parameters
    above = link.configure(pattern, 0, {p.name: p.maximum + by for p in parameters})
    below = link.configure(pattern, 0, {p.name: p.minimum - by for p in parameters})
    assert above.parameters == {p.name: p.maximum for p in parameters}
    assert below.parameters == {p.name: p.minimum for p in parameters}
    assert set(above.clamped) == set(below.clamped) == {p.name for p in parameters}


def test_an_unknown_parameter_is_flagged_and_changes_nothing(link, pattern):
    applied = link.configure(pattern, 0, {"no-such": 5})
    assert applied.clamped == ("?no-such",)
    assert applied.parameters == link.configure(pattern).parameters


def test_brightness_and_limit_are_clamped(link):
    assert link.output(1000, 0).brightness == 255
    assert link.output(255, 1_000_000).limit_ma == 65_535
