"""The capabilities of models that hear or speak."""
