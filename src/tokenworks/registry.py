"""The register of methods: metadata written once beside the code, read without importing it.

A method is a function or frozen dataclass under `@method(family, name, ...)`. The decorators' literal
arguments are scanned from the source into `_index.json` (`python -m tokenworks.registry` rewrites
it), so that listing methods imports neither them nor their dependencies. Other packages add theirs
by entry points of the group `tokenworks.methods`, named `family.name`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

from tokenworks.errors import MissingExtraError, OptionError, UnknownNameError

Fidelity = Literal["exact", "faithful", "adapted"]
FIDELITIES: tuple[str, ...] = get_args(Fidelity)
ENTRY_POINT_GROUP = "tokenworks.methods"
INDEX = Path(__file__).with_name("_index.json")

FAMILIES: dict[str, str] = {
    "training": "Make a tokenizer from text.",
    "evaluation": "Measure tokenizers, with the unit and the interval of each figure.",
    "provenance": "Questions about where a tokenizer or model comes from, answered with an interval.",
    "transplant": "Give a model a new vocabulary.",
    "segmentation": "Split text into sentences, words or morphemes.",
    "bytelevel": "See a token model as exact probabilities of bytes.",
    "packing": "Put documents into sequences of fixed length.",
    "mixing": "Weigh, order and choose training documents.",
    "prompts": "Keep the part of a prompt that fits a budget.",
    "kvcache": "Keep the part of a key-value cache that fits a budget.",
    "attention": "Sparse and structured attention patterns.",
    "positions": "Position encodings beyond the trained length.",
    "decoding": "Generate with fewer steps of the model.",
    "merging": "Merge image and audio tokens inside a model.",
    "architectures": "Models that see bytes, patches or fewer tokens.",
    "retrieval": "Encode texts into vectors for search.",
    "weights": "Smaller weights.",
    "scaling": "Laws that relate vocabulary, data and size.",
    "tasks": "Generated test cases with a rule-based score.",
}

# The extra of this package that brings each importable module that a method may need.
EXTRAS: dict[str, str] = {
    "faiss": "models",
    "rapidfuzz": "models",
    "torch": "models",
    "transformers": "models",
    "huggingface_hub": "hf",
    "tokenizers": "hf",
    "tiktoken": "hf",
    "ray": "ray",
    "starlette": "studio",
    "uvicorn": "studio",
}

T = TypeVar("T", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class MethodInfo:
    """What is known about a method without importing it."""

    family: str
    name: str
    target: str  # "module:object"
    summary: str = ""
    paper: str | None = None  # "arXiv:2404.14469", "doi:10.18653/v1/...", or a plain citation
    year: int | None = None
    needs: tuple[str, ...] = ()  # importable modules outside the base installation
    fidelity: Fidelity = "faithful"
    declares: tuple[str, ...] = ()  # properties that the family's laws hold the method to

    @property
    def key(self) -> str:
        return f"{self.family}/{self.name}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


_local: dict[str, tuple[MethodInfo, Any]] = {}


def method(
    family: str,
    name: str,
    *,
    paper: str | None = None,
    year: int | None = None,
    summary: str = "",
    needs: tuple[str, ...] = (),
    fidelity: Fidelity = "faithful",
    declares: tuple[str, ...] = (),
) -> Callable[[T], T]:
    """Register the decorated function or class as method `name` of `family`.

    Args:
        family: one of `FAMILIES`.
        name: lower case, words joined by hyphens; unique in the family.
        paper: `arXiv:...`, `doi:...` or a short citation.
        year: of publication.
        summary: one line; the first line of the docstring where it is left out.
        needs: importable modules outside the base installation, checked on use.
        fidelity: `exact`, `faithful` or `adapted` (the docstring lists the deviations).
        declares: properties that the laws of the family hold the method to.

    Raises:
        OptionError: an unknown family or fidelity, a malformed name, or a name that is taken.
    """
    if family not in FAMILIES:
        raise OptionError(f"family {family!r} is not one of {', '.join(FAMILIES)}")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise OptionError(f"method name {name!r}: lower-case words joined by hyphens are allowed")
    if fidelity not in FIDELITIES:
        raise OptionError(f"fidelity {fidelity!r} is not one of {', '.join(FIDELITIES)}")

    def register(item: T) -> T:
        target = f"{item.__module__}:{item.__qualname__}"
        info = MethodInfo(
            family=family,
            name=name,
            target=target,
            summary=summary or first_line(item.__doc__),
            paper=paper,
            year=year,
            needs=needs,
            fidelity=fidelity,
            declares=declares,
        )
        taken = _local.get(info.key)
        if taken is not None and taken[0].target != target:
            raise OptionError(f"method {info.key} is already registered by {taken[0].target}")
        _local[info.key] = (info, item)
        cast(Any, item).method_info = info
        return item

    return register


def first_line(docstring: str | None) -> str:
    return (docstring or "").strip().partition("\n")[0].strip()


@cache
def _built_in() -> dict[str, MethodInfo]:
    if not INDEX.is_file():
        return {}
    entries = [
        MethodInfo(**{**row, "needs": tuple(row["needs"]), "declares": tuple(row["declares"])})
        for row in json.loads(INDEX.read_text(encoding="utf-8"))
    ]
    return {entry.key: entry for entry in entries}


@cache
def _strangers() -> dict[str, MethodInfo]:
    from importlib.metadata import entry_points  # slow, and so is the search of all packages

    found: dict[str, MethodInfo] = {}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        family, _, name = point.name.partition(".")
        if family in FAMILIES and name:
            origin = f"from package {point.dist.name}" if point.dist else ""
            info = MethodInfo(family=family, name=name, target=point.value, summary=origin)
            found[info.key] = info
    return found


def methods(family: str | None = None) -> tuple[MethodInfo, ...]:
    """Every registered method (of one family), sorted by family and name; imports none of them.

    Raises:
        UnknownNameError: there is no such family.
    """
    if family is not None and family not in FAMILIES:
        raise UnknownNameError(_unknown("family", family, list(FAMILIES)))
    local = {key: info for key, (info, _) in _local.items()}
    known = {**_strangers(), **local, **_built_in()}
    order = list(FAMILIES)
    chosen = [info for info in known.values() if family is None or info.family == family]
    return tuple(sorted(chosen, key=lambda info: (order.index(info.family), info.name)))


def find(name: str, family: str | None = None) -> MethodInfo:
    """The method called `name` or `family/name`.

    Raises:
        UnknownNameError: no method has this name (the nearest names are given), or several
            families have one and `family` does not say which.
    """
    if family is None and "/" in name:
        family, _, name = name.partition("/")
    own = _built_in().get(f"{family}/{name}")
    if own is not None:  # ours come before those of other packages, which need not be searched
        return own
    candidates = methods(family)
    matching = [info for info in candidates if info.name == name]
    if len(matching) == 1:
        return matching[0]
    if matching:
        choices = ", ".join(info.key for info in matching)
        raise UnknownNameError(f"method name {name!r} is ambiguous: {choices}")
    kind = f"{family} method" if family else "method"
    raise UnknownNameError(_unknown(kind, name, [info.name for info in candidates]))


def _unknown(kind: str, name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"unknown {kind} {name!r}; did you mean {' or '.join(near)}?"
    if not known:
        return f"unknown {kind} {name!r}; none are registered"
    return f"unknown {kind} {name!r}; known: {', '.join(sorted(known))}"


def check_needs(info: MethodInfo) -> None:
    """Refuse a method whose optional dependencies are absent.

    Raises:
        MissingExtraError: with the exact `pip install` line.
    """
    absent = [need for need in info.needs if find_spec(need.partition(".")[0]) is None]
    if absent:
        extras = sorted({EXTRAS[need] for need in absent if need in EXTRAS})
        plain = sorted(need for need in absent if need not in EXTRAS)
        wanted = ([f"tokenworks[{','.join(extras)}]"] if extras else []) + plain
        line = "pip install " + " ".join(f"'{item}'" if "[" in item else item for item in wanted)
        raise MissingExtraError(f"method {info.key} needs {', '.join(absent)}: {line}")


def resolve(name: str, family: str | None = None) -> Any:
    """Import and return the function or class of a method, by `name` or `family/name`.

    Raises:
        UnknownNameError: see `find`.
        MissingExtraError: an optional dependency is absent.
    """
    info = find(name, family)
    check_needs(info)
    local = _local.get(info.key)
    if local is not None:
        return local[1]
    module, _, attribute = info.target.partition(":")
    item: Any = import_module(module)
    for part in attribute.split("."):
        item = getattr(item, part)
    return item


if __name__ == "__main__":  # `python -m tokenworks.registry [--check]`
    from tokenworks.registry_index import main

    raise SystemExit(main())
