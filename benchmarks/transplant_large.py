"""A model folder of 8B shape: time and peak memory of a transplant that reads two matrices.

    python benchmarks/transplant_large.py FOLDER [--methods mean fvt omp] [--rows 128256] [--width 4096]
        [--added 256] [--sparsity 8] [--keep]

Makes a folder of Llama's shape with 32 layers in bfloat16: embedding and output matrix random, all other
tensors sparse zeros (files with holes), the matrices in shards of their own as published models nearly
have them. The tokenizer is gpt2's merges grown to the size by reserved special tokens; the new one has
`--added` more merges of o200k_base. The donor is such a folder, too, with its matrices only.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tokenworks import Tokenizer
from tokenworks.tokenizer.definition import Bpe

LAYERS = 32
SHARD = 8  # layers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--methods", nargs="*", default=["mean", "fvt", "omp"])
    parser.add_argument("--rows", type=int, default=128_256)
    parser.add_argument("--width", type=int, default=4096)
    parser.add_argument("--added", type=int, default=256)
    parser.add_argument("--sparsity", type=int, default=8)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    base = Tokenizer.load("o200k_base")
    first = cut(base, arguments.rows - 256, "old")
    second = cut(base, arguments.rows - 256 + arguments.added, "new")
    model, donor = arguments.folder / "model", arguments.folder / "donor"
    write(model, first, arguments.width, seed=1, layers=LAYERS)
    write(donor, second, arguments.width, seed=2, layers=0)
    print(
        f"{size(model) / 1e9:.1f} GB, {on_disk(model) / 1e9:.1f} GB of them on the disk", flush=True
    )
    for method in arguments.methods:
        out = arguments.folder / "out"
        command = [sys.executable, "-m", "tokenworks", "transplant", str(model), str(donor)]
        command += ["--method", method, "-o", str(out), "--no-score", "--json", "--quiet"]
        if method == "omp":
            command += ["--donor", str(donor), "--option", f"sparsity={arguments.sparsity}"]
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        found = json.loads(done.stdout)
        print(
            f"{method}: {time.perf_counter() - began:.1f} s, peak {found['peak_memory_mb']:,.0f} MB, "
            f"{found['origins']['shared']:,} rows shared, "
            f"{found['rows_after'] - found['origins']['shared']:,} others; "
            f"{len(found['shards']['linked'])} shards linked, "
            f"{len(found['shards']['rewritten'])} written; "
            f"seconds { ({key: round(value, 1) for key, value in found['seconds'].items()}) }",
            flush=True,
        )
        shutil.rmtree(out)
    if not arguments.keep:
        shutil.rmtree(arguments.folder)


def cut(tokenizer: Tokenizer, merges: int, name: str) -> Tokenizer:
    """The bytes and first merges of a byte-level tokenizer, so that one vocabulary holds the other."""
    definition = tokenizer.definition
    model = definition.model
    assert isinstance(model, Bpe)
    pieces = [bytes((value,)) for value in range(256)]
    number = {piece: value for value, piece in enumerate(pieces)}
    pairs = []
    for left, right in tokenizer.merges:
        if len(pieces) == merges + 255:
            break
        if left in number and right in number and left + right not in number:
            pairs.append((number[left], number[right]))
            number[left + right] = len(pieces)
            pieces.append(left + right)
    made = replace(
        model,
        pieces=tuple(pieces),
        ids=np.arange(len(pieces), dtype=np.uint32),
        merges=np.array(pairs, np.uint32),
        merge_ranks=None,
        outside_map=frozenset(),
    )
    last = replace(definition.added[0], id=len(pieces), content="<|endoftext|>")
    return Tokenizer(
        replace(
            definition, name=name, model=made, added=(last,), eos_id=len(pieces), postprocessor=()
        )
    )


def write(folder: Path, tokenizer: Tokenizer, width: int, *, seed: int, layers: int) -> None:
    folder.mkdir(parents=True)
    tokenizer.save(folder / "t")
    for file in (folder / "t").iterdir():
        file.replace(folder / file.name)
    (folder / "t").rmdir()
    rows = tokenizer.max_id_plus_one
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": rows,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "intermediate_size": 7 * width // 2,
        "tie_word_embeddings": False,
        "eos_token_id": tokenizer.definition.eos_id,
        "torch_dtype": "bfloat16",
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    groups: list[dict[str, tuple[int, ...]]] = [{"model.embed_tokens.weight": (rows, width)}]
    for start in range(0, layers, SHARD):
        groups.append({})
        for layer in range(start, min(start + SHARD, layers)):
            groups[-1].update(shapes(f"model.layers.{layer}.", width))
    groups.append({"model.norm.weight": (width,), "lm_head.weight": (rows, width)})
    found = {}
    for number, group in enumerate(groups, start=1):
        name = f"model-{number:05}-of-{len(groups):05}.safetensors"
        shard(folder / name, group, seed + number)
        found.update(dict.fromkeys(group, name))
    index = {"metadata": {"total_size": size(folder)}, "weight_map": found}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def shapes(prefix: str, width: int) -> dict[str, tuple[int, ...]]:
    inner = 7 * width // 2
    return {
        f"{prefix}self_attn.q_proj.weight": (width, width),
        f"{prefix}self_attn.k_proj.weight": (width // 4, width),
        f"{prefix}self_attn.v_proj.weight": (width // 4, width),
        f"{prefix}self_attn.o_proj.weight": (width, width),
        f"{prefix}mlp.gate_proj.weight": (inner, width),
        f"{prefix}mlp.up_proj.weight": (inner, width),
        f"{prefix}mlp.down_proj.weight": (width, inner),
        f"{prefix}input_layernorm.weight": (width,),
        f"{prefix}post_attention_layernorm.weight": (width,),
    }


def shard(path: Path, group: dict[str, tuple[int, ...]], seed: int) -> None:
    """A safetensors file in bfloat16: matrices with a row per token random, holes for the rest."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, shape in group.items():
        end = at + 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [at, end]}
        at = end
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    draw = np.random.default_rng(seed)
    with path.open("wb") as stream:
        stream.write(len(head).to_bytes(8, "little") + head)
        base = stream.tell()
        for name, shape in group.items():
            if "embed" not in name and "lm_head" not in name:
                continue
            stream.seek(base + header[name]["data_offsets"][0])
            for start in range(0, shape[0], 4096):
                some = (
                    draw.standard_normal((min(4096, shape[0] - start), shape[1]), np.float32) / 50
                )
                stream.write((some.view(np.uint32) >> 16).astype(np.uint16).tobytes())
        stream.truncate(base + at)


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def on_disk(folder: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in folder.iterdir())


if __name__ == "__main__":
    main()
