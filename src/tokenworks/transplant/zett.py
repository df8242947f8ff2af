"""ZeTT: new rows made by a hypernetwork that was trained for the model on vocabularies drawn at random."""

from __future__ import annotations

from collections.abc import Callable

from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Floats, Ids, Part, Rows
from tokenworks.transplant.initialization import Given, Report, compose, require
from tokenworks.transplant.matching import Match, match


@method(
    "transplant",
    "zett",
    paper="arXiv:2405.07883",
    year=2024,
    fidelity="adapted",
    needs=("torch",),
    declares=("initializer", "needs-hypernetwork"),
)
def zett(
    old: Tokenizer,
    new: Tokenizer,
    embeddings: Embeddings,
    given: Given,
    *,
    language: str = "",
) -> tuple[Embeddings, Report]:
    """Let a hypernetwork make the rows of new tokens from the rows of the old tokens that spell them.

    Inputs/outputs: matrices by old id; matrices by new id, and a report; `given.hypernetwork`, trained
    for the model by `tokenworks lm train-hypernetwork` or published for it. `language`: for networks
    that were trained for several. Cost: one pass of the network per new token, and another for an output
    matrix of its own. Deviations: shared tokens are copied, as the network was trained to see them; the
    networks trained here add what they make to a weighted sum of the pieces' rows. Raises: OptionError
    without a network, or for one of another model.
    """
    require(given, "hypernetwork", "zett", "a hypernetwork for this model (--hypernetwork)")
    assert given.hypernetwork is not None
    from tokenworks.transplant.hypernetwork_rows import HypernetworkRows

    rows = HypernetworkRows(given.hypernetwork, old, embeddings, language=language or None)

    def fill(_rows: Rows, part: Part, match: Match) -> Callable[[Ids], Floats]:
        return lambda ids: rows.make([new.token_bytes(number) for number in ids.tolist()], part)

    return compose(match(old, new, embeddings.input.rows), embeddings, fill=fill)
