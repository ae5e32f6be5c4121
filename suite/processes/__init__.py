"""Processes with the libraries in use already imported: a forkserver for workers, a zygote for documents.

It knows no cell and no example.
"""
