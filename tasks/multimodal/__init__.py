"""The capabilities of models that both see and read."""
