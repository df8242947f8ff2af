"""The tidy table that every measurement gives: one figure per row, with unit and interval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

Kind = Literal["all", "language", "domain", "script", "category"]
Direction = Literal["higher", "lower", "none"]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    tokenizer: its name in this comparison; metric: `bytes_per_token` and the like.
    kind, group: what it was measured on: ("all", ""), ("language", "tr"), ("script", "Cyrillic")...
    value: finite. low, high: the 95 % interval around it, None where there is none (one document, or
        a fact about the vocabulary that no sampling touches).
    unit: of value; direction: which way is better, "none" where neither is.
    n: documents (or words, problems, tokens) that the figure rests on.
    """

    tokenizer: str
    metric: str
    kind: Kind
    group: str
    value: float
    low: float | None
    high: float | None
    unit: str
    direction: Direction
    n: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def rows_to_arrow(rows: Iterable[Row]) -> Any:
    """The rows as a `pyarrow.Table`, one column per field.

    Returns:
        Strings are dictionary-encoded; value, low and high float64 (low and high may be null);
        n int64.
    """
    import pyarrow as pa

    text = pa.dictionary(pa.int32(), pa.string())
    types = {"value": pa.float64(), "low": pa.float64(), "high": pa.float64(), "n": pa.int64()}
    schema = pa.schema([(field.name, types.get(field.name, text)) for field in fields(Row)])
    kept = list(rows)
    columns = [
        pa.array([getattr(row, field.name) for row in kept], schema.field(field.name).type)
        for field in fields(Row)
    ]
    return pa.Table.from_arrays(columns, schema=schema)
