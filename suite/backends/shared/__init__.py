"""What several backends use: ONNX export and sessions, inductor, submodules, the size of a model."""
