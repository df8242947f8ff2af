"""Learning vocabularies from text: counting pretokens, merging them, and the published methods."""
