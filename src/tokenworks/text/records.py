"""Documents of records that have no line: of JSON values and of datasets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .decoded import without_surrogates
from .document import Document
from .fields import FieldError, label_of, text_of
from .options import Reading
from .problems import Problem, Report
from .sources import Source


def record_documents(
    records: Iterable[tuple[int, Any]], source: Source, reading: Reading, report: Report
) -> Iterator[Document]:
    """The text and label of each numbered record; one without text is reported and left out."""
    for number, record in records:
        place = f"record {number}"
        try:
            text = text_of(record, reading.field)
        except FieldError as error:
            report(Problem("field", source.name, place, str(error)))
            continue
        text = without_surrogates(text, source, place, report)
        label = label_of(record, reading.label_column)
        yield Document(text, source.name, number, "record", label)
