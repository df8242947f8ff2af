"""Labels that are languages: from a column, else a folder, else an identifier of languages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from tokenworks.data.udhr import declarations
from tokenworks.errors import MissingExtraError
from tokenworks.text import Document, Problems, Source, documents, sources
from tokenworks.text.labels import Labels

COLUMNS = ("language", "lang", "language_code", "lang_code")
RECORDS = ("jsonl", "json", "parquet", "arrow", "csv", "tsv")
READ = 1000  # characters that the identifier looks at
LEAST = 10  # letters, below which a text is of no certain language
UNDETERMINED = "und"  # as BCP 47 says it


def language_documents(
    path: str, *, field: str, max_document_bytes: int, offline: bool, problems: Problems
) -> Iterator[tuple[Document, str]]:
    """The documents of a path with the language of each, a BCP 47 tag where it is known.

    The first of these that there is: the record's column `language`, `lang`, `language_code` or
    `lang_code`; the folder of the file, where its name is a language; what `identify` says.

    Raises:
        MissingExtraError: a text needs identifying, and the identifier is not installed.
        UnknownNameError, FormatError: the path is wrong.
    """
    folder = Labels("folder")
    for source in sources(path, offline=offline):
        of_folder = language_tag(folder.of(source) or "")
        column = _column(source, field, offline) if source.format in RECORDS else None
        stream = documents(
            [source],
            field=field,
            labels=f"column:{column}" if column else None,
            max_document_bytes=max_document_bytes,
            offline=offline,
            on_problem=problems,
        )
        for document in stream:
            named = document.label
            found = (language_tag(named) or named) if named else of_folder
            yield document, found or identify(document.text)


def _column(source: Source, field: str, offline: bool) -> str | None:
    """The column that tells the language in the first record of a source, if there is one."""
    if source.path == "-":
        return None
    for name in COLUMNS:
        stream = documents(
            [source], field=field, labels=f"column:{name}", offline=offline, on_problem=Problems()
        )
        first = next(iter(stream), None)
        if first is None:
            return None
        if first.label:
            return name
    return None


@cache
def _tags() -> dict[str, str]:
    found: dict[str, str] = {}
    for one in declarations():
        for name in (one.code, one.code.partition("_")[0], one.bcp47, one.language):
            found.setdefault(name.lower(), one.bcp47)
    return found


def language_tag(name: str) -> str | None:
    """The BCP 47 tag of a language's English name, ISO 639-3 code or tag; None for anything else.

    >>> language_tag("German"), language_tag("tur"), language_tag("news")
    ('de', 'tr', None)
    """
    lowered = name.strip().lower().replace("_", "-")
    tags = _tags()
    whole = tags.get(lowered) or tags.get(lowered.replace("-", "_"))
    if whole is not None or "-" not in lowered:
        return whole
    head, _, rest = lowered.partition("-")  # de-AT, eng-Latn
    return tags.get(head) if rest.isalnum() and len(rest) in (2, 3, 4) else None


@cache
def _identifier() -> Any:
    try:
        from py3langid import langid
    except ImportError:
        raise MissingExtraError(
            "no column or folder tells the language, and the identifier is not installed: "
            "pip install 'tokenworks[languages]'"
        ) from None
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE)


def identify(text: str) -> str:
    """The language of a text as an ISO 639 code, by py3langid's model, which lies in its package.

    Returns:
        "und" for a text with fewer than ten letters in its first thousand characters.

    Raises:
        MissingExtraError: py3langid is not installed.
    """
    start = text[:READ]
    if sum(map(str.isalpha, start)) < LEAST:
        return UNDETERMINED
    code: str = _identifier().classify(start)[0]
    return code
