"""One file per format that tokenizers are written in; each renders bytes, and `write` stores them."""
