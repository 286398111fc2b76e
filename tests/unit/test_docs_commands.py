"""Every command line in README, docs and hints is one that the programs have: verbs, options, choices."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hostkit.cli.spawn import spawn_command
from hostkit.cli.verbs import main_group

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [ROOT / "README.md", *(ROOT / "docs" / "how-to").glob("*.md"), *(ROOT / "docs" / "tutorial").glob("*.md")]
)
_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:hostkit|agent-spawn)(?: |$)")
_PLACEHOLDER = re.compile(r"[A-Z…<].*")


def _lines(text: str) -> Iterator[str]:
    """Yield what stands in code: lines of fences without their prompt, and spans."""
    for fence in _FENCE.findall(text):
        for line in fence.splitlines():
            yield line.strip().removeprefix("$ ").strip()
    for span in re.findall(r"`([^`]+)`", _FENCE.sub("", text)):
        yield " ".join(span.split())


def _commands(text: str) -> Iterator[str]:
    for line in _lines(text):
        for part in re.split(r" (?:;|\||&&|>) |; ", re.sub(r"\s#.*", "", line)):
            if _COMMAND.match(part.strip()):
                yield part.strip()


def _problem(line: str) -> str:
    """Return what click would refuse in a command line, or ""; words in capitals stand for anything."""
    program, *words = shlex.split(line)
    command: click.Command = main_group() if program == "hostkit" else spawn_command
    context = click.Context(command, info_name=program)
    while words:
        word = words.pop(0)
        if word.startswith("-") and word != "-":
            name, _, value = word.partition("=")
            options = {each: option for option in command.get_params(context) for each in _names(option)}
            if name not in options:
                return f"{context.command_path} has no option {name}"
            if problem := _value(
                options[name], value or (words.pop(0) if _takes(options[name], words) else "")
            ):
                return f"{context.command_path} {name}: {problem}"
        elif isinstance(command, click.Group):
            if _PLACEHOLDER.fullmatch(word):
                return ""  # whichever verb
            if word not in command.list_commands(context):
                return f"{context.command_path} has no verb {word}"
            command = command.get_command(context, word) or command
            context = click.Context(command, info_name=word, parent=context)
    return ""


def _names(option: click.Parameter) -> list[str]:
    return [*option.opts, *option.secondary_opts]


def _takes(option: click.Parameter, words: list[str]) -> bool:
    return isinstance(option, click.Option) and not option.is_flag and not option.count and bool(words)


def _value(option: click.Parameter, value: str) -> str:
    choices = option.type.choices if isinstance(option.type, click.Choice) else ()
    known = not choices or not value or _PLACEHOLDER.fullmatch(value) or value in map(str, choices)
    return "" if known else f"{value} is none of {', '.join(map(str, choices))}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_programs_have_every_command_of_a_page(page: Path) -> None:
    wrong = {line: said for line in _commands(page.read_text()) if (said := _problem(line))}
    assert wrong == {}


def test_the_programs_have_every_command_that_a_hint_names() -> None:
    sources = sorted((ROOT / "hostkit").rglob("*.py"))
    spans = [
        (path.name, re.sub(r"\{[^{}]*\}", "X", span))
        for path in sources
        for span in re.findall(r"(?<!`)`((?:hostkit|agent-spawn) [^`\n]+)`", path.read_text())
    ]
    assert len(spans) > 50
    wrong = {(name, line): said for name, line in spans if (said := _problem(line))}
    assert wrong == {}


def test_the_commands_of_the_readme_are_found() -> None:
    found = list(_commands((ROOT / "README.md").read_text()))
    assert "hostkit gate --soak 10m" in found
    assert "hostkit merge run" in found  # after a semicolon
    assert "hostkit boards scan" in found  # in a sentence


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hostkit gate --sok 10m", "hostkit gate has no option --sok"),
        ("hostkit boards serv virt0", "hostkit boards has no verb serv"),
        ("hostkit gate --min-rung lit", "hostkit gate --min-rung: lit is none of"),
        ("agent-spawn --batch T1", "agent-spawn has no option --batch"),
        ("hostkit frobnicate", "hostkit has no verb frobnicate"),
    ],
)
def test_a_command_that_is_not_there_would_be_noticed(line: str, said: str) -> None:
    assert _problem(line).startswith(said)
