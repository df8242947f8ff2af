r"""How numbers are split, as a rule in place of the one that a pattern holds.

`none` leaves runs of digits whole, `1` takes single digits, `3` groups of three from the left
(1234567 is 123|456|7), `3-right` from the right as commas would (1|234|567).
"""

from __future__ import annotations

import re

from tokenworks.errors import OptionError

RULES = {
    "none": r"\p{N}+",
    "1": r"\p{N}",
    "3": r"\p{N}{1,3}",
    "3-right": r"\p{N}{1,3}(?=(?:\p{N}{3})*(?:\P{N}|$))",
}
# The alternative for numbers in a pattern: ` ?\p{N}+`, `\p{N}{1,3}+`, `[0-9]`, ...
_NUMBERS = re.compile(
    r"""(?: ^ | (?<= \| ) ) (?P<space>[ ]\?)? (?: \\p\{N[d]?\} | \[\\p\{N[d]?\}\] | \[0-9\] | \\d )
        (?P<times> [+*]{1,2} | \{\d*,?\d*\}\+? )? (?= \| | $ )""",
    re.VERBOSE,
)


def with_digits(pattern: str, rule: str) -> str:
    """The pattern with another rule for its alternative of numbers.

    Raises:
        OptionError: an unknown rule, or a pattern without an alternative that is numbers alone.
    """
    if rule not in RULES:
        raise OptionError(f"digits {rule!r} is not one of {', '.join(RULES)}")
    found = _NUMBERS.search(pattern)
    if found is None:
        raise OptionError(
            f"digits {rule!r}: the pattern {pattern!r} has no alternative for numbers alone, such as "
            r"\p{N}{1,3}; write the rule into the pattern"
        )
    if rule == "none" and found["times"] in ("+", "++"):
        return pattern
    # a space may lead a whole number, but no single group of it
    space = (found["space"] or "") if rule == "none" else ""
    return pattern[: found.start()] + space + RULES[rule] + pattern[found.end() :]
