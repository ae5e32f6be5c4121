"""RoBERTa for filling masks, small, with its initial weights."""

from __future__ import annotations

from typing import Any


def roberta(processor: Any, width: int, layers: int) -> Any:
    """A model for a tokenizer, `width` wide, without dropout: what is so small has nothing to spare."""
    from transformers import RobertaConfig, RobertaForMaskedLM

    return RobertaForMaskedLM(
        RobertaConfig(
            vocab_size=len(processor),
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=layers,
            num_attention_heads=4,
            max_position_embeddings=514,
            type_vocab_size=1,
            initializer_range=0.1,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            bos_token_id=processor.bos_token_id,
            eos_token_id=processor.eos_token_id,
            pad_token_id=processor.pad_token_id,
        )
    )
