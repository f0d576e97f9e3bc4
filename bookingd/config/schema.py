"""Which settings exist, derived from the sections: the one list that reading, hints and tests go by."""

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Union, get_args, get_origin

from bookingd.config.sections import Settings
from bookingd.config.values import Secret, Url

Path = tuple[str, ...]
"""Section, sections below it, key: as in the file, `("actors", "booking", "batch")`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One setting: where its value goes, what it is, what its field says about it."""

    path: Path
    kind: Any
    default: Any
    metadata: Mapping[str, Any]

    @property
    def file_path(self) -> Path:
        """The spelling that names a file instead of giving the value."""
        return (*self.path[:-1], f"{self.path[-1]}_file")

    @property
    def secret(self) -> bool:
        return self.kind is Secret

    @property
    def from_file(self) -> bool:
        """Whether the value may, or must, come from a file of its own."""
        return bool(self.metadata.get("from_file"))

    @property
    def spellings(self) -> tuple[Path, ...]:
        """How the setting may be named in the configuration."""
        if self.secret:
            return (self.file_path,)
        return (self.path, self.file_path) if self.from_file else (self.path,)


def _is_section(kind: Any) -> bool:
    return is_dataclass(kind) and kind not in {Secret, Url}


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in {Union, types.UnionType}:
        return next(one for one in get_args(kind) if one is not type(None))
    return kind


def _leaves(section: Any, above: Path) -> Iterator[Leaf]:
    for each in fields(section):
        path = (*above, each.name)
        value = getattr(section, each.name)
        if each.metadata.get("internal"):
            continue
        if _is_section(each.type):
            yield from _leaves(value, path)
        else:
            kind = _without_none(each.type)
            yield Leaf(path=path, kind=kind, default=value, metadata=each.metadata)


LEAVES: tuple[Leaf, ...] = tuple(_leaves(Settings(), ()))
"""Every setting, in the order of the sections."""

SPELLED: Mapping[Path, Leaf] = {path: leaf for leaf in LEAVES for path in leaf.spellings}
"""Every name that a configuration may use."""

SECTIONS: frozenset[Path] = frozenset(leaf.path[:depth] for leaf in LEAVES for depth in range(len(leaf.path)))


def build(values: Mapping[Path, Any]) -> Settings:
    """Settings with `values` (by `Leaf.path`) in place of the defaults."""
    built: Settings = _build(Settings, (), values)
    return built


def _build(section: Any, above: Path, values: Mapping[Path, Any]) -> Any:
    chosen: dict[str, Any] = {}
    for each in fields(section):
        path = (*above, each.name)
        if _is_section(each.type):
            chosen[each.name] = _build(each.type, path, values)
        elif path in values:
            chosen[each.name] = values[path]
    return section(**chosen)
