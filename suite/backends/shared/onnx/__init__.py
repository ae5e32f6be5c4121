"""Shared by the ONNX backends: exporting, opening and quantizing graphs, on either generation of the library.

transformers 5 exports by itself (`transformers.exporters`) and has no runner that generates: `exporting` and
`running` are for it. transformers 4 goes through optimum's exporter and its `ORTModelFor...` classes: `optimum_models`.
"""
