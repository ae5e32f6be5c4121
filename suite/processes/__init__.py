"""One warm forkserver: what it imports in advance, and where the output of its children goes.

It knows no cell and no example.
"""
