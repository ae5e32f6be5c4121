"""Shared by several backends: ONNX export and sessions, inductor, submodules, the size of a model."""
