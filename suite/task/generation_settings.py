"""What a checkpoint's own generation settings say: switched off for a plain greedy answer, or obeyed; said either way.

Backends are compared on plain greedy generation, which depends on the model's scores alone. Beams, penalties and
sampling of the checkpoint's author belong to its use, not to its weights: `--generation own` keeps them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

PLAIN, OWN = "plain", "own"
POLICIES = (PLAIN, OWN)

SEARCH: Mapping[str, Any] = {
    "do_sample": False, "num_beams": 1, "num_beam_groups": 1, "early_stopping": False, "length_penalty": 1.0,
    "temperature": 1.0, "top_k": 50, "top_p": 1.0, "min_p": None, "top_h": None, "typical_p": 1.0,
    "epsilon_cutoff": 0.0, "eta_cutoff": 0.0, "penalty_alpha": None, "diversity_penalty": 0.0,
    "repetition_penalty": 1.0, "encoder_repetition_penalty": 1.0, "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0, "bad_words_ids": None, "force_words_ids": None, "constraints": None,
    "min_length": 0, "min_new_tokens": None, "exponential_decay_length_penalty": None, "sequence_bias": None,
    "forced_eos_token_id": None, "forced_decoder_ids": None, "guidance_scale": None, "renormalize_logits": False,
    "remove_invalid_values": False, "dola_layers": None, "watermarking_config": None, "token_healing": False,
}  # fmt: skip
"""What decides which tokens are chosen, each with its neutral value."""
ALWAYS: Mapping[str, Any] = {
    "num_return_sequences": 1, "use_cache": True, "cache_implementation": None, "cache_config": None,
    "stop_strings": None, "max_time": None, "prompt_lookup_num_tokens": None, "output_scores": False,
    "output_logits": None, "output_attentions": False, "output_hidden_states": False, "return_dict_in_generate": False,
}  # fmt: skip
"""What decides how many answers there are, how they are kept and when they stop: the suite's own matter under any
policy."""
QUIET = frozenset({"top_k", "top_p", "temperature"})
"""Not worth a word where nothing is sampled."""
OBEYED = ("forced_bos_token_id", "suppress_tokens", "begin_suppress_tokens")
"""Parts of what is asked for, like the language to write in; kept, and said."""
ELSEWHERE = ("penalty_alpha", "num_beam_groups", "force_words_ids", "constraints", "dola_layers")
"""Ways of searching that transformers fetches from the Hub as code, which is not run."""
LONGEST = 80


def settle(model: Any, policy: str) -> None:
    """Switch off in a model, and in its parts that generate, what the policy does not leave on."""
    if getattr(model, "generation_config", None) is not None:
        settle_config(model.generation_config, policy)
    for part in model.modules():
        if part is not model and getattr(part, "generation_config", None) is not None:
            _switched_off(part.generation_config, {**SEARCH, **ALWAYS})


def settle_config(config: Any, policy: str) -> dict[str, Any]:
    """The same for generation settings by themselves; what was switched off, and what is obeyed, as notes."""
    notes: dict[str, Any] = {}
    samples = bool(getattr(config, "do_sample", False))
    off = _switched_off(config, ALWAYS if policy == OWN else {**SEARCH, **ALWAYS})
    told = {name: value for name, value in off.items() if name not in QUIET or (samples and name in SEARCH)}
    if told:
        notes["generation_switched_off"] = told
    kept = (*OBEYED, *SEARCH) if policy == OWN else OBEYED
    obeyed = {name: _short(getattr(config, name)) for name in kept if _is_set(config, name, SEARCH.get(name))}
    if obeyed:
        notes["generation_obeyed"] = obeyed
    return notes


def missing_end(config: Any, processor: Any, vocabulary: int | None = None) -> int | None:
    """The tokenizer's token for the end, where the settings name none that is known: else none would ever end."""
    tokenizer = getattr(processor, "tokenizer", processor)
    end, said = getattr(tokenizer, "eos_token_id", None), getattr(config, "eos_token_id", None)
    known = any(_is_known(one, vocabulary) for one in _several(said))
    return end if isinstance(end, int) and not known else None


def elsewhere(config: Any, policy: str) -> str | None:
    """Why the checkpoint's settings cannot be obeyed, where they are to be; `None` where they can."""
    asked_for = [name for name in ELSEWHERE if policy == OWN and _is_set(config, name, SEARCH[name])]
    if not asked_for:
        return None
    return (
        f"its generation settings ask for {' and '.join(asked_for)}, which transformers does by code from the Hub, and "
        "such code is not run: leave out --generation own"
    )


def damage(config: Any, model_config: Any, vocabulary: int | None) -> str | None:
    """What keeps a decoder beside an encoder from beginning, by its settings and the model's config; else `None`."""
    if not getattr(model_config, "is_encoder_decoder", False):
        return None
    for name in ("decoder_start_token_id", "forced_bos_token_id"):
        token = getattr(config, name, None)
        if token is not None and not all(_is_known(one, vocabulary) for one in _several(token)):
            return (
                f"{name} in its generation settings is {_short(token)}, and the model knows {vocabulary} token ids: "
                "write the one that an answer begins with"
            )
    starts = ("decoder_start_token_id", "bos_token_id")
    if all(getattr(words, name, None) is None for words in (config, model_config) for name in starts):
        return "its settings name no decoder_start_token_id, from which a decoder begins: write it in config.json"
    return None


def _several(token: Any) -> Any:
    return token if isinstance(token, list | tuple) else [token]


def _is_known(token: Any, vocabulary: int | None) -> bool:
    return isinstance(token, int) and 0 <= token < (vocabulary or token + 1)


def asked(generation: Mapping[str, Any] | None, policy: str) -> dict[str, Any] | None:
    """The arguments of `generate()`: a task's own, or nothing but the length where the checkpoint's are obeyed."""
    if generation is None:
        return None
    return dict(generation) if policy == PLAIN else {"max_new_tokens": generation["max_new_tokens"]}


@contextmanager
def plainly(model: Any) -> Iterator[None]:
    """Let the model generate plainly in here, whatever its settings are otherwise."""
    import copy

    own = getattr(model, "generation_config", None)
    if own is None:
        yield
        return
    model.generation_config = copy.deepcopy(own)
    _switched_off(model.generation_config, {**SEARCH, **ALWAYS})
    try:
        yield
    finally:
        model.generation_config = own


def setting(model: Any, options: Mapping[str, Any], name: str) -> Any:
    """What `generate()` goes by: its argument, else the model's own setting, else the neutral value."""
    own = getattr(getattr(model, "generation_config", None), name, None)
    return options.get(name, SEARCH.get(name) if own is None else own)


def _switched_off(config: Any, neutral: Mapping[str, Any]) -> dict[str, Any]:
    """Set what is set otherwise to its neutral value; what that was."""
    off = {}
    for name, value in neutral.items():
        if _is_set(config, name, value):
            off[name] = _short(getattr(config, name))
            setattr(config, name, value)
    return off


def _is_set(config: Any, name: str, neutral: Any) -> bool:
    value = getattr(config, name, None)
    return value is not None and value != neutral


def _short(value: Any) -> Any:
    if isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= LONGEST):
        return value
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
