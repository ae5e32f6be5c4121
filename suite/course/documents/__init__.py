"""From a file to examples: Markdown, MDX and notebooks, the code in them, and the outputs beside it."""
