"""What each vision-language architecture needs: tokens, processor settings, the format of its chats.

Images keep the sizes that documents show, so that a prompt is as long as with the real checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from suite.course.stand_ins.checkpoints.preprocessor_config import HALVES, IMAGENET

OPENAI_CLIP = {
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
LLAMA = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
QWEN = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
GEMMA = {"bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>", "pad_token": "<pad>"}
SMOL = {"bos_token": "<|im_start|>", "eos_token": "<end_of_utterance>", "pad_token": "<|im_end|>",
        "unk_token": "<|endoftext|>"}  # fmt: skip
GRID = [[high, wide] for high in range(384, 2305, 384) for wide in range(384, 2305, 384)]
PLACES = tuple(f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7))


@dataclass(frozen=True)
class Chat:
    """How a chat becomes text. `turn` opens one, with ROLE in it; `gap` stands before a text; `answer` asks for one."""

    turn: str
    image: str
    end: str
    answer: str
    begin: str = ""
    gap: str = ""
    video: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VisionLanguageSpec:
    """What a checkpoint of an architecture needs beside its weights.

    `processor` is the class of the processor and `settings` its processor_config.json; `image_processor` and
    `video_processor` are the content of theirs. `special_tokens` are the usual ones (bos, eos, pad, unk), `tokens` the
    architecture's own, `named_tokens` those that the tokenizer has as attributes, `token_ids` the config's names of
    ids. `config` overrides the architecture's defaults. `adds_bos` starts every text with the first token;
    `last_token_unscored` says that the output layer has no row for the last token.
    """

    processor: str
    image_processor: Mapping[str, Any]
    special_tokens: Mapping[str, str]
    tokens: tuple[str, ...]
    token_ids: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    chat: Chat | None = None
    named_tokens: Mapping[str, str] = field(default_factory=dict)
    video_processor: Mapping[str, Any] = field(default_factory=dict)
    tokenizer_class: str = "PreTrainedTokenizerFast"
    adds_bos: bool = False
    last_token_unscored: bool = False


def _pictures(processor: str, **more: Any) -> dict[str, Any]:
    usual = {"do_resize": True, "do_rescale": True, "do_normalize": True, "do_convert_rgb": True}
    return {"image_processor_type": processor, **usual, **HALVES, **more}


def _square(side: int) -> dict[str, int]:
    return {"height": side, "width": side}


def _clip(processor: str, **more: Any) -> dict[str, Any]:
    sizes = {"size": {"shortest_edge": 336}, "crop_size": _square(336), "do_center_crop": True}
    return _pictures(processor, **OPENAI_CLIP, **sizes, **more)


LLAVA_SETTINGS = {"patch_size": 14, "vision_feature_select_strategy": "default", "image_token": "<image>",
                  "num_additional_image_tokens": 1}  # fmt: skip
NEXT_GRID = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
LLAVA = VisionLanguageSpec(
    "LlavaProcessor", _clip("CLIPImageProcessor"),
    LLAMA | {"pad_token": "<pad>"}, ("<image>",), {"image_token_index": "<image>", "image_token_id": "<image>"},
    LLAVA_SETTINGS, {"image_seq_length": 576},
    Chat("ROLE: ", "<image>\n", " ", "ASSISTANT:", roles={"user": "USER", "assistant": "ASSISTANT"}), adds_bos=True,
)  # fmt: skip
LLAVA_NEXT = VisionLanguageSpec(
    "LlavaNextProcessor", _clip("LlavaNextImageProcessor", image_grid_pinpoints=NEXT_GRID, do_pad=True),
    LLAMA | {"pad_token": "<pad>"}, ("<image>",), LLAVA.token_ids,
    LLAVA_SETTINGS, {"image_grid_pinpoints": NEXT_GRID},
    Chat("ROLE", "<image>\n", " ", "[/INST]", roles={"user": "[INST] ", "assistant": "[/INST] "}), adds_bos=True,
)  # fmt: skip
LLAVA_ONEVISION = VisionLanguageSpec(
    "LlavaOnevisionProcessor",
    _pictures("LlavaOnevisionImageProcessor", size=_square(384), image_grid_pinpoints=GRID, do_pad=True),
    QWEN, ("<|im_start|>", "<image>", "<video>"),
    {"image_token_index": "<image>", "video_token_index": "<video>", "image_token_id": "<image>",
     "video_token_id": "<video>"},
    {"num_image_tokens": 729, "vision_feature_select_strategy": "full", "vision_aspect_ratio": "anyres_max_9",
     "image_token": "<image>", "video_token": "<video>"},
    {"image_grid_pinpoints": GRID},
    Chat("<|im_start|>ROLE ", "<image>", "<|im_end|>", "<|im_start|>assistant\n", gap="\n", video="<video>"),
    video_processor={"video_processor_type": "LlavaOnevisionVideoProcessor", "size": _square(384), **HALVES},
)  # fmt: skip

SMOL_TOKENS = ("<fake_token_around_image>", "<image>", "<global-img>", *PLACES)
SMOL_CHAT = Chat("ROLE:", "<image>", "<end_of_utterance>\n", "Assistant:", begin="<|im_start|>", gap=" ",
                 video="<video>", roles={"user": "User", "assistant": "Assistant", "system": "System"})  # fmt: skip
SMOL_CONFIG = {"scale_factor": 4, "vision_config": {"image_size": 512, "patch_size": 16},
               "text_config": {"max_position_embeddings": 8192}}  # fmt: skip
SMOL_PICTURES = {"do_image_splitting": True, "do_pad": True, "size": {"longest_edge": 2048},
                 "max_image_size": {"longest_edge": 512}}  # fmt: skip
IDEFICS3 = VisionLanguageSpec(
    "Idefics3Processor", _pictures("Idefics3ImageProcessor", **SMOL_PICTURES),
    SMOL, SMOL_TOKENS, {"image_token_id": "<image>"}, {"image_seq_len": 64}, SMOL_CONFIG, SMOL_CHAT,
)  # fmt: skip
SMOLVLM = VisionLanguageSpec(
    "SmolVLMProcessor", _pictures("SmolVLMImageProcessor", **SMOL_PICTURES),
    SMOL, (*SMOL_TOKENS, "<video>"), {"image_token_id": "<image>"}, {"image_seq_len": 64}, SMOL_CONFIG, SMOL_CHAT,
    {"fake_image_token": "<fake_token_around_image>", "image_token": "<image>", "global_image_token": "<global-img>",
     "end_of_utterance_token": "<end_of_utterance>"},
    {"video_processor_type": "SmolVLMVideoProcessor", "size": {"longest_edge": 512}, "num_frames": 64, "fps": 1,
     "max_image_size": {"longest_edge": 512}, "do_sample_frames": True, **HALVES},
)  # fmt: skip
IDEFICS2 = VisionLanguageSpec(
    "Idefics2Processor",
    _pictures("Idefics2ImageProcessor", do_image_splitting=False, do_pad=True,
              size={"shortest_edge": 378, "longest_edge": 980}),
    LLAMA | {"pad_token": "<unk>"}, ("<fake_token_around_image>", "<image>", "<end_of_utterance>"),
    {"image_token_id": "<image>"}, {"image_seq_len": 64},
    {"vision_config": {"image_size": 980, "patch_size": 14},
     "perceiver_config": {"hidden_size": 32, "resampler_depth": 1, "resampler_n_heads": 2, "resampler_head_dim": 16,
                          "num_key_value_heads": 2, "resampler_n_latents": 64}},
    Chat("ROLE:", "<image>", "<end_of_utterance>\n", "Assistant:", gap=" ",
         roles={"user": "User", "assistant": "Assistant", "system": "System"}),
    adds_bos=True,
)  # fmt: skip

QWEN_TOKENS = ("<|im_start|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>")
QWEN_NUMBERS = {"image_token_id": "<|image_pad|>", "video_token_id": "<|video_pad|>",
                "vision_start_token_id": "<|vision_start|>", "vision_end_token_id": "<|vision_end|>",
                "vision_token_id": "<|vision_pad|>"}  # fmt: skip
QWEN_CHAT = Chat("<|im_start|>ROLE\n", "<|vision_start|><|image_pad|><|vision_end|>", "<|im_end|>\n",
                 "<|im_start|>assistant\n", video="<|vision_start|><|video_pad|><|vision_end|>")  # fmt: skip


def _qwen(number: str, patch: int, vision: Mapping[str, Any], **rotary: Any) -> VisionLanguageSpec:
    sizes = {"patch_size": patch, "temporal_patch_size": 2, "merge_size": 2}
    edges = {"shortest_edge": 4 * patch * patch * 4, "longest_edge": 16384 * patch * patch * 4}
    pictures = _pictures("Qwen2VLImageProcessor", **OPENAI_CLIP, **sizes, size=edges)
    videos = {"video_processor_type": ("Qwen3VL" if number == "3" else "Qwen2VL") + "VideoProcessor", **sizes}
    text = {"rope_scaling": {"rope_type": "default", "mrope_section": [2, 3, 3], **rotary}, "head_dim": 16}
    processor = {"2": "Qwen2VLProcessor", "2_5": "Qwen2_5_VLProcessor", "3": "Qwen3VLProcessor"}[number]
    return VisionLanguageSpec(
        processor, pictures, QWEN, QWEN_TOKENS, QWEN_NUMBERS, {}, {"vision_config": vision, "text_config": text},
        QWEN_CHAT, video_processor=videos | OPENAI_CLIP, tokenizer_class="Qwen2Tokenizer",
    )  # fmt: skip


PALIGEMMA = VisionLanguageSpec(
    "PaliGemmaProcessor", _pictures("SiglipImageProcessor", size=_square(224), image_seq_length=256),
    GEMMA, ("<image>", *(f"<loc{place:04}>" for place in range(1024)), *(f"<seg{part:03}>" for part in range(128))),
    {"image_token_index": "<image>", "image_token_id": "<image>"},
    config={"projection_dim": 32, "hidden_size": 32,
            "vision_config": {"image_size": 224, "patch_size": 14, "projection_dim": 32, "vision_use_head": False},
            "text_config": {"num_image_tokens": 256}},
    tokenizer_class="GemmaTokenizer", adds_bos=True,
)  # fmt: skip
GEMMA_NAMED = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
GEMMA3 = VisionLanguageSpec(
    "Gemma3Processor",
    _pictures("Gemma3ImageProcessor", size=_square(896), do_pan_and_scan=False, image_seq_length=256),
    GEMMA, ("<start_of_turn>", "<end_of_turn>", *GEMMA_NAMED.values()),
    {"boi_token_index": "<start_of_image>", "eoi_token_index": "<end_of_image>",
     "image_token_index": "<image_soft_token>", "image_token_id": "<image_soft_token>"},
    {"image_seq_length": 256},
    {"mm_tokens_per_image": 256, "vision_config": {"image_size": 896, "patch_size": 14, "vision_use_head": False},
     "text_config": {"query_pre_attn_scalar": 16}},
    Chat("<start_of_turn>ROLE\n", "<start_of_image>", "<end_of_turn>\n", "<start_of_turn>model\n", begin="<bos>",
         roles={"assistant": "model", "system": "user"}),
    GEMMA_NAMED, adds_bos=True,
)  # fmt: skip
MLLAMA = VisionLanguageSpec(
    "MllamaProcessor",
    _pictures("MllamaImageProcessor", **OPENAI_CLIP, size=_square(560), max_image_tiles=4, do_pad=True),
    {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", "pad_token": "<|finetune_right_pad_id|>"},
    ("<|start_header_id|>", "<|end_header_id|>", "<|python_tag|>", "<|image|>"),
    {"image_token_index": "<|image|>", "image_token_id": "<|image|>"},
    config={"vision_config": {"image_size": 560, "attention_heads": 2, "num_global_layers": 1,
                              "intermediate_layers_indices": [0, 1], "vision_output_dim": 96},
            "text_config": {"cross_attention_layers": [1], "rope_scaling": {"rope_type": "default"}}},
    chat=Chat("<|start_header_id|>ROLE<|end_header_id|>\n\n", "<|image|>", "<|eot_id|>",
              "<|start_header_id|>assistant<|end_header_id|>\n\n", begin="<|begin_of_text|>"),
    adds_bos=True, last_token_unscored=True,
)  # fmt: skip

BLIP_2 = VisionLanguageSpec(
    "Blip2Processor", _pictures("BlipImageProcessor", **OPENAI_CLIP, size=_square(224)),
    {"bos_token": "</s>", "eos_token": "</s>", "unk_token": "</s>", "pad_token": "<pad>"}, ("<image>",),
    {"image_token_index": "<image>", "image_token_id": "<image>"}, {"num_query_tokens": 32},
    {"num_query_tokens": 32, "use_decoder_only_language_model": True}, adds_bos=True,
)  # fmt: skip
FLORENCE_TASKS: dict[str, Any] = {
    "ocr": {"AREA_THRESHOLD": 0.0}, "phrase_grounding": {"banned_grounding_tokens": []}, "pure_text": {},
    "description_with_bboxes": {}, "description_with_polygons": {}, "polygons": {}, "bboxes": {},
    "description_with_bboxes_or_polygons": {},
}  # fmt: skip
FLORENCE2 = VisionLanguageSpec(
    "Florence2Processor",
    _pictures("CLIPImageProcessor", **IMAGENET, size=_square(768), do_center_crop=False, image_seq_length=577),
    {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"},
    ("<image>", *(f"<loc_{place}>" for place in range(1000)), "<od>", "</od>", "<poly>", "</poly>", "<sep>"),
    {"image_token_id": "<image>"}, {"post_processor_config": FLORENCE_TASKS},
    {"is_encoder_decoder": True,
     "vision_config": {"embed_dim": [8, 16, 16, 32], "depths": [1, 1, 1, 1], "num_heads": [1, 2, 2, 2],
                       "num_groups": [1, 2, 2, 2], "projection_dim": 32}},
    named_tokens={"image_token": "<image>"}, tokenizer_class="BartTokenizer",
)  # fmt: skip

SPECS: dict[str, VisionLanguageSpec] = {
    "blip-2": BLIP_2,
    "florence2": FLORENCE2,
    "llava": LLAVA,
    "llava_next": LLAVA_NEXT,
    "llava_onevision": LLAVA_ONEVISION,
    "idefics2": IDEFICS2,
    "idefics3": IDEFICS3,
    "smolvlm": SMOLVLM,
    "qwen2_vl": _qwen("2", 14, {"hidden_size": 32, "embed_dim": 32}, type="mrope"),
    "qwen2_5_vl": _qwen("2_5", 14, {"out_hidden_size": 32, "fullatt_block_indexes": [1]}, type="mrope"),
    "qwen3_vl": _qwen("3", 16, {"out_hidden_size": 32, "deepstack_visual_indexes": [0, 1]}, mrope_interleaved=True),
    "paligemma": PALIGEMMA,
    "gemma3": GEMMA3,
    "mllama": MLLAMA,
}
"""By type of model."""
