"""Which boards a job may use, in the words of ``-b``: names, ``any``, or what must be true of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from hostkit.boards.catalog import several_with_commas
from hostkit.boards.model import BoardSpec, Fidelity
from hostkit.errors import UsageError
from hostkit.jobs.model import EITHER, TOGETHER

ANY = "any"
_KEYS = ("chip", "kind", "label", "profile", "fidelity")


@dataclass(frozen=True, slots=True)
class Wish:
    """Names, or words that all must be true of a board: (key, value). Neither: any board.

    Who names several wants all of them at once, and in that order.
    """

    names: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()

    @property
    def together(self) -> bool:
        """True where all of the boards are needed, at once."""
        return len(self.names) > 1

    def fits(self, spec: BoardSpec) -> bool:
        """Say whether a board is one of those asked for."""
        if self.names:
            return spec.name in self.names
        return all(_true_of(spec, key, value) for key, value in self.words)

    def narrowed(self, *words: tuple[str, str]) -> Wish:
        """Return the wish with more words; a board that is named stays the one."""
        return self if self.names else Wish((), (*self.words, *(word for word in words if word[1])))

    def __str__(self) -> str:
        """Return the words that :func:`parse_wish` reads."""
        return ",".join(self.names or (f"{key}={value}" for key, value in self.words)) or ANY


def parse_wish(text: str) -> Wish:
    """Read a wish. Raises :class:`UsageError` that names the word it does not understand."""
    if text == ANY:
        return Wish()
    if "=" not in text:
        names = (name.strip() for name in text.split(","))
        return Wish(names=tuple(name for name in names if name) or (text,))
    words = []
    for part in text.split(","):
        key, _, value = (piece.strip() for piece in part.partition("="))
        if key not in _KEYS or not value:
            near = get_close_matches(key, _KEYS, n=1)
            hint = f"did you mean {near[0]}=…?" if near else f"known: {', '.join(_KEYS)}"
            raise UsageError(f"-b {text}: {part.strip()!r} says nothing of a board", hint=hint)
        if key == "fidelity" and value.upper() not in Fidelity.__members__:
            known = ", ".join(each.lower() for each in Fidelity.__members__)
            raise UsageError(f"-b {text}: {value!r} is no fidelity", hint=f"one of: {known}")
        words.append((key, value))
    return Wish(words=tuple(words))


def find_fitting(wish: Wish, boards: Iterable[BoardSpec]) -> tuple[BoardSpec, ...]:
    """Return the boards that fit; those that are named in the order of their names.

    Raises :class:`UsageError` when nobody has one, or one of several: it would wait for ever.
    """
    known = tuple(boards)
    found = tuple(spec for spec in known if wish.fits(spec))
    names = [spec.name for spec in known]
    missing = [name for name in wish.names if name not in names]
    if found and not missing:
        return tuple(sorted(found, key=lambda spec: wish.names.index(spec.name))) if wish.names else found
    unknown = missing[0] if missing else ""
    near = get_close_matches(unknown, names, n=1)
    nearest = f"did you mean {near[0]}?" if near else f"boards.toml has: {', '.join(names) or 'none'}"
    raise UsageError(f"nobody has a board {unknown or wish}", hint=several_with_commas(unknown) or nearest)


def line_name(boards: Iterable[BoardSpec], *, together: bool = False) -> str:
    """Return the name of the line for a set of boards: the same from every checkout, in any order.

    Who needs all of them ``together`` stands in another line than who takes any one of them.
    """
    return (TOGETHER if together else EITHER).join(sorted(spec.identity for spec in boards))


def _true_of(spec: BoardSpec, key: str, value: str) -> bool:
    if key == "label":
        return value in spec.labels
    if key == "fidelity":
        return spec.fidelity >= Fidelity[value.upper()]
    return value == {"chip": spec.chip.value, "kind": spec.kind.value, "profile": spec.profile}[key]
