"""The types that mypy sees of the native core: the names that the module has, and their parameters."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import tokenworks
from tokenworks import _native

STUB = ast.parse(Path(tokenworks.__file__).with_name("_native.pyi").read_text(encoding="utf-8"))


def test_the_stub_names_what_the_module_has() -> None:
    assert _stub_names(STUB) == _names(_native)
    for node in STUB.body:
        if isinstance(node, ast.ClassDef) and not node.name.endswith("Error"):
            assert _stub_names(node) - {"__init__"} == _names(getattr(_native, node.name)), (
                node.name
            )


def test_the_parameters_are_those_of_the_module() -> None:
    for node in STUB.body:
        owner: Any = getattr(_native, node.name) if isinstance(node, ast.ClassDef) else _native
        for function in node.body if isinstance(node, ast.ClassDef) else [node]:
            if not isinstance(function, ast.FunctionDef) or function.decorator_list:
                continue
            given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
            for signature, *_ in getattr(owner, function.name).__nb_signature__:
                assert [one.arg for one in given] == _parameters(signature), (node, function.name)


def _names(owner: ModuleType | type) -> set[str]:
    return {name for name in vars(owner) if not name.startswith("_")}


def _stub_names(node: ast.Module | ast.ClassDef) -> set[str]:
    """The classes, functions and properties; names with an underscore are types of the stub alone."""
    return {one.name for one in node.body if isinstance(one, ast.ClassDef | ast.FunctionDef)}


def _parameters(signature: str) -> list[str]:
    """`def f(self, a: ndarray[dtype=int, shape=(*, 2)], *, b: str = \\0) -> None` -> self, a, b."""
    inside = signature.split(") ->", maxsplit=1)[0].split("(", 1)[1]
    flat = re.sub(r"\[[^\[\]]*\]", "", re.sub(r"\[[^\[\]]*\]", "", inside))
    parts = (part.strip() for part in flat.split(","))
    return [part.split(":")[0] for part in parts if part not in {"", "*", "/"}]
