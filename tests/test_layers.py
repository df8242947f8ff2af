"""A room imports from the floors below its own alone, and families do not import each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

import tokenworks
from tokenworks.registry import methods

PACKAGE = Path(tokenworks.__file__).parent
FLOORS = (
    {
        "__init__",
        "_native",
        "errors",
        "files",
        "interruption",
        "registry",
        "registry_index",
        "testing",
    },
    {"data", "engine", "text", "tokenizer"},
    {"lm"},
    {"evaluation", "provenance", "training", "transplant"},  # the families
    {"workflows"},
    {"__main__", "citation", "cli", "report", "studio"},
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
AT_HOME = (0, 5)  # floors whose rooms may import each other
# The package offers the verbs; `tw.compare(...).to_html(path)` reaches up when it is called.
ALLOWED = {
    ("__init__.py", "tokenizer"),
    ("__init__.py", "lm"),
    ("__init__.py", "workflows"),
    ("workflows/compare/result.py", "report"),
}
FILES = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}


def imported(name: str) -> Iterator[str]:
    """The rooms of which a file imports something, at its top or within a function."""
    parts = ("tokenworks", *Path(name).with_suffix("").parts)
    for node in ast.walk(ast.parse(FILES[name].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            whole = resolve_name("." * node.level + (node.module or ""), ".".join(parts[:-1]))
            found = [f"{whole}.{one.name}" for one in node.names]
        else:
            continue
        for module in found:
            if module.startswith("tokenworks."):
                room = module.split(".")[1]
                yield "__init__" if room == "__version__" else room


def room_of(name: str) -> str:
    return Path(name).with_suffix("").parts[0]


@pytest.mark.parametrize("room", sorted({room_of(name) for name in FILES}))
def test_a_room_imports_from_the_floors_below_alone(room: str) -> None:
    floor = FLOOR_OF[room]
    wrong = [
        f"{name} imports {other}"
        for name in FILES
        if room_of(name) == room
        for other in imported(name)
        if other != room and FLOOR_OF[other] >= floor + (floor in AT_HOME)
        if (name, other) not in ALLOWED
    ]
    assert wrong == []


def test_what_is_allowed_is_needed() -> None:
    assert {(name, other) for name, other in ALLOWED if other in imported(name)} == ALLOWED


def test_every_family_is_on_the_floor_of_families() -> None:
    own = {info.family for info in methods() if info.target.startswith("tokenworks.")}
    assert own == FLOORS[3]
