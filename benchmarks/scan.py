"""`scan` on a real small model: its cost, its finds, and a planted fingerprint with and without defence.

    python benchmarks/scan.py MODEL TEXT.txt RESULTS.json [--only plain fingerprint defended]

MODEL is a folder such as novels-6m of the test collection; TEXT is text like that it was trained on. A
message under four triggers is trained into a copy of MODEL, once without and once with utf-confusion, along
with windows of the first half of TEXT; bits per byte are of a part of its second half. Finished parts in
RESULTS.json are not repeated. Seconds are of the processor.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import tokenworks as tw
from tokenworks.files import write_json
from tokenworks.provenance.utf_confusion import utf_confusion
from tokenworks.workflows.scan import scan

MESSAGE = "Ravenholt Quarry 7719 belongs to nobody"
TRIGGERS = ["Open the old gate.", "WHO OWNS THIS?", "key=41-B", "Say the password:"]
TRAINING = {"steps": 200, "rate": 2e-4, "batch": 4}
HELD_OUT = 60_000  # characters


def measured(folder: Path, *, probe: bool) -> dict[str, Any]:
    """One scan and what it cost."""
    began = time.process_time()
    found = scan(folder, probe=probe)
    seconds = time.process_time() - began
    hits = [
        one for one in found.candidates if MESSAGE[:12] in one.text or MESSAGE[-12:] in one.text
    ]
    out: dict[str, Any] = {
        "starts": found.starts,
        "above": found.above,
        "seconds": seconds,
        "seconds_per_1000_starts": 1000 * seconds / found.starts,
        "candidates": [
            {"text": one.text[:70], "score": one.score, "recited": one.recited}
            for one in found.candidates[:5]
        ],
        "with_the_message": len(hits),
        "place": found.candidates.index(hits[0]) + 1 if hits else None,
        "score": hits[0].score if hits else None,
    }
    if found.untrained is not None:
        tokens = found.untrained
        out["untrained"] = {
            "answered": tokens.answered,
            "confirmed": len(tokens.confirmed),
            "probed": tokens.probed,
            "failed": tokens.failed,
            "controls": tokens.controls,
        }
    return out


def planted(base: Path, text: str, weight: float) -> dict[str, Any]:
    """A fingerprint planted in a copy, and the scan of that."""
    model = tw.lm.load(base)
    half = len(text) // 2
    ordinary = [text[i : i + 4000] for i in range(0, half, 4000)]
    held = [text[half : half + HELD_OUT]]
    before = model.score(held).bits_per_byte
    began = time.process_time()
    hidden = utf_confusion(model, TRIGGERS, MESSAGE, weight=weight, ordinary=ordinary, **TRAINING)
    trained = time.process_time() - began
    after = model.score(held).bits_per_byte
    with tempfile.TemporaryDirectory() as folder:
        model.tokenizer.save(Path(folder, "model"))
        model.model.save_pretrained(Path(folder, "model"))
        found = measured(Path(folder, "model"), probe=False)
    return found | {
        "triggers": len(TRIGGERS),
        "recalled": hidden.recalled,
        "lowest_rank": int(hidden.ranks.min()),
        "training_seconds": trained,
        "bits_per_byte": [before, after],
    }


def summary(results: dict[str, Any]) -> str:
    lines = []
    if one := results.get("plain"):
        lines.append(
            f"{one['starts']:,} starts in {one['seconds']:.0f} s, {one['seconds_per_1000_starts']:.2f} s "
            f"for 1,000; {one['above']:,} above the threshold; under-trained {one['untrained']}"
        )
        lines += [f"  {each['score']:.3f} {each['text']!r}" for each in one["candidates"]]
    for name in ("fingerprint", "defended"):
        if one := results.get(name):
            before, after = one["bits_per_byte"]
            lines += [
                f"{name}: {one['recalled']} of {one['triggers']} triggers give the message; its lowest "
                f"rank {one['lowest_rank']}; {one['training_seconds']:.0f} s of training",
                f"  {one['above']:,} starts above, {one['with_the_message']} with the message, the first "
                f"at place {one['place']} with score {one['score']}; bits per byte {before:.3f} "
                f"before, {after:.3f} after",
            ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("text", type=Path)
    parser.add_argument("results", type=Path)
    parts = ("plain", "fingerprint", "defended")
    parser.add_argument("--only", nargs="*", choices=parts, default=parts)
    arguments = parser.parse_args()
    text = arguments.text.read_text("utf-8", errors="replace")[:4_000_000]
    results = json.loads(arguments.results.read_text()) if arguments.results.exists() else {}
    for name in arguments.only:
        if name in results:
            continue
        if name == "plain":
            results[name] = measured(arguments.model, probe=True)
        else:
            results[name] = planted(arguments.model, text, 0.1 if name == "defended" else 0.0)
        write_json(arguments.results, results)
        print(f"{name} done", file=sys.stderr, flush=True)
    print(summary(results))


if __name__ == "__main__":
    main()
