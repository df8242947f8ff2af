"""Texts to vectors of their meaning, by a sentence-embedding model of `transformers`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tokenworks.errors import FormatError
from tokenworks.lm.loading import model_folder, read_config, require_models, silent
from tokenworks.lm.weights import Weights
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Floats

_BATCH = 64
_LONGEST = 256  # tokens of a text that are read


def sentence_encoder(
    path: str | os.PathLike[str], *, offline: bool = False
) -> Callable[[Sequence[str]], Floats]:
    """Open an encoder; a text's vector is the mean of its last hidden states.

    Args:
        path: a folder with safetensors, or `hf://org/name`.
        offline: refuse the network.

    Returns:
        A function from texts to float32 [n, width].

    Raises:
        UnknownNameError: no such folder.
        FormatError: a file is missing or damaged, or transformers cannot open it.
        MissingExtraError: torch or transformers are not installed.
    """
    folder = model_folder(path, offline=offline)
    read_config(folder)
    Weights(folder)
    require_models()
    import torch
    from transformers import AutoModel

    opener: Any = AutoModel
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        with silent():
            model = opener.from_pretrained(folder, use_safetensors=True, **options).float().eval()
    except Exception as error:  # its errors are many; all come from the files
        reason = " ".join(str(error).split())[:300]
        raise FormatError(f"{folder}: transformers cannot open it: {reason}") from None
    tokenizer = Tokenizer.load(folder)
    longest = min(_LONGEST, getattr(model.config, "max_position_embeddings", None) or _LONGEST)

    def encode(texts: Sequence[str]) -> Floats:
        ids = [
            tokenizer.encode(text, add_special=True, specials="text", errors="replace")[:longest]
            for text in texts
        ]
        order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        found = np.zeros((len(ids), model.config.hidden_size), np.float32)
        for start in range(0, len(order), _BATCH):
            places = [at for at in order[start : start + _BATCH] if len(ids[at])]
            if not places:
                continue
            batch = torch.zeros(len(places), max(len(ids[at]) for at in places), dtype=torch.long)
            mask = torch.zeros_like(batch)
            for row, at in enumerate(places):
                batch[row, : len(ids[at])] = torch.from_numpy(ids[at].astype(np.int64))
                mask[row, : len(ids[at])] = 1
            with torch.no_grad():
                states = model(input_ids=batch, attention_mask=mask).last_hidden_state
            pooled = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            found[places] = pooled.numpy()
        return found

    return encode
