"""Makes the small checkpoints that the stand-in Hub serves: configuration, random weights, tokenizer and preprocessor
files.
"""
