"""Measuring tokenizers: `measure(tokenizers, samples, model=None) -> rows`.

Each method takes tokenizers and samples (or an `Encoded`, in which each text is already tokenized
once) and gives tidy rows with value, interval, unit and direction. Where a group of documents leaves
a figure undefined, there is no row.
"""

from tokenworks.evaluation.encoded import Encoded
from tokenworks.evaluation.row import Row, rows_to_arrow
from tokenworks.evaluation.sample import Sample

__all__ = ["Encoded", "Row", "Sample", "rows_to_arrow"]
