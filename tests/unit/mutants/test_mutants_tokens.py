"""The lexer loses nothing, never raises, and knows code from what only looks like it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostkit.mutants.reviewed import code_digest
from hostkit.mutants.tokens import CODE, Kind, code_of, tokens_of

PIECES = st.sampled_from(
    [
        *("x", "kTable", "0x1Fu", "1'000", "1e-5", ".5f", "++", "<<=", "->", "::", "<=>", "...", "{", "}"),
        *('"a\\"b // no"', "'\\''", 'R"x(a")y)x"', 'u8"é"', "// c\n", "/* a\n*b */", "\n# define A \\\n b\n"),
        *("if", "(", ")", ";", "<", ">", "%", " ", "\n", "\t", "/", "*"),
    ]
)


def pairs(source):
    return [(token.kind, token.text) for token in tokens_of(source) if token.kind is not Kind.SPACE]


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES).map("".join), st.text(alphabet="\"'/*\\\n#R(x)ue8 1.'")))
def test_the_pieces_put_together_are_the_source(source):
    tokens = tokens_of(source)
    assert "".join(token.text for token in tokens) == source
    assert all(source[token.offset : token.end] == token.text for token in tokens)
    assert all(token.text for token in tokens)


@settings(deadline=None)
@given(st.lists(PIECES).map(" ".join))
def test_a_piece_alone_is_the_same_piece(source):
    for token in tokens_of(source):
        if token.kind in CODE:
            assert tokens_of(token.text) == (type(token)(token.kind, token.text, 0),)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("a<<=b", ["a", "<<=", "b"]),
        ("x->*y", ["x", "->*", "y"]),
        ("1'000'000u+0x7FEB352Du", ["1'000'000u", "+", "0x7FEB352Du"]),
        ("1e-5-2", ["1e-5", "-", "2"]),
        ("a...b", ["a", "...", "b"]),
        ('"a\\"b"c', ['"a\\"b"', "c"]),
        ("'\\'' '{'", ["'\\''", "'{'"]),
        ('R"(a)b)"x', ['R"(a)b)"', "x"]),
        ('R"d(a)" b)d" y', ['R"d(a)" b)d"', "y"]),
    ],
)
def test_code_is_cut_as_a_compiler_does(source, wanted):
    assert [token.text for token in code_of(source)] == wanted


def test_a_directive_is_one_piece_with_its_continued_lines():
    assert pairs('a\n  # include <x> \\\n "y"\nb') == [
        (Kind.NAME, "a"),
        (Kind.DIRECTIVE, '# include <x> \\\n "y"'),
        (Kind.NAME, "b"),
    ]


def test_a_number_sign_inside_a_line_is_no_directive():
    assert [kind for kind, _ in pairs("a # b")] == [Kind.NAME, Kind.SIGN, Kind.NAME]


def test_a_comment_before_a_directive_leaves_it_one():
    assert [kind for kind, _ in pairs("/* c */ #if 1")] == [Kind.COMMENT, Kind.DIRECTIVE]


@pytest.mark.parametrize("source", ["/* open", '"open', "'o", 'R"x(open', "// end", "#"])
def test_what_is_cut_off_goes_to_the_end(source):
    assert "".join(token.text for token in tokens_of(source)) == source


def test_comments_and_space_do_not_change_the_digest_of_the_code():
    assert code_digest("int a = 1;  // one\n") == code_digest("int a\n= /* or */ 1;")
    assert code_digest("int a = 1;") != code_digest("int a = 2;")
    assert code_digest("#if 1\n") != code_digest("#if 0\n")
