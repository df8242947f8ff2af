"""Datasets of the Hugging Face Hub, streamed, when `hf://datasets/...` is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import FormatError, MissingExtraError
from .document import Document
from .options import Reading
from .problems import Problem, Report
from .records import record_documents
from .sources import Source

_PREFIX = "hf://datasets/"


def read(source: Source, reading: Reading, report: Report) -> Iterator[Document]:
    """Documents of `hf://datasets/ORG/NAME[@REVISION][:CONFIG][#SPLIT]`; the split is `train`.

    The position counts records from 1. No code of the dataset is run. Raises MissingExtraError
    without the package `datasets`; a failing download is reported like an unreadable file.
    """
    try:
        import datasets
    except ImportError:
        raise MissingExtraError(
            f"{source.path} needs the package datasets: pip install datasets"
        ) from None
    name, config, split, revision = parsed(source.path)
    try:
        records = datasets.load_dataset(
            name, config, split=split, revision=revision, streaming=True
        )
        yield from record_documents(enumerate(records, start=1), source, reading, report)
    except (OSError, ValueError, RuntimeError) as error:
        report(Problem("unreadable", source.name, "", f"{type(error).__name__}: {error}"))


def parsed(url: str) -> tuple[str, str | None, str, str | None]:
    """Name, configuration, split and revision of a dataset URL. Raises FormatError.

    >>> parsed("hf://datasets/org/name@v1:tr#test")
    ('org/name', 'tr', 'test', 'v1')
    """
    rest, _, split = url.removeprefix(_PREFIX).partition("#")
    rest, _, config = rest.partition(":")
    name, _, revision = rest.partition("@")
    if not name or name.count("/") > 1:
        raise FormatError(
            f"{url} is no dataset: expected {_PREFIX}ORG/NAME, then @REVISION, :CONFIG or #SPLIT"
        )
    return name, config or None, split or "train", revision or None
