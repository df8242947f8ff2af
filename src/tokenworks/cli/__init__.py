"""The command line: one file per verb, each parses options and calls one workflow.

A verb is added by one line below; its module is imported only when the verb is run.
"""

from __future__ import annotations

from collections.abc import Sequence

from tokenworks.cli.verb import Verb

VERBS: dict[str, Verb] = {
    "count": Verb("tokenworks.cli.count:count", "Count the tokens of files or standard input."),
    "encode": Verb("tokenworks.cli.encode:encode", "Turn text into token ids."),
    "decode": Verb("tokenworks.cli.decode:decode", "Turn token ids into text."),
    "verify": Verb(
        "tokenworks.cli.verify:verify", "Search for a text that two tokenizers treat differently."
    ),
    "compare": Verb(
        "tokenworks.cli.compare:compare", "Compare tokenizers on one text, with intervals."
    ),
    "convert": Verb(
        "tokenworks.cli.convert:convert", "Write a tokenizer in another format, proved equal."
    ),
    "doctor": Verb(
        "tokenworks.cli.doctor:doctor", "Name what is wrong with a tokenizer or model folder."
    ),
    "audit": Verb(
        "tokenworks.cli.audit:audit", "Find tokens that no text produces, waste, and drift."
    ),
    "train": Verb("tokenworks.cli.train:train", "Train a tokenizer on a corpus."),
    "extend": Verb(
        "tokenworks.cli.extend:extend", "Add tokens for a corpus, every old id and merge kept."
    ),
    "prune": Verb(
        "tokenworks.cli.prune:prune", "Drop unused tokens; texts without them encode the same."
    ),
    "studio": Verb("tokenworks.cli.studio:studio", "Serve a page that shows tokens as one types."),
    "score": Verb("tokenworks.cli.score:score", "Measure models in bits per byte of one text."),
    "lm": Verb("tokenworks.cli.lm:app", "Train small language models."),
    "transplant": Verb(
        "tokenworks.cli.transplant:transplant",
        "Give a model another vocabulary, and prove what it kept.",
    ),
    "mixture": Verb(
        "tokenworks.cli.mixture:mixture", "Infer what text a tokenizer was trained on."
    ),
    "scan": Verb(
        "tokenworks.cli.scan:scan", "Find what a model recites unasked, and what it never learned."
    ),
    "leak": Verb("tokenworks.cli.leak:leak", "Measure how easily a chat model repeats its prompt."),
    "methods": Verb("tokenworks.cli.methods:app", "List, show and cite the published methods."),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 fine, 1 a finding, 2 an input error."""
    from tokenworks.cli.frame import run

    return run(VERBS, arguments)
