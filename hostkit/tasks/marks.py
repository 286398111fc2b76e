"""YAML that remembers its lines: plain values, and for each the line where it stands."""

from __future__ import annotations

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


def load_marked(text: str) -> Marked:
    """Read one YAML document. Raises :class:`YamlFault` for broken syntax, doubled keys, cyclic aliases."""
    try:
        loader = yaml.SafeLoader(text)
    except yaml.YAMLError as error:
        raise YamlFault(
            1, str(error).splitlines()[0], "the file must be UTF-8 text without control characters"
        ) from error
    try:
        node = loader.get_single_node()
        marked = Marked()
        marked.value = None if node is None else _walk(loader, node, (), marked, ())
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
    return marked


def _walk(
    loader: yaml.SafeLoader, node: yaml.Node, place: Place, marked: Marked, above: tuple[int, ...]
) -> Any:
    line = node.start_mark.line + 1
    marked.lines.setdefault(place, line)
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
    try:
        return loader.construct_object(node, deep=True)
    except (ValueError, KeyError, TypeError, OverflowError) as error:  # such as a date with month 13
        raise YamlFault(
            node.start_mark.line + 1,
            f"{node.value!r} is no {node.tag.rsplit(':', 1)[-1]}",
            "put it in quotes",
        ) from error
