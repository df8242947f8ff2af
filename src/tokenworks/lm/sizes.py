"""Models to train, named by kind and size: `llama-6m`, `gpt-neox-3m`, or `llama-8x320` (layers x width)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tokenworks.errors import OptionError, UnknownNameError

# Layers and width; the name is about what the model has with 8,192 tokens.
SIZES = {
    "1m": (3, 96),
    "3m": (4, 192),
    "6m": (6, 256),
    "8m": (8, 256),
    "15m": (6, 384),
    "30m": (8, 512),
    "60m": (10, 640),
    "125m": (12, 768),
    "350m": (24, 1024),
}
KINDS = ("llama", "gpt-neox")
_HEAD = 32  # numbers per attention head
_SHAPE = re.compile(r"(\d{1,3})x(\d{2,5})")


@dataclass(frozen=True, slots=True)
class Size:
    """A model without its vocabulary."""

    kind: str
    layers: int
    width: int

    @property
    def heads(self) -> int:
        return self.width // _HEAD

    def config(self, rows: int, *, context: int, separator: int, tie: bool = True) -> Any:
        """The config of transformers for a vocabulary of so many rows.

        Args:
            rows: of the embedding. context: the most tokens read at once.
            separator: the id that begins and ends documents.
            tie: use one matrix for input and output.
        """
        import transformers

        common: dict[str, Any] = {
            "vocab_size": rows,
            "hidden_size": self.width,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "max_position_embeddings": context,
            "bos_token_id": separator,
            "eos_token_id": separator,
            "tie_word_embeddings": tie,
        }
        if self.kind == "gpt-neox":
            return transformers.GPTNeoXConfig(intermediate_size=4 * self.width, **common)
        return transformers.LlamaConfig(
            intermediate_size=-(-8 * self.width // 3 // 16) * 16,
            num_key_value_heads=self.heads // 2 if self.heads % 2 == 0 else self.heads,
            rms_norm_eps=1e-6,
            **common,
        )


def size(name: str) -> Size:
    """The size of this name.

    Raises:
        UnknownNameError: there is none; the message lists them.
        OptionError: layers or width that no model can have.

    >>> size("llama-6m")
    Size(kind='llama', layers=6, width=256)
    >>> size("gpt-neox-2x64").heads
    2
    """
    kind = next((kind for kind in KINDS if name.startswith(kind + "-")), None)
    rest = name.removeprefix(f"{kind}-")
    shape = _SHAPE.fullmatch(rest)
    if kind is None or (rest not in SIZES and not shape):
        raise UnknownNameError(
            f"no size {name[:80]!r}; a size is {' or '.join(KINDS)}, then -, then one of "
            f"{', '.join(SIZES)}, or layers x width as in llama-8x320"
        )
    layers, width = SIZES[rest] if not shape else (int(shape[1]), int(shape[2]))
    if layers < 1 or width % _HEAD or width < _HEAD:
        raise OptionError(f"{name}: expected at least 1 layer, and a width divisible by {_HEAD}")
    return Size(kind, layers, width)
