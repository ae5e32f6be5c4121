"""A tiny configuration of any class: the defaults with the well-known sizes made small, and those of its parts too.

Nothing here knows a family. Sizes are recognised by the names that configurations have in common; what depends on them
is left to the class, which computes it as it is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WIDTH, HEAD, HEADS, LAYERS, POSITIONS = 32, 8, 4, 2, 640

SIZES: tuple[tuple[str, int], ...] = (
    (r"head_dim|d_kv|attention_head_size|rotary_dim|rotary_ndims", HEAD),
    (r"(qk_nope|qk_rope|v|global|linear_key|linear_value|index)_head_dim|d_head", HEAD),
    (r"key_head_dim|value_head_dim|mamba_d_head|mamba_head_dim|mamba_headdim|swa_head_dim|linear_head_dim", HEAD),
    (r"num_key_value_heads|num_kv_heads|multi_query_group_num|num_global_key_value_heads|linear_num_key_heads", 2),
    (r"(num|n)_?(attention_)?heads?|(encoder|decoder)_attention_heads|num_decoder_attention_heads", HEADS),
    (r"linear_num_value_heads|mamba_n_heads|mamba_num_heads|index_n_heads|num_cross_attention_heads", HEADS),
    (r"linear_num_heads", HEADS),
    (r"num_hidden_layers|n_layers?|(encoder|decoder)_layers|num_layers|num_(encoder|decoder)_layers|depth", LAYERS),
    (r"(num_)?(encoder|decoder)_hidden_layers|num_(lm_)?head_layers|projector_depth|num_block(s|_layers)", LAYERS),
    (r"intermediate_size|(encoder_|decoder_)?ffn_dim|d_ff", 2 * WIDTH),
    (r"d_inner|n_inner|mlp_dim|dim_ff|dense_dim|ffn_hidden_size", 2 * WIDTH),
    (r"(moe|shared_expert|dense|block|expert|encoder|decoder|double_wide)_intermediate_size", 2 * WIDTH),
    (r"hidden_dim|ff_dim", 2 * WIDTH),
    (r"hidden_size|d_model|dim|n_embd|(word_|input_)?embed(ding)?_(dim|size)", WIDTH),
    (r"d_embed|projection_(dim|size)|output_dim", WIDTH),
    (r"(text|vision|audio|(en|de)coder|cross_attention|fusion|out|reassemble|neck|qformer)_hidden_size", WIDTH),
    (r"(encoder|decoder|text|vision|mask_feature|prompt)_(hidden|embed|embedding|channel)_?(dim|size)?", WIDTH),
    (r"num_latents", 16),
    (r"d_latents|emb_dim|entity_emb_size|hidden_size_global", WIDTH),
    (r"(mamba_)?expand", 1),
    (r"num_kv_shared_layers|zero_expert_num", 0),
    (r"(attn|expert)_layer_period", 2),
    (r"attn_layer_offset", 1),
    (r"expert_ffn_hidden_size|shared_intermediate_size|(shared_)?expert_hidden_size", 2 * WIDTH),
    (r"entity_vocab_size|encoder_hash_byte_group_vocab", 64),
    (r"word_embed_proj_dim|lru_width|text_embed_dim|vision_output_dim", WIDTH),
    (r"proj_dim|query_dim|conv_pos_dim|embedding_width", WIDTH),
    (r"text_embed_hidden_size|initial_hidden_size|projector_hidden_(size|dim)|feature_size|bottleneck_dim", WIDTH),
    (r"(q|kv|o|gate|decay|lora)_lora_rank|(time|a|v|w|gate|decay)_low_rank_dim|o_lora_rank", 16),
    (r"hidden_size_per_layer_input|embedding_size_per_layer_input|laurel_rank|altup_num_inputs_dim", HEAD),
    (r"num_(local_)?experts|n_routed_experts|moe_num_experts|num_routed_experts|n_experts", 4),
    (r"num_experts_per_to(k|ken)|moe_k|moe_top_?k|num_selected_experts|top_k_experts|moe_topk", 2),
    (r"n_groups?|mamba_n_?groups|topk_group|num_expert_group|num_limited_groups", 1),
    (r"n_shared_experts|first_k_dense_replace|num_dense_layers|num_nextn_predict_layers", 1),
    (r"(max|n|num)_?(target_|source_)?positions?(_embeddings)?", POSITIONS),
    (r"max_(seq|sequence)_len(gth)?|max_seqlen|n_ctx|index_topk", POSITIONS),
    (r"state_size|d_state|mamba_d_state|ssm_state_size|time_step_rank|conv_kernel_size", HEAD),
    (r"image_size|img_size|input_size|spatial_size|pretrain_img_size", 64),
    (r"num_queries|num_detection_tokens|num_query_tokens|num_object_queries", 20),
    (r"num_mel_bins_hidden|codebook_dim|codevector_dim", WIDTH),
    (r"proj_codevector_dim|classifier_proj_size|output_hidden_size", WIDTH),
    (r"codebook_size|num_codevectors_per_group|hash_vocab_size", 64),
    (r"(sliding_window|attention_window|local_attention|window)(_size)?|chunk_size|attention_chunk_size", 16),
)  # fmt: skip
"""Patterns of whole names, each with the size to use where the default is larger."""
_SIZES = [(re.compile(pattern), size) for pattern, size in SIZES]
WIDE_LIST = re.compile(
    r"(encoder_|neck_)?hidden_sizes|embed_dims?|dims?|hidden_channels|conv_dim|widths|(out_)?channels"
)
DEEP_LIST = re.compile(r"depths?|num_blocks|layers_per_stage|num_layers|num_conv_layers|blocks_per_stage")
HEADS_LIST = re.compile(r"num_(attention_)?heads|heads|num_heads_per_stage")
OF_BLOCKS = ("block_types",)
"""Lists of the kinds of layers that follow one another, again and again."""
ATTENDING, LINEAR = "full_attention", "linear_attention"
PER_TOKEN = ("vocab_size_per_layer_input",)
"""Sizes of further tables that are looked up by a token's id: those of the vocabulary."""
MOST_KINDS = 6
"""Layers are kept of so many kinds at most."""
WHERE_NONE: dict[str, Any] = {
    "n_routed_experts": 4, "num_experts_per_tok": 2, "n_shared_experts": 1, "first_k_dense_replace": 1, "n_group": 1,
    "topk_group": 1, "layer_types": ["full_attention"] * LAYERS, "attn_layer_indices": [1], "num_key_value_heads": 2,
    "default_language": "en_XX",
}  # fmt: skip
"""What every real config says and some defaults leave out."""
ROPE = {"rope_type": "default", "rope_theta": 10_000.0}
LAYER_COUNTS = ("num_hidden_layers", "n_layer", "num_layers", "n_layers")
OF_LAYERS = ("backbone_out_indices", "out_layers", "reassemble_out_indices")
"""Lists of the layers whose states a head takes."""
ABSENT_BACKBONES = ("timm_backbone", "timm_wrapper")
"""Parts that need a library which is not installed with the suite: a ResNet takes their place."""
WAYS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        r"",
        r".*head.*",
        r".*head.*|.*hidden_size|.*intermediate.*|d_model|.*_dim|dim",
        r"(?!.*layers|depth|n_layer|.*experts|vocab.*|.*position.*).*",
        r".*",
    )
)
"""One after another, until a class takes the sizes: the names that are left as they are."""
SPREADS = ("initializer_range", "init_std")


def tiny_configs(cls: Any, **given: Any) -> Iterator[Any]:
    """Small configurations of a class, the smallest first. `given` is set as it is, in it and in its parts.

    How far weights are spread is left as it is where the widths are: in wide layers a larger spread is only noise.
    One that cannot be made is left out; if that is so of all, what the first raised is raised.
    """
    first: Exception | None = None
    made = False
    for left in WAYS:
        try:
            set_here = {name: value for name, value in given.items() if not (_is_wide(left) and name in SPREADS)}
            config = cls(**_arguments(cls(), set_here, left))
        except Exception as error:  # whatever a class raises that cannot be made of its defaults, or not of small ones
            first = first or error
            continue
        made = True
        yield config
    if first is not None and not made:
        raise first


def _is_wide(left: re.Pattern[str]) -> bool:
    return left.fullmatch("hidden_size") is not None


def _arguments(default: Any, given: Mapping[str, Any], left: re.Pattern[str]) -> dict[str, Any]:
    """What to make a configuration of, from its default one."""
    parts = dict(_parts(default))
    own_names = getattr(default, "attribute_map", {})
    values = {name: value for name, value in vars(default).items() if not name.startswith("_") and name not in parts}
    sizes = {name: _small(name, value) for name, value in values.items() if not left.fullmatch(name)}
    arguments = {name: small for name, small in sizes.items() if small is not None}
    before = next((values[name] for name in LAYER_COUNTS if type(values.get(name)) is int), None)
    counts = [name for name in LAYER_COUNTS if name in arguments]
    if before and counts:
        of_each = {
            name: value
            for name, value in values.items()
            if _is_list(value) and len(value) == before and name not in arguments
        }
        kept = _places(list(of_each.values()), before)
        blocks = [len(values[name]) for name in OF_BLOCKS if _is_list(values.get(name))]
        arguments |= {name: max(blocks, default=len(kept)) for name in counts}
        arguments |= {name: [value[place] for place in kept] for name, value in of_each.items()}
        if set(arguments.get("layer_types") or ()) == {LINEAR}:
            arguments["layer_types"][-1] = ATTENDING  # a hybrid whose default says nothing of its other half
    if counts and (taken := _taken(default, values)):
        arguments |= _last_layers(taken, len(taken[1]), counts)
    elif _is_list(getattr(default, "out_indices", None)):
        arguments["out_indices"] = list(default.out_indices)  # a property: not among what is stored under its name
    for name, value in WHERE_NONE.items():
        if name in values and values[name] is None:
            arguments[name] = value
    rope = values.get("rope_parameters", ROPE)
    if rope is None or (isinstance(rope, Mapping) and _has_no_base(rope)):
        arguments["rope_parameters"] = dict(ROPE)
    for name, value in given.items():
        if hasattr(default, name) or name.endswith("_token_id"):
            arguments[own_names.get(name, name)] = value
    arguments |= {name: given["vocab_size"] for name in PER_TOKEN if name in values and "vocab_size" in given}
    for name, part in parts.items():
        arguments[name] = _resnet() if part.model_type in ABSENT_BACKBONES else _part(part, given, left)
    return arguments


def _taken(default: Any, values: Mapping[str, Any]) -> tuple[str, Sequence[int]] | None:
    """The list of the layers whose states a head takes, if there are several, and its name."""
    of_backbone = ("out_indices", getattr(default, "out_indices", None))
    lists: tuple[tuple[str, Any], ...] = (of_backbone, *((name, values.get(name)) for name in OF_LAYERS))
    return next(((name, value) for name, value in lists if _is_list(value) and len(value) > 1), None)


def _last_layers(taken: tuple[str, Sequence[int]], layers: int, counts: Sequence[str]) -> dict[str, Any]:
    """As many layers as a head takes states of, all of which it takes; a backbone counts its stem as the first."""
    first = 1 if taken[0] == "out_indices" else 0
    return {**dict.fromkeys(counts, layers), taken[0]: [first + layer for layer in range(layers)]}


def _has_no_base(rope: Mapping[str, Any]) -> bool:
    """Whether rotary embeddings are described without their base; a description for each kind of layer is a mapping."""
    return rope.get("rope_theta") is None and not any(isinstance(value, Mapping) for value in rope.values())


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _places(of_each: Sequence[Sequence[Any]], count: int) -> list[int]:
    """The layers that are kept: the first of each kind, by all that has an entry for each, and two of a single kind."""
    kinds: dict[str, int] = {}
    for place in range(count):
        kinds.setdefault(repr([values[place] for values in of_each]), place)
    places = list(kinds.values())[:MOST_KINDS]
    return places if len(places) >= LAYERS else [*places, *range(places[-1] + 1, count)][:LAYERS]


def _part(part: Any, given: Mapping[str, Any], left: re.Pattern[str]) -> Any:
    """A configuration inside another: made by its class where that is known, else given as its arguments."""
    return type(part)(**(_set_by_its_owner(part) | _arguments(part, given, left)))


def _set_by_its_owner(part: Any) -> dict[str, Any]:
    """What a part says otherwise than its class by itself: numbers, words and lists of them."""
    default = vars(type(part)())
    own = {name: value for name, value in vars(part).items() if not name.startswith("_")}
    return {
        name: value
        for name, value in own.items()
        if isinstance(value, bool | int | float | str | list | tuple) and default.get(name, value) != value
    }


def _resnet() -> Any:
    import transformers

    sizes: dict[str, Any] = {"embedding_size": 8, "hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]}
    stages: dict[str, Any] = {"layer_type": "basic", "out_features": ["stage2", "stage3", "stage4"]}
    return transformers.ResNetConfig(**sizes, **stages)


def _parts(default: Any) -> Iterator[tuple[str, Any]]:
    """The configurations inside a configuration."""
    for name, value in vars(default).items():
        if hasattr(value, "to_dict") and hasattr(value, "model_type"):
            yield name, value


def _small(name: str, value: Any) -> Any:
    """A smaller value of a size, or `None` where it is no size or small already."""
    if type(value) is int:
        return next((size for pattern, size in _SIZES if pattern.fullmatch(name) and value > size), None)
    if isinstance(value, list | tuple) and value and all(type(entry) is int for entry in value):
        return _small_list(name, value)
    return None


def _small_list(name: str, values: Sequence[int]) -> list[int] | None:
    if HEADS_LIST.fullmatch(name):
        return [min(value, 2) for value in values]
    if DEEP_LIST.fullmatch(name):
        return [1 for _ in values]
    if WIDE_LIST.fullmatch(name):
        return [8 * (place + 1) for place in range(len(values))] if len(set(values)) > 1 else [16 for _ in values]
    return None
