"""The nouns that both products share: a cell, a status, an outcome, a subject, settings, errors.

It imports nothing of ours, and nothing heavy.
"""
