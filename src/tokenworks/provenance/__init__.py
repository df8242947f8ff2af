"""Questions about where a tokenizer or model comes from, answered with an interval."""
