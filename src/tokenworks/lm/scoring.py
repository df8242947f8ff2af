"""Scoring texts in batches of windows, with every token counted once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError, OptionError
from tokenworks.lm.scores import Scores

if TYPE_CHECKING:
    from tokenworks.lm.model import LanguageModel
    from tokenworks.tokenizer import Tokenizer

WINDOW = 2048  # tokens at once, where the context is longer or unknown
_BATCH = 8192  # tokens of a batch
_LOGITS = 64 << 20  # numbers of a batch's logits: 256 MB in float32


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens begin..end of all ids are read together; those from `first` on are counted."""

    begin: int
    first: int
    end: int


def windows(length: int, visible: int, stride: int, offset: int = 0) -> Iterator[Window]:
    """Windows over a text of `length` tokens that count each token once.

    Args:
        length: tokens of the text.
        visible: tokens of the text that a window reads, the last one only as a target.
        stride: tokens that each window after the first counts; at most visible - 1.
        offset: where the text begins.

    >>> [(w.begin, w.first, w.end) for w in windows(10, 5, 3)]
    [(0, 0, 5), (3, 5, 8), (5, 8, 10)]
    """
    end = min(visible, length)
    if length:
        yield Window(offset, offset, offset + end)
    while end < length:
        first, end = end, min(end + stride, length)
        yield Window(offset + end - visible, offset + first, offset + end)


def score(
    model: LanguageModel,
    texts: Iterable[str],
    *,
    window: int | None,
    stride: int | None,
    on_tokens: Callable[[int], None] | None,
) -> Scores:
    """See `LanguageModel.score`."""
    given = list(texts)
    start = np.array(model.start, np.int64)
    window, stride = _lengths(model, len(start), window, stride)
    ids, starts = model.tokenizer.encode_batch(given, specials="text", errors="replace")
    model.check_rows(ids)
    edges = starts.astype(np.int64)
    ends, sizes, changed = _bytes(model, given, ids, edges)
    visible = window - len(start) + 1
    plan = [
        one
        for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        for one in windows(end - begin, visible, stride, begin)
    ]
    nats = np.zeros(len(ids), np.float64)
    if not len(start):  # nothing to predict the first token from
        nats[edges[:-1][edges[:-1] < edges[1:]]] = np.log(model.rows)
    for batch in _batches(plan, model.rows, window):
        _count(model, ids, start, batch, nats)
        if on_tokens:
            on_tokens(sum(one.end - one.first for one in batch))
    if not np.isfinite(nats).all():
        at = int(np.flatnonzero(~np.isfinite(nats))[0])
        raise FormatError(
            f"{model.name}: gives {nats[at]} for token {at} of {len(ids)}; its weights are damaged, "
            "or overflow in this dtype"
        )
    return Scores(ids, starts, nats, ends, sizes, changed, window, stride, model.start)


def _lengths(
    model: LanguageModel, start: int, window: int | None, stride: int | None
) -> tuple[int, int]:
    context = model.context
    if window is None:
        window = min(context or WINDOW, WINDOW)
    if window < start + 2 or (context is not None and window > context):
        raise OptionError(
            f"window is {window:,}; it must be between {start + 2} and the context of "
            f"{model.name}, {context or 'any length':,}"
            if context
            else f"window is {window:,}; it must be at least {start + 2}"
        )
    longest = window - start
    if stride is None:
        stride = max(1, window // 2)
    if not 1 <= stride <= longest:
        raise OptionError(f"stride is {stride:,}; it must be between 1 and {longest:,}")
    return window, min(stride, longest)


def _batches(plan: list[Window], rows: int, window: int) -> Iterator[list[Window]]:
    """Windows of about equal length together, the longest first, within the memory for logits."""
    tokens = max(window, min(_BATCH, _LOGITS // rows))
    ordered = sorted(plan, key=lambda one: one.begin - one.end)
    begin = 0
    while begin < len(ordered):
        longest = ordered[begin].end - ordered[begin].begin
        many = max(1, tokens // longest)
        yield ordered[begin : begin + many]
        begin += many


def _count(
    model: LanguageModel,
    ids: NDArray[np.uint32],
    start: NDArray[np.int64],
    batch: list[Window],
    nats: NDArray[np.float64],
) -> None:
    """Fill in the cost of the tokens that these windows count."""
    import torch

    lead = len(start)
    length = lead + max(one.end - one.begin for one in batch) - 1
    if length < 1:
        return  # texts of one token and no start: counted already
    inputs = np.zeros((len(batch), length), np.int64)  # what follows a text cannot change it
    inputs[:, :lead] = start
    targets = np.zeros((len(batch), length), np.int64)
    counted = np.zeros((len(batch), length), bool)
    for row, one in enumerate(batch):
        part = ids[one.begin : one.end]
        inputs[row, lead : lead + len(part) - 1] = part[:-1]
        # The token at place k of a window is predicted from input k + lead - 1.
        skip = 0 if lead else 1
        targets[row, lead - 1 + skip : lead - 1 + len(part)] = part[skip:]
        counted[row, lead - 1 + max(one.first - one.begin, skip) : lead - 1 + len(part)] = True
    begin = int(counted.any(axis=0).argmax())
    options = {"logits_to_keep": length - begin} if _keeps(model) else {}
    with torch.no_grad():
        given = torch.from_numpy(inputs).to(model.device)
        logits = _run(model, given, options)[:, begin - length :].float()
        wanted = torch.from_numpy(targets[:, begin:]).to(model.device)
        costs = logits.logsumexp(-1) - logits.gather(-1, wanted[..., None])[..., 0]
    found = costs.double().cpu().numpy()
    for row, one in enumerate(batch):
        row_costs = found[row][counted[row, begin:]]
        nats[one.end - len(row_costs) : one.end] = row_costs


def _run(model: LanguageModel, given: Any, options: dict[str, int]) -> Any:
    """The logits of a batch; models fail where they read less than their config states."""
    try:
        return model.model(given, use_cache=False, **options).logits
    except (RuntimeError, IndexError) as error:
        reason = " ".join(str(error).split())[:160]
        raise FormatError(
            f"{model.name}: does not run on {given.shape[1]:,} tokens at once ({reason}); "
            "try a smaller window"
        ) from None


def _keeps(model: LanguageModel) -> bool:
    return "logits_to_keep" in inspect.signature(model.model.forward).parameters


def _bytes(
    model: LanguageModel, texts: list[str], ids: NDArray[np.uint32], edges: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Where tokens end, how long texts are, and how many bytes the tokens do not give back."""
    ends = np.zeros(len(ids), np.int64)
    sizes, changed = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64)
    for number, text in enumerate(texts):
        data = text.encode("utf-8", "surrogatepass")
        sizes[number] = len(data)
        begin, end = int(edges[number]), int(edges[number + 1])
        part = ids[begin:end]
        if model.tokenizer.decode_bytes(part.tolist()) == data:
            reached = np.cumsum(model.token_lengths[part])
            # A tokenizer may put a space before the text that decoding takes away again.
            ends[begin:end] = np.maximum(reached - (reached[-1:].sum() - len(data)), 0)
        else:
            ends[begin:end], changed[number] = _spans(model.tokenizer, text, data)
    return ends, sizes, changed


def _spans(tokenizer: Tokenizer, text: str, data: bytes) -> tuple[NDArray[np.int64], int]:
    """As `_bytes`, for one text that its tokens do not spell: by the part that each covers."""
    ids, spans = tokenizer.encode_spans(text, specials="text", errors="replace")
    kept, reached = 0, 0
    for id, (begin, end) in zip(ids.tolist(), spans.tolist(), strict=True):
        spelled = tokenizer.token_bytes(id)
        part = data[max(begin, reached) : end]
        if part and (spelled == part or spelled.lstrip(b" ") == part.lstrip(b" ")):
            kept += len(part)
        reached = max(reached, end)
    return np.maximum.accumulate(spans[:, 1].astype(np.int64)), max(len(data) - kept, 1)
