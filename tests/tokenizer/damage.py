"""Files with bytes changed, cut out and put in at random."""

from __future__ import annotations

import random


def damaged(good: bytes, chance: random.Random, head: int = 0) -> bytes:
    """One to three places of a file spoiled; half of them among its first `head` bytes, if any."""
    bad = bytearray(good)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(min(len(bad), head) if head and chance.random() < 0.5 else len(bad))
        kind = chance.randrange(3)
        if kind == 0:
            bad[at] = chance.randrange(256)
        elif kind == 1:
            del bad[at : at + chance.randrange(1, 60)]
        else:
            bad[at:at] = chance.randbytes(chance.randrange(1, 9))
    return bytes(bad)
