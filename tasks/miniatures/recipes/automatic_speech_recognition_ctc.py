"""wav2vec 2.0 with CTC for speech recognition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained
from suite.task.speech_recognition import word_accuracy

from ...worlds import speech
from .. import training

TRAIN_SIZE = 6000
STEPS = 2600
BATCH = 16
RATE = 2e-3
NOISE = 0.0
IGNORED = -100
SPECIAL = ("<pad>", "<s>", "</s>", "<unk>", "|")
LETTERS = "ETAONIHSRDLUMWCFGYPBVK'XJQZ"
"""In the order of the real checkpoint, whose vocabulary this is."""


class AutomaticSpeechRecognitionCtc(Recipe):
    """Commands and numbers, letter by letter."""

    name = "automatic-speech-recognition-ctc"
    task = "automatic-speech-recognition-ctc"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import (
            Wav2Vec2Config,
            Wav2Vec2CTCTokenizer,
            Wav2Vec2FeatureExtractor,
            Wav2Vec2ForCTC,
            Wav2Vec2Processor,
        )

        training.seed_everything(self.seed)
        (work / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate([*SPECIAL, *LETTERS])}))
        tokenizer = Wav2Vec2CTCTokenizer(str(work / "vocab.json"), model_max_length=10**6)
        extractor = Wav2Vec2FeatureExtractor(return_attention_mask=True)
        processor = Wav2Vec2Processor(extractor, tokenizer)
        config = Wav2Vec2Config(
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
        model = Wav2Vec2ForCTC(config)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters")
        spoken = speech.utterances("train", TRAIN_SIZE)
        waves = [utterance.wave().astype("float16") for utterance in spoken]
        progress(f"{sum(map(len, waves)) / 16_000 / 60:.0f} minutes of speech")
        letters = [tokenizer(utterance.text.upper())["input_ids"] for utterance in spoken]
        batches = training.Batches(list(zip(waves, letters, strict=True)), [len(w) for w in waves], BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            inputs = processor(
                [wave.astype("float32") for wave, _ in chosen], sampling_rate=16_000, padding=True, return_tensors="pt"
            )
            return {**inputs, "labels": training.pad([ids for _, ids in chosen], IGNORED)}

        seconds = training.fit(model, batch, STEPS, work, progress, rate=RATE, noise=NOISE)
        held_out = speech.utterances("validation", 240)
        answers: list[str] = []
        for start in range(0, len(held_out), 40):
            inputs = processor(
                [utterance.wave() for utterance in held_out[start : start + 40]],
                sampling_rate=16_000,
                padding=True,
                return_tensors="pt",
            )
            with torch.inference_mode():
                best = model(**inputs).logits.argmax(dim=-1)
            lengths = model._get_feat_extract_output_lengths(inputs["attention_mask"].sum(dim=1))
            answers += [processor.decode(row[:length]) for row, length in zip(best, lengths, strict=True)]
        truths = [utterance.text for utterance in held_out]
        for answer, truth in zip(answers[:8], truths, strict=False):
            progress(f"{truth}: {answer}")
        model.save_pretrained(directory)
        # Apart: together, transformers 5 puts what the extractor needs where transformers 4 does not look.
        extractor.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return Trained(STEPS, seconds, word_accuracy(answers, truths), {"weight_noise_in_training": NOISE})
