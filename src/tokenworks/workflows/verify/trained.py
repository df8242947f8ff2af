"""Compare the ids as the models saw them: BOS and EOS, the post-processor, and chat messages."""

from __future__ import annotations

from typing import Any

from tokenworks.errors import TokenworksError
from tokenworks.workflows.verify.comparer import Comparer
from tokenworks.workflows.verify.counterexample import segments
from tokenworks.workflows.verify.result import Counterexample
from tokenworks.workflows.verify.subjects import Subject

QUESTION = {"role": "user", "content": "Why is the sky blue?"}
ANSWER = {"role": "assistant", "content": "Because of  Rayleigh\nscattering."}
TRIED: tuple[tuple[str, Any], ...] = (
    ("a text", "Hello, world!"),
    ("the empty text", ""),
    ("one message", [QUESTION]),
    ("a dialogue", [QUESTION, ANSWER, {"role": "user", "content": " Thanks! "}]),
    ("a system message", [{"role": "system", "content": "Be brief."}, QUESTION]),
)


def trained_difference(a: Subject, b: Subject, comparer: Comparer) -> Counterexample | None:
    """The first text or dialogue whose ids as trained differ; None if all agree.

    Args:
        a: the one side; sides that are not our tokenizers have no ids as trained.
        b: the other.
        comparer: says whether ids or bytes count.
    """
    if a.tokenizer is None or b.tokenizer is None:
        return None
    for name, thing in TRIED:
        one, two = _ids(a, thing), _ids(b, thing)
        if one is None and two is None:
            continue
        if one is None or two is None or not comparer.same_ids(one, two):
            return Counterexample(
                text=thing if isinstance(thing, str) else str(thing),
                aspect="trained",
                a=segments(a, one or []),
                b=segments(b, two or []),
                source=f"ids as trained: {name}",
                found_in=len(str(thing)),
                cause="chat_template" if not isinstance(thing, str) else "template",
            )
    return None


def _ids(side: Subject, thing: Any) -> list[int] | None:
    assert side.tokenizer is not None
    try:
        return [int(i) for i in side.tokenizer.ids_as_trained(thing)]
    except TokenworksError:
        return None  # no chat template, or one that refuses such messages
