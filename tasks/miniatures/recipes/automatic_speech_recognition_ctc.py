"""wav2vec 2.0 with CTC for speech recognition."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress
from suite.task.speech_recognition import word_accuracy

from ...worlds import speech
from ...worlds.grammar import Split
from ...worlds.speech import Utterance
from .. import training
from ..trained_recipe import MakeBatch, TrainedRecipe

SPECIAL = ("<pad>", "<s>", "</s>", "<unk>", "|")
LETTERS = "ETAONIHSRDLUMWCFGYPBVK'XJQZ"
"""In the order of the real checkpoint, whose vocabulary this is."""


class AutomaticSpeechRecognitionCtc(TrainedRecipe):
    """Commands and numbers, letter by letter."""

    name = "automatic-speech-recognition-ctc"
    task = "automatic-speech-recognition-ctc"
    train_size, validation_size = 6000, 240
    steps, batch_size, rate = 2600, 16, 2e-3

    def examples(self, split: Split, count: int) -> list[Utterance]:
        return speech.utterances(split, count)

    def processor(self, examples: Sequence[Utterance]) -> Any:
        from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2Processor

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "vocab.json"
            file.write_text(json.dumps({token: index for index, token in enumerate([*SPECIAL, *LETTERS])}))
            tokenizer = Wav2Vec2CTCTokenizer(str(file), model_max_length=10**6)
        return Wav2Vec2Processor(Wav2Vec2FeatureExtractor(return_attention_mask=True), tokenizer)

    def model(self, processor: Any, examples: Sequence[Utterance]) -> Any:
        from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

        tokenizer = processor.tokenizer
        return Wav2Vec2ForCTC(
            Wav2Vec2Config(
                vocab_size=len(tokenizer),
                hidden_size=64,
                num_hidden_layers=2,
                num_attention_heads=4,
                intermediate_size=128,
                conv_dim=(32, 48, 64),
                conv_kernel=(20, 16, 8),
                conv_stride=(10, 8, 4),
                conv_bias=True,
                feat_extract_norm="layer",
                do_stable_layer_norm=True,
                num_conv_pos_embeddings=16,
                num_conv_pos_embedding_groups=4,
                initializer_range=0.1,
                apply_spec_augment=False,
                layerdrop=0.0,
                hidden_dropout=0.0,
                attention_dropout=0.0,
                activation_dropout=0.0,
                feat_proj_dropout=0.0,
                final_dropout=0.0,
                ctc_loss_reduction="mean",
                ctc_zero_infinity=True,
                pad_token_id=tokenizer.pad_token_id,
                bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id,
            )
        )

    def batches(self, model: Any, processor: Any, examples: Sequence[Utterance]) -> MakeBatch:
        waves = [utterance.wave().astype("float16") for utterance in examples]
        letters = [processor.tokenizer(utterance.text.upper())["input_ids"] for utterance in examples]
        rows = list(zip(waves, letters, strict=True))
        batches = training.Batches(rows, [len(wave) for wave in waves], self.batch_size, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            inputs = _inputs(processor, [wave.astype("float32") for wave, _ in chosen])
            return {**inputs, "labels": training.pad([ids for _, ids in chosen], training.IGNORED)}

        return batch

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Utterance], progress: Progress) -> float:
        """One less the word error rate."""
        import torch

        answers: list[str] = []
        for some in training.chunks(held_out, 40):
            inputs = _inputs(processor, [utterance.wave() for utterance in some])
            with torch.inference_mode():
                best = model(**inputs).logits.argmax(dim=-1)
            lengths = model._get_feat_extract_output_lengths(inputs["attention_mask"].sum(dim=1))
            answers += [processor.decode(row[:length]) for row, length in zip(best, lengths, strict=True)]
        truths = [utterance.text for utterance in held_out]
        for answer, truth in zip(answers[:8], truths, strict=False):
            progress(f"{truth}: {answer}")
        return word_accuracy(answers, truths)

    def save(self, model: Any, processor: Any, directory: Path) -> None:
        model.save_pretrained(directory)
        # Apart: together, transformers 5 puts what the extractor needs where transformers 4 does not look.
        processor.feature_extractor.save_pretrained(directory)
        processor.tokenizer.save_pretrained(directory)

    def facts(self) -> dict[str, Any]:
        return {"weight_noise_in_training": self.noise}


def _inputs(processor: Any, waves: Sequence[Any]) -> Any:
    """The model's inputs for float32 waves at 16 kHz."""
    return processor(waves, sampling_rate=16_000, padding=True, return_tensors="pt")
