"""What to say of a comparison in two sentences, and what to warn of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokenworks.workflows.compare.intervals import SURE, Estimate
from tokenworks.workflows.compare.result import LabelFigures, TokenizerFigures


def verdict(
    ranked: Sequence[TokenizerFigures],
    labels: Sequence[LabelFigures],
    *,
    title: str,
    reference: str,
    reference_label: str | None,
    lead: Estimate | None,
) -> tuple[str, str]:
    """Two sentences for someone in a hurry.

    Args:
        ranked: the tokenizers, fewest tokens first.
        labels: their figures, tokenizers in the same order.
        title: what they were compared on.
        reference: the tokenizer that relative figures are taken against.
        reference_label: the label that premiums are taken against, on parallel text.
        lead: tokens of the first over those of the second; None with one tokenizer.
    """
    best = ranked[0]
    alike = ", each language counted alike" if reference_label is not None else ""
    first = _first(ranked, title + alike, reference, lead)
    return first, _second(best, labels, reference_label)


def _first(
    ranked: Sequence[TokenizerFigures], title: str, reference: str, lead: Estimate | None
) -> str:
    best = ranked[0]
    if lead is None or len(ranked) == 1:
        return (
            f"On {title}, {best.name} takes {best.tokens:,} tokens, "
            f"{best.bytes_per_token.value:.2f} bytes each."
        )
    second = ranked[1].name
    if lead.value > 0.9995:
        start = f"On {title}, {best.name} and {second} take the same number of tokens"
    elif lead.high is not None and lead.high >= 1:
        start = (
            f"On {title}, {best.name} and {second} take the fewest tokens and cannot be told apart"
        )
    else:
        fewer = _share(1 - lead.value)
        start = f"On {title}, {best.name} takes the fewest tokens, {fewer} fewer than {second}"
    if reference in {best.name, second}:
        worst = ranked[-1]
        if len(ranked) == 2:
            return f"{start}."
        return f"{start}; {worst.name} takes the most, {_times(worst, best)} as many."
    saved = best.relative
    interval = ""
    if saved.low is not None and saved.high is not None:
        low, high = f"{100 * (1 - saved.high):.1f}", f"{100 * (1 - saved.low):.1f} %"
        interval = f" ({SURE} % interval {low} to {high})"
    more = "fewer" if saved.value <= 1 else "more"
    return f"{start}, and {_share(abs(1 - saved.value))} {more} than {reference}{interval}."


def _second(
    best: TokenizerFigures, labels: Sequence[LabelFigures], reference_label: str | None
) -> str:
    losing = "" if best.lossless else f" Beware: {best.name} does not give every text back."
    if best.median_premium is not None and best.worst_label is not None:
        worst = max(row.premiums[0].value for row in labels if row.premiums)
        return (
            f"Under {best.name} the median language takes {best.median_premium.value:.2f} times the "
            f"tokens of {reference_label} for the same text, and {best.worst_label}, the dearest, "
            f"{worst:.1f} times.{losing}"
        )
    if len(labels) > 1:
        order = sorted(labels, key=lambda row: row.bytes_per_token[0].value)
        low, high = order[0], order[-1]
        return (
            f"A token of {best.name} holds {best.bytes_per_token.value:.2f} bytes, from "
            f"{low.bytes_per_token[0].value:.2f} in {low.name} to "
            f"{high.bytes_per_token[0].value:.2f} in {high.name}.{losing}"
        )
    return (
        f"A token of {best.name} holds {best.bytes_per_token.value:.2f} bytes or "
        f"{best.characters_per_token:.2f} characters of this text.{losing}"
    )


def _share(value: float) -> str:
    return f"{100 * value:.0f} %" if value >= 0.095 else f"{100 * value:.1f} %"


def _times(one: TokenizerFigures, best: TokenizerFigures) -> str:
    return f"{one.relative.value / best.relative.value:.2f} times"


def warnings(
    tokenizers: Sequence[TokenizerFigures],
    problems: dict[str, Any],
    *,
    shared_label: bool,
    unequal: Sequence[tuple[str, int]] = (),
    normalizers: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """What a reader must know before trusting a figure, most urgent first.

    unequal: labels that were said to be parallel, with their documents, where these are not as many.
    normalizers: what changes text before it is cut, by the name of the tokenizer.
    """
    found: list[str] = []
    if unequal:
        ordered = sorted(unequal, key=lambda pair: pair[1])
        (few, least), (many, most) = ordered[0], ordered[-1]
        found.append(
            f"The labels are said to be parallel but do not hold as many documents each: {few} has "
            f"{least:,}, {many} has {most:,}. Premiums mean nothing then."
        )
    for one in tokenizers:
        if one.failed:
            first = one.failures[0]
            found.append(
                f"{one.name} could not encode {_texts(one.failed)}, which its figures leave out; "
                f"the first: {first.where}: {first.reason}"
            )
        if one.unknown:
            found.append(
                f"{one.name} made {one.unknown:,} of {one.tokens:,} tokens unknown "
                f"({one.unknown / max(one.tokens, 1):.2%}), so its counts look better than they are."
            )
        steps = (normalizers or {}).get(one.name, "")
        if one.changed:
            found.append(
                f"{one.name} does not give {_texts(one.changed)} of {one.checked:,} back when they "
                f"are decoded, such as {'; '.join(one.changed_in[:3])}."
                + (f" Its normalizer ({steps}) changes text before it is cut." if steps else "")
            )
    for one in tokenizers:
        if one.unreachable is not None and one.unreachable.count:
            shown = ", ".join(repr(text) for text in one.unreachable.examples[:4])
            noun = "token" if one.unreachable.count == 1 else "tokens"
            found.append(
                f"{one.name} has {one.unreachable.count:,} {noun} that no text was found for: {shown}."
            )
    if problems.get("total"):
        first_ones = "; ".join(problems["first"][:3])
        noun = "problem" if problems["total"] == 1 else "problems"
        found.append(f"{problems['total']:,} {noun} in the corpus: {first_ones}")
    if shared_label:
        found.append("There were too many labels; the further ones share one.")
    return tuple(found)


def _texts(count: int) -> str:
    return "1 text" if count == 1 else f"{count:,} texts"
