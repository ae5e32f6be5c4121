"""Text: labels, tags, continuations, translations and vectors."""
