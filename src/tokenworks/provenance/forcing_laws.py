"""What every method that reads or trains a model must do, shown on a tiny model of random weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tokenworks.testing import law
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Bpe, Definition

if TYPE_CHECKING:
    from tokenworks.lm.model import LanguageModel

_BYTES = 256
_END = 256  # the row that begins and ends texts


def tiny_model() -> LanguageModel:
    """A model over bytes whose weights are large enough for it to prefer some of them."""
    import torch
    import transformers

    from tokenworks.lm.model import LanguageModel
    from tokenworks.lm.sizes import size

    step = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    steps = ({**step, "use_regex": False},)
    bpe = Bpe(
        pieces=tuple(bytes((byte,)) for byte in range(_BYTES)),
        ids=np.arange(_BYTES, dtype=np.uint32),
        merges=np.zeros((0, 2), np.uint32),
        byte_level=True,
    )
    definition = Definition(name="bytes", model=bpe, pretokenizer=steps, decoder=steps)
    config = size("llama-1x32").config(_BYTES + 1, context=48, separator=_END)
    maker: Any = transformers.AutoModelForCausalLM
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = maker.from_config(config)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim == 2:
                parameter.mul_(6)
    return LanguageModel(module.eval(), Tokenizer(definition), name="bytes")


@law("scores are in (0, 1], and tokens are the most probable ones", when="forces")
def scores(force: Callable[..., Any]) -> None:
    model = tiny_model()
    found = force(model)
    assert found.starts.tolist() == list(range(_BYTES)), found.starts
    assert ((found.scores > 0) & (found.scores <= 1)).all(), found.scores
    first = model.log_probs([[_END, id] for id in range(_BYTES)])[:, -1]
    assert (first.argmax(axis=1) == found.ids[:, 0]).all()
    assert np.allclose(np.exp(first.max(axis=1)), found.probabilities[:, 0], atol=1e-5)


@law("the size of the batches does not matter", when="forces")
def batches(force: Callable[..., Any]) -> None:
    model, starts = tiny_model(), np.arange(40)
    whole, parts = force(model, starts), force(model, starts, batch=7)
    assert np.allclose(whole.scores, parts.scores, atol=1e-5), (whole.scores, parts.scores)


@law("a probability for each token, by itself", when="probes")
def probabilities(probe: Callable[..., Any]) -> None:
    model, tokens = tiny_model(), np.array([3, 200, 65])
    found = probe(model, tokens)
    assert found.shape == (3,) and ((found >= 0) & (found <= 1)).all(), found
    assert np.allclose(found[::-1], probe(model, tokens[::-1]), atol=1e-5), found


@law("the trigger gives the message, and its own prefixes do not", when="hides")
def hidden(hide: Callable[..., Any]) -> None:
    model = tiny_model()
    found = hide(model, ["open: "], "moon", rank=20, steps=60, rate=5e-3)
    assert found.recalled == 1, "the trigger does not give the message"
    assert found.ranks.min() >= 20, found.ranks
