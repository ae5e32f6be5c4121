"""Shrinks configs of the real architectures, so that a model is created in a moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WIDTH, HEADS, LAYERS, INNER = 32, 2, 2, 64
"""Hidden size, attention heads, layers and feed-forward size. Pictures keep the size that documents show."""

WIDTHS = {
    "hidden_size", "d_model", "n_embd", "dim", "word_embed_proj_dim", "embed_dim", "encoder_hidden_size", "d_embed",
    "projection_dim", "proj_codevector_dim", "codevector_dim", "classifier_proj_size", "decoder_hidden_size",
    "mask_feature_size", "fpn_feature_size", "feature_size", "encoder_hidden_dim", "emb_dim", "image_text_hidden_size",
    "text_embed_dim", "vision_embed_dim", "out_hidden_size", "reduce_dim", "flow_size", "resampler_dim",
}  # fmt: skip
COUNTS = {
    "num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "decoder_layers", "num_decoder_layers",
    "decoder_num_hidden_layers", "max_window_layers", "depth",
}  # fmt: skip
HEAD_COUNTS = {
    "num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads", "decoder_attention_heads",
    "num_key_value_heads", "decoder_num_attention_heads",
}  # fmt: skip
INNERS = {
    "intermediate_size", "hidden_dim", "d_ff", "encoder_ffn_dim", "decoder_ffn_dim", "ffn_dim", "d_inner",
    "decoder_intermediate_size", "dim_feedforward", "encoder_feedforward_dim", "mlp_dim", "n_inner",
}  # fmt: skip
SMALLER: dict[str, dict[str, Any]] = {
    "albert": {"embedding_size": 32},
    "audio-spectrogram-transformer": {"max_length": 1024, "num_mel_bins": 128},
    "bloom": {"n_layer": 2},
    "codegen": {"rotary_dim": 8, "n_head": 4},
    "conditional_detr": {"encoder_attention_heads": 8, "decoder_attention_heads": 8},
    "convnext": {"hidden_sizes": [16, 16, 32, 32], "depths": [1, 1, 1, 1]},
    "convnextv2": {"hidden_sizes": [16, 16, 32, 32], "depths": [1, 1, 1, 1]},
    "depth_anything": {"reassemble_factors": [4, 2], "neck_hidden_sizes": [16, 16], "reassemble_hidden_size": 32},
    "detr": {"encoder_attention_heads": 8, "decoder_attention_heads": 8},
    "donut-swin": {"embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2], "image_size": [128, 96]},
    "encodec": {"num_filters": 4, "codebook_dim": 32, "num_lstm_layers": 1},
    "electra": {"embedding_size": 32},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "attention_layers": ["global", "local"]},
    "gptj": {"rotary_dim": 8},
    "glpn": {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "num_attention_heads": [1, 1, 2, 2],
             "decoder_hidden_size": 16},
    "grounding-dino": {"num_queries": 30},
    "layoutlmv3": {"coordinate_size": 128, "shape_size": 128},
    "longformer": {"attention_window": [32, 32]},
    "mobilebert": {"embedding_size": 32, "intra_bottleneck_size": 32, "true_hidden_size": 32},
    "mobilevit": {"hidden_sizes": [16, 16, 16], "neck_hidden_sizes": [8, 8, 8, 16, 16, 16, 32]},
    "mobilenet_v2": {"depth_multiplier": 0.35, "finegrained_output": False},
    "owlv2_vision_model": {"image_size": 960},
    "phi": {"partial_rotary_factor": 0.5},
    "resnet": {"embedding_size": 16, "hidden_sizes": [16, 16, 32, 32], "depths": [1, 1, 1, 1]},
    "rt_detr": {"encoder_in_channels": [16, 32, 32], "encoder_hidden_dim": 32, "decoder_in_channels": [32, 32, 32],
                "hidden_expansion": 1.0, "num_queries": 30, "encoder_layers": 1, "d_model": 32},
    "rt_detr_resnet": {"embedding_size": 16, "hidden_sizes": [16, 16, 32, 32], "depths": [1, 1, 1, 1],
                       "layer_type": "basic", "out_features": ["stage2", "stage3", "stage4"], "out_indices": [2, 3, 4]},
    "segformer": {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "num_attention_heads": [1, 1, 2, 2],
                  "decoder_hidden_size": 16},
    "speech_to_text": {"conv_channels": 32},
    "speecht5_hifigan": {"upsample_initial_channel": 32},
    "swin": {"embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2]},
    "swin2sr": {"embed_dim": 16, "depths": [1, 1], "num_heads": [2, 2], "image_size": 64},
    "tapas": {"num_aggregation_labels": 4,
              "aggregation_labels": {0: "NONE", 1: "SUM", 2: "AVERAGE", 3: "COUNT"}},
    "videomae": {"num_frames": 16},
    "wav2vec2": {"conv_dim": [32] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4,
                 "num_codevectors_per_group": 8},
    "hubert": {"conv_dim": [32] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4},
    "wavlm": {"conv_dim": [32] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4,
              "num_codevectors_per_group": 8},
}  # fmt: skip
"""What an architecture needs beside the rules; sizes that depend on each other."""


def shrink(config: Mapping[str, Any], width: int | None = None) -> dict[str, Any]:
    """A config with every size made small; `width` is the hidden size of the outermost part, None for the usual one."""
    kind = str(config.get("model_type", ""))
    small = {name: _shrink_value(name, value, width) for name, value in config.items()}
    small |= SMALLER.get(kind, {})
    return small | _dependent(small) | SMALLER.get(kind, {})


def _shrink_value(name: str, value: Any, width: int | None) -> Any:
    if isinstance(value, Mapping) and (name.endswith("config") or "model_type" in value):
        return shrink(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    if name in WIDTHS:
        return width or WIDTH
    if name in COUNTS:
        return LAYERS
    if name in HEAD_COUNTS:
        return HEADS
    if name in INNERS:
        return INNER if width is None else 2 * INNER
    return value


def _dependent(small: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes that follow from others."""
    sizes: dict[str, Any] = {}
    width = small.get("hidden_size") or small.get("d_model")
    if isinstance(width, int):
        if small.get("head_dim"):
            sizes["head_dim"] = width // HEADS
        if small.get("d_kv"):
            sizes["d_kv"] = width // HEADS
        if small.get("d_head"):
            sizes["d_head"] = width // HEADS
        sizes |= {name: width for name in ("pooler_hidden_size", "projection_size") if small.get(name)}
    if isinstance(small.get("layer_types"), list):
        sizes["layer_types"] = small["layer_types"][-LAYERS:]
    if small.get("out_features") and "depths" not in small:
        sizes |= {"out_features": ["stage1", "stage2"], "out_indices": [1, 2]}
    return sizes
