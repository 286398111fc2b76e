"""Generic mutations: the right slips at the right places, and none where no board would ever see it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostkit.mutants.operators import Operator, changes_of
from hostkit.mutants.sample import draw, read_sources
from hostkit.mutants.tokens import code_of

ROOT = Path(__file__).parents[3]


def in_body(statement):
    return f"namespace hk {{\nint f(int a, int b) {{\n    {statement}\n}}\n}}\n"


def made(source, *operators):
    return [(c.old, c.new) for c in changes_of(source) if not operators or c.operator in operators]


def test_a_comparison_is_turned_and_moved_by_one():
    source = in_body("if (a < b) { a = b; }")
    assert made(source, Operator.RELATION) == [("<", ">=")]
    assert made(source, Operator.BOUNDARY) == [("<", "<=")]
    assert made(source, Operator.NEGATION) == [("a < b", "!(a < b)")]


@pytest.mark.parametrize(("old", "new"), [("+", "-"), ("*", "/"), ("<<", ">>"), ("&", "|"), ("%", "/")])
def test_a_binary_operator_becomes_another(old, new):
    assert (old, new) in made(in_body(f"return a {old} b;"), Operator.ARITHMETIC)


@pytest.mark.parametrize(
    "declaration",
    [
        "const std::uint8_t* p = nullptr;",
        "Colour& here = a;",
        "auto x = static_cast<std::uint8_t>(a);",
        "std::array<int, 3> x;",
    ],
)
def test_pointers_references_and_templates_are_no_operators(declaration):
    found = made(in_body(declaration), Operator.ARITHMETIC, Operator.RELATION, Operator.BOUNDARY)
    assert found == []


def test_a_number_is_one_more_and_one_less_in_its_own_spelling():
    assert made(in_body("a = 10;"), Operator.CONSTANT) == [("10", "11"), ("10", "9")]
    assert made(in_body("a = 0x0Fu;"), Operator.CONSTANT) == [("0x0Fu", "0x0Eu"), ("0x0Fu", "0x10u")]
    assert made(in_body("a = 0;"), Operator.CONSTANT) == [("0", "1")]
    assert made(in_body("a = 1.5;"), Operator.CONSTANT) == []


@pytest.mark.parametrize(
    "source",
    [
        'static_assert(sizeof(int) == 4, "");',
        "std::uint8_t buffer[24];",
        "int table[3][4];",
        "extern const int kTable[258];",
        "class A { virtual int f() const = 0; };",
        "#define A 1 + 2\n",
        "// a = 1 + 2;\n",
        'const char* s = "1 + 2";',
    ],
)
def test_nothing_is_changed_that_no_board_would_see(source):
    assert made(source) == []
    assert made(in_body(source) if not source.startswith(("class", "extern")) else source) == []


def test_an_index_is_code():
    assert made(in_body("a = words[2];"), Operator.CONSTANT) == [("2", "1"), ("2", "3")]


def test_a_long_list_of_numbers_is_a_table():
    table = "const int kTable[] = {" + ", ".join(map(str, range(20, 40))) + "};"
    assert made(table, Operator.CONSTANT) == []
    assert len(made(table, Operator.TABLE)) == 40
    assert made("const int kFew[] = {1, 2};", Operator.TABLE) == []


@pytest.mark.parametrize(
    "statement",
    [
        "a = b;",
        "a += 2;",
        "++a;",
        "a--;",
        "f(a, b);",
        "std::memcpy(a, b, 1);",
        "state.pulse.ring[a % 4] = {0, b};",
        "link.stats().reset();",
        "leds_.show(a, b);",
        'body.text("x"), body.uint(a);',
        "(void)a, f(b);"[9:],
    ],
)
def test_a_statement_that_acts_is_left_out(statement):
    assert (statement, ";") in made(in_body(statement), Operator.DELETION)


@pytest.mark.parametrize(
    "statement", ["int c = a;", "const auto d = f(a);", "Colour& e = g(a);", "using x = int;", "return a;"]
)
def test_declarations_and_returns_are_not_left_out(statement):
    assert made(in_body(statement), Operator.DELETION) == []


def test_nothing_is_left_out_of_a_class():
    assert made("class A {\n  A(int x);\n  void f();\n  int n = 3;\n};", Operator.DELETION) == []


def test_a_return_gives_nothing_or_the_opposite():
    assert made(in_body("return a + b;"), Operator.RETURN) == [("a + b", "{}")]
    assert made(in_body("return;"), Operator.RETURN) == []
    assert made(in_body("return true;"), Operator.RETURN, Operator.LOGIC) == [("true", "false")]


@settings(deadline=None)
@given(st.text(alphabet="abif(){};=<+1, \n\"'/#[]&*-returnwhile"))
def test_any_text_can_be_looked_through(source):
    for change in changes_of(source):
        assert source[change.offset : change.offset + len(change.old)] == change.old
        assert change.new != change.old


def test_every_change_of_the_firmware_changes_its_code_and_only_there():
    sources = read_sources(ROOT)
    for mutant in draw(sources, 150, 3):
        text = sources[mutant.file]
        after = mutant.applied_to(text)
        assert [t.text for t in code_of(after)] != [t.text for t in code_of(text)]
        assert after.startswith(text[: mutant.offset])
        assert after.endswith(text[mutant.offset + len(mutant.old) :])


def test_a_sample_is_the_same_for_the_same_seed_and_grows_at_its_end():
    sources = read_sources(ROOT)
    few, many = draw(sources, 20, 7), draw(sources, 60, 7)
    assert many[:20] == few == draw(dict(reversed(sources.items())), 20, 7)
    assert draw(sources, 20, 8) != few


def test_another_file_only_comes_in_between():
    sources = read_sources(ROOT)
    before = draw(sources, 60, 7)
    with_one_more = draw({**sources, "firmware/lib/new.cpp": in_body("a = a + 3;")}, 62, 7)
    kept = [mutant for mutant in with_one_more if mutant.file != "firmware/lib/new.cpp"]
    assert kept[:55] == list(before[:55])
    assert 0 < len(with_one_more) - len(kept) < 7


def test_a_sample_is_spread_over_files_and_operators():
    sources = read_sources(ROOT)
    drawn = draw(sources, 100, 1)
    assert len({mutant.digest for mutant in drawn}) == 100
    assert len({mutant.file for mutant in drawn}) > 40
    kinds = [mutant.kind for mutant in drawn]
    assert set(kinds) == {operator.value for operator in Operator}
    assert max(map(kinds.count, kinds)) <= 40


def test_a_sample_of_more_than_there_is_has_all_once():
    source = {"firmware/lib/a.cpp": in_body("a = 3;")}
    assert len(draw(source, 1000, 1)) == len(changes_of(source["firmware/lib/a.cpp"]))
