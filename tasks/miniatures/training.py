"""The loop that trains every miniature, and the tokenizers of the text ones."""

from __future__ import annotations

import math
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

    from ..worlds.grammar import Example

Progress = Callable[[str], None]

SAVE_EVERY_SECONDS = 30.0
PIECE = re.compile(r"▁?\w+'?|▁?[^\w▁]|▁")


def seed_everything(seed: int) -> None:
    """One seed for weights, dropout and batches; one thread, so that sums have one order."""
    import torch

    torch.set_num_threads(1)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def fit(
    model: torch.nn.Module,
    batch: Callable[[int], dict[str, Any]],
    steps: int,
    work: Path,
    progress: Progress,
    *,
    rate: float = 2e-3,
    noise: float = 0.0,
    decay: float = 0.01,
    loss: Callable[[Any, dict[str, Any]], torch.Tensor] | None = None,
) -> float:
    """Train in place with AdamW on a one-cycle schedule; a killed training resumes from `work`. Gives its seconds.

    `batch` makes the inputs of a step from its number. `noise` disturbs the weights at each step, in units of their
    standard deviation, so that the minimum found is a flat one and survives quantization.
    """
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1, pct_start=0.06)
    parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "schedule": schedule}
    state = work / "training.pt"
    start, before = 0, 0.0
    if state.is_file():
        saved = torch.load(state, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        start, before = saved["step"], saved["seconds"]
        progress(f"resuming at step {start}")
    model.train()
    started = saved_at = time.process_time()
    running = 0.0
    for step in range(start, steps):
        torch.manual_seed(step)
        inputs = batch(step)
        disturbed = _disturb(model, noise) if noise else []
        outputs = model(**inputs)
        value = outputs.loss if loss is None else loss(outputs, inputs)
        optimizer.zero_grad()
        value.backward()
        for weight, offset in disturbed:
            weight.data.sub_(offset)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        running = value.item() if step == start else 0.98 * running + 0.02 * value.item()
        if (step + 1) % 100 == 0:
            progress(f"step {step + 1} of {steps}, loss {running:.4f}")
        if time.process_time() - saved_at > SAVE_EVERY_SECONDS:
            _save(state, parts, step + 1, before + time.process_time() - started)
            saved_at = time.process_time()
    seconds = before + time.process_time() - started
    _save(state, parts, steps, seconds)
    model.eval()
    return seconds


def _disturb(model: torch.nn.Module, noise: float) -> list[tuple[Any, Any]]:
    import torch

    offsets = []
    for weight in model.parameters():
        if weight.dim() > 1:
            offset = noise * weight.data.std() * torch.randn_like(weight)
            weight.data.add_(offset)
            offsets.append((weight, offset))
    return offsets


def _save(file: Path, parts: dict[str, Any], step: int, seconds: float) -> None:
    import torch

    partial = file.with_suffix(".partial")
    torch.save({name: part.state_dict() for name, part in parts.items()} | {"step": step, "seconds": seconds}, partial)
    partial.replace(file)


class Batches:
    """Batches of encoded rows of similar lengths, chosen by the number of the step alone."""

    def __init__(self, rows: Sequence[Any], lengths: Sequence[int], size: int, seed: int) -> None:
        self.rows, self.size, self.seed = rows, size, seed
        order = np.random.default_rng(seed).permutation(len(rows))
        self.by_length = sorted(order.tolist(), key=lambda index: lengths[index])

    def __call__(self, step: int) -> list[Any]:
        """The rows of one step. Each is a window of neighbours in length, at a random place."""
        generator = np.random.default_rng((self.seed, step))
        window = 4 * self.size
        start = int(generator.integers(-window // 2, len(self.rows) - window // 2))
        start = min(max(start, 0), max(len(self.rows) - window, 0))
        chosen = generator.choice(min(window, len(self.rows)), size=min(self.size, len(self.rows)), replace=False)
        return [self.rows[self.by_length[start + int(index)]] for index in chosen]


def pad(rows: Sequence[Sequence[int]], value: int, left: bool = False) -> torch.Tensor:
    """A rectangular tensor of token ids."""
    import torch

    longest = max(len(row) for row in rows)
    filled = [[value] * (longest - len(row)) for row in rows]
    padded = [fill + list(row) if left else list(row) + fill for row, fill in zip(rows, filled, strict=True)]
    return torch.tensor(padded)


def wordpiece(words: Iterable[str], texts: Iterable[str], lowercase: bool) -> Any:
    """BERT's kind of tokenizer: whole `words`, pieces that continue one (with ##), and every character of `texts`.

    The vocabulary is written down and not learned: the library's trainers number their tokens differently each time.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = sorted(set("".join(texts)) - {" "})
    vocabulary = dict.fromkeys([*special, *letters, *(f"##{letter}" for letter in letters), *sorted(words)])
    tokens = {token: index for index, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(tokens, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", tokens["[CLS]"]), ("[SEP]", tokens["[SEP]"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=512,
    )


def words_of(texts: Iterable[str], lowercase: bool = False) -> set[str]:
    """The words and marks that BERT's way of splitting finds in `texts`."""
    pattern = re.compile(r"\w+|[^\w\s]")
    return {word for text in texts for word in pattern.findall(text.lower() if lowercase else text)}


def pieces(texts: Sequence[str], special: Sequence[str] = ("<pad>", "</s>", "<unk>"), codes: Sequence[str] = ()) -> Any:
    """T5's kind of tokenizer: a unigram model whose pieces are the words of `texts`, and every character.

    The `special` tokens are the first, in the order that the kind of model has them. `codes` are tokens that no text
    contains, either: NLLB's languages.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    found = Counter(piece for text in texts for piece in PIECE.findall("▁" + text.replace(" ", "▁")))
    found.update(dict.fromkeys(sorted(set("".join(texts)) - {" "}), 0))
    total = sum(found.values())
    known = [(token, 0.0) for token in special]
    known += [(piece, math.log(max(count, 0.01) / total)) for piece, count in sorted(found.items())]
    tokenizer = Tokenizer(models.Unigram(known, unk_id=special.index("<unk>")))
    tokenizer.add_special_tokens([AddedToken(code, special=True) for code in codes])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", special.index("</s>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=512,
        clean_up_tokenization_spaces=False,
    )


def byte_pairs(texts: Iterable[str], size: int = 1000) -> Any:
    """GPT-2's kind of tokenizer: pairs of bytes, so that it can read and write anything."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<|endoftext|>", "<|pad|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sorted(set(texts)), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|endoftext|>",
        eos_token="<|endoftext|>",
        unk_token="<|endoftext|>",
        pad_token="<|pad|>",
        padding_side="left",
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=640,
        clean_up_tokenization_spaces=False,
    )


def byte_pairs_between_ends(texts: Iterable[str], size: int = 1000, longest: int = 512) -> Any:
    """RoBERTa's and BART's kind of tokenizer: pairs of bytes between <s> and </s>, with a <mask> that takes the space
    before it. A pair of texts is joined by two </s>."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sorted(set(texts)), trainer)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B:0 </s>:0",
        special_tokens=[(token, special.index(token)) for token in ("<s>", "</s>")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token=AddedToken("<mask>", lstrip=True, special=True),
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=longest,
        clean_up_tokenization_spaces=False,
    )


def begin_as_waves(words: torch.nn.Embedding, positions: torch.nn.Embedding, size: int, height: float = 0.15) -> None:
    """Let positions begin as sines and cosines in the last `size` dimensions, and words in the others.

    A step to a neighbour is then the same everywhere, and what a word is can be told from where it stands.
    """
    import torch

    count = len(positions.weight)
    rates = 1000.0 ** (-torch.arange(0, size, 2) / size)
    angles = torch.arange(count)[:, None] * rates
    with torch.no_grad():
        positions.weight.zero_()
        positions.weight[:, -size:] = height * torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
        words.weight[:, -size:] = 0.0


def begin_to_match(
    query: torch.nn.Linear, key: torch.nn.Linear, size: int, gain: float = 2.0, reads: slice = slice(None)
) -> None:
    """Let the first `size` dimensions of a layer's queries and keys begin alike: their heads then look for what is like
    the token itself in the dimensions that they read. Models of this size come upon it late, or not at all.

    Where these tell words, it is the same word elsewhere; where they tell positions, it is the neighbourhood.
    """
    import torch

    with torch.no_grad():
        alike = torch.zeros_like(query.weight[:size])
        alike[:, reads] = gain * query.weight[:size, reads]
        query.weight[:size] = alike
        key.weight[:size] = alike


def by_kind(examples: Sequence[Example], right: Sequence[bool], progress: Progress) -> None:
    """Tell the share of right answers on the validation split for each kind of example."""
    for kind in sorted({example.kind for example in examples}):
        chosen = [ok for ok, example in zip(right, examples, strict=True) if example.kind == kind]
        progress(f"validation, {kind}: {sum(chosen) / len(chosen):.3f} of {len(chosen)}")
