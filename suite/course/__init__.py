"""The examples of a course: read from its documents, checked against what the libraries have removed.

Nothing here imports torch or transformers: a check of a thousand examples takes seconds, so that it can run before
every commit.
"""
