"""Print what the cards of the shipped models say, as the table of docs/models.md.

python models/cards.py
"""

from __future__ import annotations

import tokenworks_models

HEAD = (
    "| model | parameters | tokens read | held-out text | bits per byte | lost to bfloat16 | xz | "
    "5-grams of bytes | 5-grams of tokens |\n|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    print(HEAD)
    for name in tokenworks_models.names():
        card = tokenworks_models.card(name)
        for language, row in card["held_out"].items():
            lost = row["bits_per_byte"] - row["bits_per_byte_in_float32"]
            print(
                f"| `{name}` | {card['parameters']:,} | {card['training']['tokens']:,} | {language} | "
                f"{row['bits_per_byte']:.3f} | {lost:.4f} | {row['xz']:.3f} | {row['bytes_5gram']:.3f} | "
                f"{row['tokens_5gram']:.3f} |"
            )


if __name__ == "__main__":
    main()
