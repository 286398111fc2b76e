"""Whoever answers is the image that runs: no recording knows the question."""

import secrets
from itertools import combinations

import pytest

from hostkit.link.errors import DeviceError
from hostkit.link.messages import Op, Status

pytestmark = pytest.mark.rung("linked")


@pytest.mark.parametrize("size", [16, 17, 31, 32], ids="{}B".format)
def test_a_challenge_is_answered_by_the_image_that_runs(board, link, size):
    said = link.challenge(secrets.token_bytes(size))
    assert said.digest == said.expected
    assert (said.build, said.mac) == (board.identity.build, board.identity.mac)
    assert said.nonce == board.identity.nonce


def test_every_byte_of_a_question_counts(link):
    question = secrets.token_bytes(16)
    asked = [question, question]
    asked += [bytes(byte ^ (i == at) for i, byte in enumerate(question)) for at in range(len(question))]
    said = [link.challenge(each).digest for each in asked]
    assert said[0] == said[1]
    assert all(one != other for one, other in combinations(said[1:], 2))


def test_another_boot_gives_another_answer_to_the_same_question(board, link):
    question = secrets.token_bytes(32)
    before = link.challenge(question)
    board.reset()
    after = link.challenge(question)
    assert after.nonce != before.nonce
    assert after.digest == after.expected != before.digest


@pytest.mark.parametrize("size", [0, 15, 33, 64], ids="{}B".format)
def test_a_question_of_another_length_is_refused(link, size):
    with pytest.raises(DeviceError) as caught:
        link.request(Op.CHALLENGE, (bytes(size),), lambda body: body)
    assert caught.value.status is Status.OUT_OF_RANGE
