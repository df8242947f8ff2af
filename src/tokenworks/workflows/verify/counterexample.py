"""From the first differing text to the shortest, with both segmentations and the part to blame."""

from __future__ import annotations

from dataclasses import replace

from tokenworks.errors import TokenworksError
from tokenworks.text.hostile import Sample
from tokenworks.tokenizer.definition import Bpe, Definition, Unigram
from tokenworks.workflows.verify.comparer import Comparer
from tokenworks.workflows.verify.definitions import OPTIONS, SETS, STEPS, compare_definitions
from tokenworks.workflows.verify.result import Counterexample, Segment
from tokenworks.workflows.verify.shrink import shrink
from tokenworks.workflows.verify.subjects import Aspect, Subject, subject


def counterexample(comparer: Comparer, sample: Sample, aspect: str) -> Counterexample:
    """Shrink a differing text and show what each side makes of it.

    Args:
        comparer: the two sides.
        sample: the text in which they were found to differ.
        aspect: the use in which they differ.
    """
    text = sample.text
    if comparer.differs(text, aspect):  # not so if the difference needs the company of a batch
        text = shrink(text, lambda t: comparer.differs(t, aspect))
    shown: Aspect = comparer.aspects[0] if aspect == "decode" else aspect  # type: ignore[assignment]
    decoded = comparer.decoded(text) if aspect == "decode" else None
    return Counterexample(
        text=text,
        aspect=aspect,
        a=segments(comparer.a, comparer.a.encode(text, shown)),
        b=segments(comparer.b, comparer.b.encode(text, shown)),
        source=sample.kind,
        found_in=len(sample.text),
        cause=_cause(comparer, text, aspect),
        decoded_a=decoded[0] if decoded else None,
        decoded_b=decoded[1] if decoded else None,
    )


def segments(side: Subject, ids: list[int]) -> tuple[Segment, ...]:
    """Ids with the bytes of each."""
    return tuple(Segment(i, side.piece(i)) for i in ids)


def _cause(comparer: Comparer, text: str, aspect: str) -> str | None:
    """The one component which, taken over from the second, makes the first agree on this text."""
    one, two = comparer.a.definition, comparer.b.definition
    if one is None or two is None:
        return None
    named = [d.component for d in compare_definitions(one, two).differences if d.effect != "beside"]
    if len(named) < 2:
        return named[0] if named else None
    for component in named:
        try:
            patched = subject(_with(one, two, component))
            trial = Comparer(patched, comparer.b, comparer.aspects, comparer.compare_bytes)
            if not trial.differs(text, aspect):
                return component
        except (TokenworksError, ValueError, IndexError, KeyError):
            continue  # the part does not fit the rest, so it says nothing about this text
    return None


def _with(a: Definition, b: Definition, component: str) -> Definition:
    """The first definition with one component of the second."""
    if component in STEPS:
        return replace(a, **{component: getattr(b, component)})
    if component == "added tokens":
        return replace(a, added=b.added)
    fields = {spoken: name for name, spoken in {**OPTIONS, **SETS}.items()}
    fields["unknown token"] = "unk_id"
    if component in fields:
        name = fields[component]
        return replace(a, model=replace(a.model, **{name: getattr(b.model, name)}))
    if isinstance(a.model, Bpe) and isinstance(b.model, Bpe):
        taken = replace(a.model, pieces=b.model.pieces, ids=b.model.ids, merges=b.model.merges)
        return replace(a, model=replace(taken, merge_ranks=b.model.merge_ranks))
    if isinstance(a.model, Unigram) and isinstance(b.model, Unigram):
        return replace(
            a, model=replace(a.model, pieces=b.model.pieces, ids=b.model.ids, scores=b.model.scores)
        )
    return replace(a, model=b.model)
