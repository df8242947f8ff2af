"""The index of methods, scanned from the decorators in the source without importing it."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError
from tokenworks.registry import INDEX, MethodInfo, first_line

PACKAGE = Path(__file__).parent
FIELDS = ("paper", "year", "summary", "needs", "fidelity", "declares")


def _decorations(tree: ast.Module) -> list[tuple[ast.FunctionDef | ast.ClassDef, ast.Call]]:
    found = []
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call):
                    called = decorator.func
                    if isinstance(called, ast.Name) and called.id == "method":
                        found.append((node, decorator))
    return found


def scan(package: Path = PACKAGE, root: str = "tokenworks") -> list[MethodInfo]:
    """The methods of every module below `package`, sorted by family and name.

    Raises:
        FormatError: an argument of a decorator is not a literal, or two methods share a name.
    """
    entries: dict[str, MethodInfo] = {}
    for path in sorted(package.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "@method(" not in source:
            continue
        module = ".".join([root, *path.relative_to(package).with_suffix("").parts])
        for node, call in _decorations(ast.parse(source)):
            info = _entry(path, module.removesuffix(".__init__"), node, call)
            if info.key in entries:
                taken = entries[info.key].target
                raise FormatError(f"{path}:{node.lineno}: {info.key} is also the name of {taken}")
            entries[info.key] = info
    return [entries[key] for key in sorted(entries)]


def _entry(
    path: Path, module: str, node: ast.FunctionDef | ast.ClassDef, call: ast.Call
) -> MethodInfo:
    try:
        positional = [ast.literal_eval(argument) for argument in call.args]
        named = {item.arg: ast.literal_eval(item.value) for item in call.keywords if item.arg}
    except ValueError:
        raise FormatError(f"{path}:{call.lineno}: @method takes literals only") from None
    values: dict[str, Any] = dict(zip(("family", "name"), positional, strict=False)) | named
    values.setdefault("summary", first_line(ast.get_docstring(node)))
    for key in ("needs", "declares"):
        values[key] = tuple(values.get(key, ()))
    unknown = sorted(values.keys() - {"family", "name", *FIELDS})
    if unknown:
        raise FormatError(f"{path}:{call.lineno}: @method does not take {', '.join(unknown)}")
    return MethodInfo(target=f"{module}:{node.name}", **values)


def render(entries: list[MethodInfo]) -> str:
    """The text of the index file: one method per line, so that merges seldom conflict."""
    lines = [json.dumps(entry.to_json(), ensure_ascii=False) for entry in entries]
    return "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"


def main(arguments: list[str] | None = None) -> int:
    """Rewrite the index, or with `--check` say whether it is current (exit 1 where it is not)."""
    checking = "--check" in (sys.argv[1:] if arguments is None else arguments)
    text = render(scan())
    current = INDEX.read_text(encoding="utf-8") if INDEX.is_file() else ""
    if checking:
        if text != current:
            print("the index of methods is stale; run: python -m tokenworks.registry")
            return 1
        return 0
    if text != current:
        INDEX.write_text(text, encoding="utf-8")
    print(f"{text.count('target')} methods in {INDEX.name}")
    return 0
