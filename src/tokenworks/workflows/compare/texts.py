"""The texts that tokenizers are compared on: one stream of documents with labels."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tokenworks.data.udhr import Declaration, declarations
from tokenworks.errors import TokenworksError
from tokenworks.text import Document, Problem, Problems, documents, sources
from tokenworks.workflows.audit.describe import script
from tokenworks.workflows.compare.languages import language_documents

DOCUMENT = 1 << 18  # bytes; longer documents are cut, so that memory stays bounded
PARTS = 32  # of a plain file, so that intervals can be told of a single one
LEAST_PART = 8 << 10  # bytes
_LOOKED_AT = 1000  # files
FILES_AS_LABELS = 200  # a folder with more files than this is one label
PROBED = 4000  # characters that decide on a script
BY_SCRIPT, BY_LANGUAGE = "script", "language"


@dataclass(frozen=True, slots=True)
class Text:
    """A document and the label (language, domain) it counts for."""

    text: str
    label: str
    where: str


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of a label."""

    name: str
    script: str
    direction: str  # "ltr" or "rtl"
    lang: str = ""  # BCP 47, where it is known


@dataclass(frozen=True, slots=True)
class Corpus:
    """A stream of texts, and what is known beforehand.

    parallel: the labels hold the same documents in the same order. languages: they are languages.
    """

    title: str
    texts: Iterable[Text]
    parallel: bool
    problems: Problems
    labels: dict[str, Label]
    reference: str | None = None  # the label that premiums are taken against
    shown: tuple[str, ...] = ()  # labels whose first paragraph is shown cut
    note: str = ""  # a sentence for readers
    languages: bool = False
    inputs: tuple[str, ...] = ()  # the names that were read


SHOWN = (
    "hin",
    "arb",
    "eng",
    "deu_1996",
    "swh",
    "rus",
    "heb",
    "cmn_hans",
    "jpn",
    "kor",
    "tha",
    "amh",
)


def declaration_corpus(texts: Sequence[Declaration] | None = None) -> Corpus:
    """The Universal Declaration: each article of each translation is a document."""
    found = declarations() if texts is None else texts
    labels = {
        one.language: Label(one.language, one.script, one.direction, one.bcp47) for one in found
    }
    names = {one.code: one.language for one in found}
    return Corpus(
        title=f"the Universal Declaration of Human Rights in {len(found)} languages",
        texts=[
            Text(article, one.language, f"{one.language}, article {number}")
            for one in found
            for number, article in enumerate(one.articles, 1)
        ],
        parallel=True,
        problems=Problems(),
        labels=labels,
        reference=names.get("eng"),
        shown=tuple(names[code] for code in SHOWN if code in names),
        languages=True,
    )


def read_corpus(
    paths: Sequence[str],
    *,
    labels: str | None,
    field: str,
    parallel: bool,
    reference: str | None,
    offline: bool,
) -> Corpus:
    """Files, folders and globs as a stream; nothing is read before the stream is.

    Args:
        paths: as `tokenworks.text.documents` takes them.
        labels: "folder", "file", "column:NAME", "name:PATTERN", "script", "language" (see
            `language_documents`), or None: folders below a named folder, else files, else the names.
        field: where records hold their text.
        parallel: the labels hold the same documents in the same order.
        reference: the label that premiums are taken against; the first one where left out.
        offline: refuse the network.

    Raises:
        UnknownNameError, OptionError, FormatError: a path or option is wrong.
    """
    problems = Problems()
    if labels == BY_LANGUAGE:
        texts = _by_language(paths, field=field, offline=offline, problems=problems)
        named = Corpus(_title(paths), texts, parallel, problems, {}, reference, languages=True)
        return replace(named, inputs=tuple(paths))
    rule = None if labels == BY_SCRIPT else labels
    streams: list[tuple[str, Iterator[Document]]] = []
    for path, name in zip(paths, _names(paths), strict=True):
        chosen = rule if labels is not None else _rule(path)
        stream = documents(
            path,
            field=field,
            labels=chosen,
            max_document_bytes=DOCUMENT,
            part_bytes=None if parallel else _part(path),
            offline=offline,
            on_problem=problems,
        )
        streams.append((name, stream))
    texts = _labelled(streams, labels, problems)
    named = Corpus(_title(paths), texts, parallel, problems, {}, reference)
    return replace(named, inputs=tuple(paths))


def _part(path: str) -> int:
    """Bytes of the parts in which plain files are counted: some dozens of the smallest one named."""
    try:
        found = sources(path, offline=True, quiet=True) if path != "-" else []
    except TokenworksError:
        return DOCUMENT  # told where it is read
    sizes = [one.size_on_disk for one in found[:_LOOKED_AT] if one.format == "text"]
    smallest = min((size for size in sizes if size), default=PARTS * DOCUMENT)
    return min(max(smallest // PARTS, LEAST_PART), DOCUMENT)


def _title(paths: Sequence[str]) -> str:
    title = ", ".join(_names(paths)[:3])
    return title if len(paths) <= 3 else f"{title} and {len(paths) - 3} more"


def _by_language(
    paths: Sequence[str], *, field: str, offline: bool, problems: Problems
) -> Iterator[Text]:
    for path in paths:
        found = language_documents(
            path, field=field, max_document_bytes=DOCUMENT, offline=offline, problems=problems
        )
        for document, label in found:
            yield Text(document.text, label, document.where)


def pasted_corpus(text: str) -> Corpus:
    """One text: each of its lines that holds more than white space is a document, labelled by script."""
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(keepends=True), 1)
        if not line.isspace()
    ]
    return Corpus(
        title="the pasted text",
        texts=[Text(line, main_script(line), f"line {number}") for number, line in lines],
        parallel=False,
        problems=Problems(),
        labels={},
        note="Each line is encoded by itself, and the labels are the scripts of the lines.",
    )


def _rule(path: str) -> str | None:
    folder = Path(path)
    try:
        if not folder.is_dir():
            return None
        entries = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except (OSError, ValueError):
        return None
    if any(entry.is_dir() for entry in entries):
        return "folder"
    return "file" if len(entries) <= FILES_AS_LABELS else None


def _names(paths: Sequence[str]) -> list[str]:
    """The last part of each path; more parts where two different paths would have the same name."""
    found = list(map(_parts, paths))
    names = {one: one[-1] for one in found}
    for length in range(2, 1 + max(map(len, found), default=0)):
        often = Counter(names.values())
        names = {
            one: name if often[name] == 1 else "/".join(one[-length:])
            for one, name in names.items()
        }
    return [names[one] for one in found]


def _parts(path: str) -> tuple[str, ...]:
    """A path in parts, as it can be printed; what only says "any file below" is left out."""
    shown = os.fsencode(path).decode("utf-8", "backslashreplace")
    if shown == "-":
        return ("standard input",)
    parts = [part for part in shown.split("/") if part]
    while len(parts) > 1 and not parts[-1].strip("*"):
        parts.pop()
    if not parts or parts[-1] in (".", ".."):
        return (Path(shown).resolve().name or shown,)
    return tuple(parts)


def _labelled(
    streams: Sequence[tuple[str, Iterator[Document]]], labels: str | None, problems: Problems
) -> Iterator[Text]:
    for name, stream in streams:
        for document in stream:
            label = main_script(document.text) if labels == BY_SCRIPT else document.label
            if label is None and labels is not None:
                place = f"{document.unit} {document.position}"
                told = f"no label by {labels}; it counts for {name}"
                problems.add(Problem("label", document.source, place, told))
            yield Text(document.text, label or name, document.where)


def main_script(text: str) -> str:
    """The script of most letters at the beginning of a text."""
    found = Counter(s for c in text[:PROBED] if (s := script(c)))
    return found.most_common(1)[0][0] if found else "no letters"


def describe_label(name: str, text: str) -> Label:
    """Script and direction of a label, judged by its first text."""
    letters = [unicodedata.bidirectional(c) for c in text[:PROBED]]
    rtl = sum(kind in ("R", "AL") for kind in letters)
    return Label(name, main_script(text), "rtl" if 2 * rtl > letters.count("L") + rtl else "ltr")
