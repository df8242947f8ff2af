"""Give a model a new vocabulary: initializers of the rows of new tokens, and transforms."""
