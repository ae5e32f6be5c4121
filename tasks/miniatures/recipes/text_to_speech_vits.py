"""VITS for text to speech, with weights that are drawn and not trained: the library has no training code for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import synthesis
from .. import training

LETTERS = "abcdefghijklmnopqrstuvwxyz"
FRAMES = 1.5
"""How long a token lasts on the average, in frames of 16 ms. With the next whole number for each letter and each gap
between letters, a letter takes about as long as in speech; and none lies near a whole number, where rounding would make
two sounds of one text."""


class TextToSpeechVits(Recipe):
    """Letters to sound of about the right length, which says nothing."""

    name = "text-to-speech-vits"
    task = "text-to-speech-vits"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Draw the weights."""
        from transformers import VitsConfig, VitsModel, VitsTokenizer

        training.seed_everything(self.seed)
        known = ["_", "<unk>", " ", *LETTERS, *".,?!'"]
        vocabulary = work / "vocab.json"
        vocabulary.write_text(json.dumps({token: index for index, token in enumerate(known)}))
        tokenizer = VitsTokenizer(
            str(vocabulary),
            pad_token="_",
            unk_token="<unk>",
            add_blank=True,
            normalize=True,
            phonemize=False,
            model_max_length=400,
        )
        config = VitsConfig(
            vocab_size=len(known),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            ffn_dim=64,
            layerdrop=0.0,
            flow_size=32,
            spectrogram_bins=33,
            hidden_dropout=0.0,
            attention_dropout=0.0,
            activation_dropout=0.0,
            initializer_range=0.1,
            # Nothing is drawn when the model is used, so that one text has one sound.
            use_stochastic_duration_prediction=False,
            noise_scale=0.0,
            noise_scale_duration=0.0,
            duration_predictor_dropout=0.0,
            duration_predictor_filter_channels=32,
            prior_encoder_num_flows=4,
            prior_encoder_num_wavenet_layers=2,
            posterior_encoder_num_wavenet_layers=2,
            upsample_initial_channel=64,
            upsample_rates=[8, 8, 4],
            upsample_kernel_sizes=[16, 16, 8],
            resblock_kernel_sizes=[3, 7],
            resblock_dilation_sizes=[[1, 3], [1, 3]],
            sampling_rate=synthesis.RATE,
            pad_token_id=0,
        )
        model = VitsModel(config).eval()
        _settle(model)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters")
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return Trained(0, 0.0, 0.0, {"weights": "drawn, not trained: what it says is nothing"})


def _settle(model: Any) -> None:
    """Let what the layers give be about as large as what they are given, and durations as long as those of speech."""
    import math

    import torch

    torch.nn.init.normal_(model.duration_predictor.proj.weight, 0.0, 0.02)
    torch.nn.init.constant_(model.duration_predictor.proj.bias, math.log(FRAMES))
    for module in model.decoder.modules():
        if isinstance(module, torch.nn.Conv1d | torch.nn.ConvTranspose1d):
            meets = module.kernel_size[0] / (module.stride[0] if isinstance(module, torch.nn.ConvTranspose1d) else 1)
            torch.nn.init.normal_(module.weight, 0.0, (module.in_channels * meets) ** -0.5)
