"""One warm forkserver: what it imports in advance, and where the output of its children goes. Knows no cell and no
example.
"""
