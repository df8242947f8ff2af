"""BibTeX entries from what the register knows about a method's paper."""

from __future__ import annotations

import re

from tokenworks.registry import MethodInfo

_ESCAPES = str.maketrans({c: f"\\{c}" for c in "&%$#_{}"})


def bibtex(info: MethodInfo) -> tuple[str, str]:
    """The key and the BibTeX entry of a method's paper (of this software where it has none).

    An arXiv number or DOI identifies the paper; the summary stands in the note, since titles and
    authors are not part of the register.
    """
    key = f"{info.family}-{info.name}"
    fields: dict[str, str] = {}
    paper = info.paper or ""
    if paper.lower().startswith("arxiv:"):
        number = paper[6:].strip()
        fields["eprint"] = number
        fields["archiveprefix"] = "arXiv"
        fields["url"] = f"https://arxiv.org/abs/{number}"
    elif paper.lower().startswith("doi:"):
        number = paper[4:].strip()
        fields["doi"] = number
        fields["url"] = f"https://doi.org/{number}"
    elif re.match(r"https?://", paper):
        fields["url"] = paper
    elif paper:
        fields["howpublished"] = paper.translate(_ESCAPES)
    else:
        fields["howpublished"] = "Tokenworks, https://pypi.org/project/tokenworks"
    if info.year is not None:
        fields["year"] = str(info.year)
    if info.summary:
        fields["note"] = f"{info.name}: {info.summary}".translate(_ESCAPES)
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return key, f"@misc{{{key},\n{body}\n}}"
