"""Load the plugin; nothing else."""

pytest_plugins = ["suite.plugin", "pytester"]
