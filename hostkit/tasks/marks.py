"""YAML that remembers its lines: plain values, and for each the line where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import yaml

Place = tuple[str | int, ...]
"""Keys and indexes that lead to a value."""


class YamlFault(Exception):  # noqa: N818 - carried to the reader, which makes an error of it
    """Text that is no YAML of ours: the line (from 1), what is wrong and what to do."""

    def __init__(self, line: int, message: str, hint: str) -> None:
        """Keep the three."""
        super().__init__(message)
        self.line, self.message, self.hint = line, message, hint


@dataclass(slots=True)
class Marked:
    """A document and the line of each place in it, from 1. Keys stand for their values' lines."""

    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """Return the line of a place, or of the nearest place around it that the text has."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml, where PyYAML was built with it: ten times as fast, but what is nested deep uses up its stack."""

_BRACKETS = re.compile(r"[\[\]{}]")
_DEEP = 100


class _TextLoader(yaml.SafeLoader):
    """Leaves what looks like a number or a date as text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own
        first: [each for each in found if each[0].rsplit(":", 1)[-1] in ("bool", "null", "merge")]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_TEXT = "tag:yaml.org,2002:str"
_MOST = 200_000  # values in a document; aliases of aliases can stand for any number of them


def load_marked(text: str) -> Marked:
    """Read one YAML document. Raises :class:`YamlFault` for broken syntax, doubled keys, cyclic aliases."""
    if _Loader is not yaml.SafeLoader and not _is_deep(text):
        with suppress(YamlFault, yaml.YAMLError):  # what is wrong is said below, with its exact line
            return _load(text, _Loader.get_single_node, _Loader)[0]
    return _load(text, yaml.SafeLoader.get_single_node)[0]


def _is_deep(text: str) -> bool:
    """True when a text may nest deeper than any plan does."""
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += 1 if found[0] in "[{" else -1
        if depth > _DEEP:
            return True
    return any(mark * _DEEP in text for mark in (" ", "\t", "- ", "? ", ": "))


def load_all_marked(text: str) -> tuple[Marked, ...]:
    """Read every YAML document of a text, with lines of the whole text; see :func:`load_marked`.

    Numbers and dates stay the text that they are written as: an id 1.10 is not 1.1.
    """

    def nodes(loader: yaml.SafeLoader) -> Iterator[yaml.Node | None]:
        while loader.check_node():
            yield loader.get_node()

    return _load(text, nodes, _TextLoader)


def _load(
    text: str, nodes: Callable[[yaml.SafeLoader], Any], kind: type[yaml.SafeLoader] = yaml.SafeLoader
) -> tuple[Marked, ...]:
    try:
        loader = kind(text)
    except yaml.YAMLError as error:
        raise YamlFault(
            1, str(error).splitlines()[0], "the file must be UTF-8 text without control characters"
        ) from error
    try:
        found = nodes(loader)
        documents = []
        for node in found if isinstance(found, Iterator) else [found]:
            marked = Marked()
            marked.value = None if node is None else _walk(loader, node, (), marked, ())
            documents.append(marked)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = error.problem or error.context or "broken YAML"
        raise YamlFault(
            mark.line + 1 if mark else 1, said, "check indentation, quotes and colons around there"
        ) from error
    except RecursionError as error:
        raise YamlFault(1, "nested too deep", "no plan needs that; check for missing brackets") from error
    finally:
        loader.dispose()
    return tuple(documents)


def _walk(
    loader: yaml.SafeLoader, node: yaml.Node, place: Place, marked: Marked, above: tuple[int, ...]
) -> Any:
    line = node.start_mark.line + 1
    marked.lines.setdefault(place, line)
    if len(marked.lines) > _MOST:
        raise YamlFault(line, f"more than {_MOST} values", "write aliases out, or leave them away")
    if id(node) in above:
        raise YamlFault(line, "an alias that contains itself", "write the value out")
    inside = (*above, id(node))
    if isinstance(node, yaml.MappingNode):
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = _scalar(loader, key_node)
            key_line = key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise YamlFault(key_line, f"the key {key!r} is no text", "put it in quotes")
            if key in result:
                raise YamlFault(key_line, f"the key {key} stands here a second time", "remove one of the two")
            marked.lines[(*place, key)] = key_line
            result[key] = _walk(loader, value_node, (*place, key), marked, inside)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_walk(loader, item, (*place, n), marked, inside) for n, item in enumerate(node.value)]
    return _scalar(loader, node)


def _scalar(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if node.tag == _TEXT and isinstance(node, yaml.ScalarNode):
        return node.value
    try:
        return loader.construct_object(node, deep=True)
    except (ValueError, KeyError, TypeError, OverflowError) as error:  # such as a date with month 13
        raise YamlFault(
            node.start_mark.line + 1,
            f"{node.value!r} is no {node.tag.rsplit(':', 1)[-1]}",
            "put it in quotes",
        ) from error
