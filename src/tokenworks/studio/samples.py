"""Texts to begin with: the same article in several scripts, numbers, code."""

from __future__ import annotations

from functools import cache

from tokenworks.data.udhr import declaration
from tokenworks.workflows.compare.cuts import CODE, NUMBERS

LANGUAGES = ("eng", "deu_1996", "arb", "hin", "cmn_hans", "jpn", "tha", "amh")
EMOJI = "👩🏽‍🚀 🏳️‍🌈 🇪🇹 👨‍👩‍👧‍👦  naïve café, ﬁne, Ⅷ, x², 𝔘𝔫𝔦𝔠𝔬𝔡𝔢"


@cache
def samples() -> tuple[dict[str, str], ...]:
    """Names and texts; the first is what the page opens with."""
    found = [declaration(code) for code in LANGUAGES]
    texts = [(one.language.partition(" (")[0], one.articles[0]) for one in found]
    several = "\n\n".join(text for _, text in texts[:5])
    numbers = "\n".join((*NUMBERS, "12345 + 67890 = 80235"))
    code = dict(CODE)
    return tuple(
        {"name": name, "text": text}
        for name, text in (
            ("Several", f"{several}\n\n{code['Python']}"),
            *texts,
            ("Numbers", numbers),
            ("Code", "\n".join((code["Python"], code["JSON"], code["HTML"]))),
            ("Emoji", EMOJI),
        )
    )
