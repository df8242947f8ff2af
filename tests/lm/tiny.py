"""Tiny real models of several kinds, made by transformers, with a tokenizer of ours beside them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers

import tokenworks as tw
from tokenworks.data.udhr import declarations

KINDS = ("llama", "gpt_neox", "gpt2")


def texts(many: int = 6) -> list[str]:
    """Short real texts of several scripts."""
    return [one.articles[0] for one in declarations()[:: 126 // many]][:many]


@cache
def tokenizer() -> tw.Tokenizer:
    """A byte-level BPE of 400 tokens, the first of them special."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus.txt")
        corpus.write_text("\n".join(one.text for one in declarations()[::16]), "utf-8")
        return tw.train(corpus, vocab_size=400, special=["<|endoftext|>"]).tokenizer


def config(kind: str, rows: int, *, tie: bool = False) -> Any:
    common: dict[str, Any] = {"vocab_size": rows, "tie_word_embeddings": tie}
    common |= {"bos_token_id": 0, "eos_token_id": 0}
    if kind == "gpt2":
        return transformers.GPT2Config(n_embd=32, n_layer=2, n_head=2, n_positions=64, **common)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 64, "max_position_embeddings": 64}
    made = transformers.LlamaConfig if kind == "llama" else transformers.GPTNeoXConfig
    return made(**sizes, **common)


def save(folder: Path, kind: str, *, rows: int = 416, tie: bool = False, **options: Any) -> Path:
    """A model folder; weights large enough that its probabilities are far from uniform."""
    torch.manual_seed(5)
    made = transformers.AutoModelForCausalLM.from_config(config(kind, rows, tie=tie))
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim == 2:
                parameter.mul_(6)
    tokenizer().save(folder)
    made.save_pretrained(folder, **options)
    return folder
