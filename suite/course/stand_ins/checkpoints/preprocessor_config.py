"""Writes preprocessor_config.json of random checkpoints: how each architecture preprocesses images and audio."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.course.stand_ins.checkpoints.json_files import write_json

HALF, HALVES = [0.5, 0.5, 0.5], {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
PICTURES = {
    "vit": "ViTImageProcessor", "deit": "DeiTImageProcessor", "swin": "ViTImageProcessor",
    "convnext": "ConvNextImageProcessor", "convnextv2": "ConvNextImageProcessor", "resnet": "ConvNextImageProcessor",
    "beit": "BeitImageProcessor", "mobilenet_v2": "MobileNetV2ImageProcessor", "mobilevit": "MobileViTImageProcessor",
    "dinov2": "BitImageProcessor", "vit_mae": "ViTImageProcessor", "detr": "DetrImageProcessor",
    "conditional_detr": "ConditionalDetrImageProcessor", "table-transformer": "DetrImageProcessor",
    "yolos": "YolosImageProcessor", "rt_detr": "RTDetrImageProcessor", "owlvit": "OwlViTImageProcessor",
    "owlv2": "Owlv2ImageProcessor", "grounding-dino": "GroundingDinoImageProcessor",
    "segformer": "SegformerImageProcessor", "maskformer": "MaskFormerImageProcessor",
    "mask2former": "Mask2FormerImageProcessor", "clipseg": "ViTImageProcessor", "dpt": "DPTImageProcessor",
    "glpn": "GLPNImageProcessor", "depth_anything": "DPTImageProcessor", "swin2sr": "Swin2SRImageProcessor",
    "videomae": "VideoMAEImageProcessor", "clip": "CLIPImageProcessor", "siglip": "SiglipImageProcessor",
    "blip": "BlipImageProcessor", "vilt": "ViltImageProcessor",
    "git": "CLIPImageProcessor", "trocr": "ViTImageProcessor", "donut": "DonutImageProcessor",
    "layoutlmv2": "LayoutLMv2ImageProcessor", "layoutlmv3": "LayoutLMv3ImageProcessor",
    "pix2struct": "Pix2StructImageProcessor",
}  # fmt: skip
SHORTEST = {"convnext", "convnextv2", "resnet", "mobilenet_v2", "mobilevit", "dinov2", "videomae", "clip", "git"}
"""Architectures whose pictures are resized by their shorter side, and cropped."""
BOUNDED = {"detr", "conditional_detr", "table-transformer", "yolos", "grounding-dino", "maskformer", "mask2former"}
"""Architectures whose pictures keep their proportions, between two sides."""
OWN = {"swin2sr", "glpn", "pix2struct", "owlv2"}
"""Architectures whose processors set sizes by themselves."""
SOUNDS: dict[str, dict[str, Any]] = {
    "wav2vec2": {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "feature_size": 1, "sampling_rate": 16000,
                 "padding_value": 0.0, "do_normalize": True, "return_attention_mask": False, "padding_side": "right"},
    "audio-spectrogram-transformer": {
        "feature_extractor_type": "ASTFeatureExtractor", "feature_size": 1, "sampling_rate": 16000, "max_length": 1024,
        "num_mel_bins": 128, "padding_value": 0.0, "do_normalize": True, "mean": -4.2677393, "std": 4.5689974,
        "return_attention_mask": False, "padding_side": "right"},
    "encodec": {"feature_extractor_type": "EncodecFeatureExtractor", "feature_size": 1, "sampling_rate": 24000,
                "padding_value": 0.0, "padding_side": "right"},
    "musicgen": {"feature_extractor_type": "EncodecFeatureExtractor", "feature_size": 1, "sampling_rate": 32000,
                 "padding_value": 0.0, "padding_side": "left"},
    "speecht5": {"feature_extractor_type": "SpeechT5FeatureExtractor", "feature_size": 1, "sampling_rate": 16000,
                 "num_mel_bins": 80, "padding_value": 0.0, "do_normalize": False, "return_attention_mask": True,
                 "padding_side": "right"},
    "speech_to_text": {"feature_extractor_type": "Speech2TextFeatureExtractor", "feature_size": 80,
                       "num_mel_bins": 80, "sampling_rate": 16000, "padding_value": 0.0, "padding_side": "right"},
}  # fmt: skip
SOUNDS["hubert"] = SOUNDS["wavlm"] = SOUNDS["wav2vec2"]


def write_preprocessor(folder: Path, kind: str, config: Mapping[str, Any]) -> None:
    """Write it for an architecture that takes images or audio; write nothing for any other."""
    content = SOUNDS.get(kind) or (_picture(kind, _side(config)) if kind in PICTURES else None)
    if content is not None:
        write_json(folder / "preprocessor_config.json", content)


def _picture(kind: str, side: int) -> dict[str, Any]:
    content: dict[str, Any] = {"image_processor_type": PICTURES[kind], "do_resize": True, "do_rescale": True}
    content |= {"do_normalize": kind not in {"mobilevit", "glpn", "swin2sr"}}
    content |= HALVES if kind not in BOUNDED | {"resnet", "convnext", "convnextv2", "dinov2"} else IMAGENET
    if kind in OWN:
        return content
    if kind in BOUNDED:
        return content | {"size": {"shortest_edge": 160, "longest_edge": 224}}
    if kind in SHORTEST:
        return content | {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
    if kind == "vilt":
        return content | {"size": {"shortest_edge": side}, "size_divisor": 32}
    return content | {"size": {"height": side, "width": side}}


def _side(config: Mapping[str, Any]) -> int:
    for part in (config, config.get("vision_config"), config.get("encoder"), config.get("backbone_config")):
        side = part.get("image_size") if isinstance(part, Mapping) else None
        if isinstance(side, int):
            return side
        if isinstance(side, list):
            return int(side[0])
    return 224
