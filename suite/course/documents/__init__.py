"""From a file to examples: Markdown, MDX and notebooks, the code in them, and the output that they show."""
