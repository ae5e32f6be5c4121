"""The child process: opens one cell, builds and caches what its backend needs, and answers messages."""
