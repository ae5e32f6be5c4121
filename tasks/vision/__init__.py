"""The capabilities of models that see."""
