"""What a checkpoint declares about its use is read, obeyed or overridden, and said in the notes."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from suite.core.errors import CheckpointError, Misfit
from suite.core.runnable import Runnable
from suite.subjects import Source, open_subject
from suite.task import discovery, families
from suite.task.generation import generate
from suite.task.generation_settings import OWN, PLAIN
from suite.task.sentence_pooling import Pooling, read_pooling
from suite.tests.support import made_checkpoints as made

TASKS = discovery.load_tasks(discovery.tasks_root())
OF_ITS_OWN: dict[str, Any] = {
    "beams": {"num_beams": 3, "length_penalty": 2.0},
    "penalty": {"repetition_penalty": 5.0},
    "n-grams": {"no_repeat_ngram_size": 1},
    "no cache": {"use_cache": False},
    "several": {"num_return_sequences": 2, "do_sample": True},
    "sampling": {"do_sample": True, "temperature": 3.0},
    "scores": {"output_scores": True, "return_dict_in_generate": True},
    "stop": {"stop_strings": ["a"]},
    "static": {"cache_implementation": "static"},
    "forced end": {"forced_eos_token_id": 5},
    "least length": {"min_length": 40},
}


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.decoder(tmp_path_factory.mktemp("decoder"))


def set_generation(folder: Path, settings: dict[str, Any]) -> None:
    file = folder / "generation_config.json"
    file.write_text(json.dumps({"eos_token_id": 3, "bos_token_id": 3, "pad_token_id": 3} | settings))


def generated(folder: Path, policy: str = PLAIN, count: int = 6) -> tuple[list[list[int]], dict[str, Any]]:
    import torch

    task = made.Stories()
    subject = open_subject(Source("local", made.CHECKPOINT, directory=folder), task, generation=policy)
    model = subject.load_model()
    torch.manual_seed(0)
    options = {**(subject.generation or {}), "max_new_tokens": count}
    out = generate(Runnable(model, "cpu"), subject.example(), options)
    assert out.logits.shape[:2] == out.tokens.shape
    assert out.tokens.shape[0] == 2
    return out.tokens.tolist(), subject.notes


@pytest.mark.parametrize("name", OF_ITS_OWN)
def test_plain_generation_is_the_model_s_own_scores_and_says_what_was_switched_off(decoder: Path, name: str) -> None:
    set_generation(decoder, {})
    plain, silent = generated(decoder)
    assert "generation_switched_off" not in silent
    set_generation(decoder, OF_ITS_OWN[name])
    tokens, notes = generated(decoder)
    assert tokens == plain
    off = notes["generation_switched_off"]
    assert set(OF_ITS_OWN[name]) <= set(off)
    json.dumps(notes)


@pytest.mark.parametrize("name", ["beams", "penalty", "n-grams", "sampling"])
def test_own_generation_obeys_them(decoder: Path, name: str) -> None:
    set_generation(decoder, {})
    plain, _ = generated(decoder, count=12)
    set_generation(decoder, OF_ITS_OWN[name])
    tokens, notes = generated(decoder, OWN, count=12)
    assert set(OF_ITS_OWN[name]) <= set(notes["generation_obeyed"])
    if name != "beams":  # beams may well agree
        assert tokens != plain


def test_a_language_to_write_in_is_kept_and_said(decoder: Path) -> None:
    set_generation(decoder, {"forced_bos_token_id": 7})
    _, notes = generated(decoder)
    assert notes["generation_obeyed"] == {"forced_bos_token_id": 7}


def test_an_end_that_the_settings_leave_out_is_the_tokenizer_s(decoder: Path) -> None:
    file = decoder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"eos_token_id": None}))
    set_generation(decoder, {"eos_token_id": None})
    subject = open_subject(Source("local", made.CHECKPOINT, directory=decoder), made.Stories())
    assert subject.notes["generation_supplied"] == {"eos_token_id": 3}
    assert subject.load_model().generation_config.eos_token_id == 3
    own = open_subject(Source("local", made.CHECKPOINT, directory=decoder), made.Stories(), generation=OWN)
    assert "generation_supplied" not in own.notes
    assert own.load_model().generation_config.eos_token_id is None


def test_tokens_that_the_model_does_not_know_are_the_tokenizer_s(decoder: Path) -> None:
    set_generation(decoder, {"eos_token_id": [999], "pad_token_id": -1})
    subject = open_subject(Source("local", made.CHECKPOINT, directory=decoder), made.Stories())
    assert subject.notes["generation_supplied"] == {"eos_token_id": 3}
    settings = subject.load_model().generation_config
    assert (settings.eos_token_id, settings.pad_token_id) == (3, 3)
    assert len(generated(decoder)[0][0]) > 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"forced_bos_token_id": 999}, "forced_bos_token_id in its generation settings is 999, and the model knows 32"),
        ({"decoder_start_token_id": -1}, "decoder_start_token_id in its generation settings is -1"),
        ({"decoder_start_token_id": None, "bos_token_id": None}, "name no decoder_start_token_id"),
    ],
)
def test_a_decoder_that_cannot_begin(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    import transformers

    sizes: dict[str, Any] = {"vocab_size": 32, "d_model": 16, "d_ff": 16, "d_kv": 8, "num_layers": 1, "num_heads": 2}
    config = transformers.T5Config(**sizes | {"decoder_start_token_id": 0})
    transformers.T5ForConditionalGeneration(config).save_pretrained(tmp_path)
    made.tokenizer(tmp_path, pad_token="[PAD]", eos_token="[SEP]")
    task = made.Stories()
    task.auto_class = "AutoModelForSeq2SeqLM"  # type: ignore[misc]
    file = tmp_path / "config.json"
    own = {name: value for name, value in settings.items() if value is None}
    file.write_text(json.dumps(json.loads(file.read_text()) | own))
    set_generation(tmp_path, {"decoder_start_token_id": 0} | settings)
    with pytest.raises(CheckpointError, match=words) as caught:
        open_subject(Source("local", made.CHECKPOINT, directory=tmp_path), task)
    assert not isinstance(caught.value, Misfit), "it is damaged, not made for something else"


def test_generation_settings_that_cannot_be_read_are_not_passed_over(decoder: Path) -> None:
    (decoder / "generation_config.json").write_text("{nope")
    with pytest.raises(CheckpointError, match=r"generation_config\.json cannot be read"):
        open_subject(Source("local", made.CHECKPOINT, directory=decoder), made.Stories())


@pytest.mark.parametrize("settings", [{"penalty_alpha": 0.6, "top_k": 4}, {"num_beams": 4, "num_beam_groups": 2}])
def test_a_search_that_is_code_from_the_hub_is_not_obeyed(decoder: Path, settings: dict[str, Any]) -> None:
    set_generation(decoder, settings)
    generated(decoder)
    with pytest.raises(Misfit, match="leave out --generation own"):
        generated(decoder, OWN)


CHATML = "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} {% endfor %}"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ raise_exception('no chats today') }}", "no chats today"),
        ("{% for m in messages %}", "TemplateSyntaxError"),
        ("{% for i in range(10 ** 9) %}x{% endfor %}", "OverflowError"),
        ("{{ messages[0].a.b }}", "UndefinedError"),
        ("{{ '' }}", "makes nothing of a message"),
    ],
)
def test_a_chat_template_that_cannot_be_used_is_a_misfit(decoder: Path, template: str, words: str) -> None:
    set_generation(decoder, {})
    (decoder / "chat_template.jinja").write_text(template)
    source = Source("local", made.CHECKPOINT, directory=decoder)
    with pytest.raises(Misfit, match=words):
        open_subject(source, discovery.load_tasks(discovery.tasks_root())["chat"])


def test_a_template_without_a_system_message_gets_its_words_in_the_user_s(decoder: Path) -> None:
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    chat = [{"role": "system", "content": "a b"}, {"role": "user", "content": "c d"}]
    source = Source("local", made.CHECKPOINT, directory=decoder)
    set_generation(decoder, {})
    read = {}
    for name, template in (("with", CHATML), ("without", refusing + CHATML)):
        (decoder / "chat_template.jinja").write_text(template)
        task = discovery.load_tasks(discovery.tasks_root())["chat"]
        subject = open_subject(source, task)
        assert ("takes no system message" in subject.notes.get("system", "")) == (name == "without")
        ids = task.encode(subject.processor, [chat])["input_ids"][0].tolist()
        read[name] = [word for word in subject.processor.convert_ids_to_tokens(ids) if word in "abcd"]
    assert read["with"] == read["without"] == ["a", "b", "c", "d"]
    (decoder / "chat_template.jinja").unlink()


def test_a_search_of_its_own_is_followed_by_plain_scores(decoder: Path) -> None:
    import torch

    set_generation(decoder, OF_ITS_OWN["beams"] | {"repetition_penalty": 4.0})
    subject = open_subject(Source("local", made.CHECKPOINT, directory=decoder), made.Stories(), generation=OWN)
    runnable = Runnable(subject.load_model(), "cpu")
    batch = subject.example()
    out = generate(runnable, batch, {"max_new_tokens": 5})
    with torch.no_grad():
        whole = torch.cat([batch["input_ids"], out.tokens], 1)
        mask = torch.cat([batch["attention_mask"], torch.ones_like(out.tokens)], 1)
        logits = runnable.model(whole, attention_mask=mask).logits[:, -out.tokens.shape[1] - 1 : -1]
    assert runnable.model.generation_config.num_beams == 3
    length = out.lengths[0]
    assert torch.allclose(out.logits[0, :length], logits[0, :length], atol=1e-4) or (
        batch["attention_mask"][0].min() == 0  # without positions, padding moves GPT-2's places
    )


@pytest.mark.parametrize(
    ("config", "prefix"),
    [
        ({"model_type": "t5"}, "translate English to French: "),
        ({"model_type": "marian"}, ""),
        ({"model_type": "t5", "task_specific_params": {"translation_en_to_fr": {"prefix": "fr: "}}}, "fr: "),
        ({"model_type": "bart", "task_specific_params": {"translation_en_to_fr": {"prefix": ">> "}}}, ">> "),
        ({"model_type": "t5", "task_specific_params": {"translation_en_to_fr": {"prefix": ""}}}, ""),
        ({"model_type": "bart", "task_specific_params": ["x"]}, ""),
        ({"model_type": "bart", "task_specific_params": {"translation_en_to_fr": {"prefix": 3}}}, ""),
    ],
)
def test_a_prefix_is_the_checkpoint_s_or_its_family_s(tmp_path: Path, config: dict[str, Any], prefix: str) -> None:
    task: Any = type(TASKS["translation"])()
    notes = task.adapt(tmp_path, SimpleNamespace(**config))
    assert task.task_prefix == prefix
    assert notes == ({"prefix": prefix} if prefix else {})


def sentence_folder(folder: Path, *kinds: str, **pooling: Any) -> Path:
    modules = [{"idx": place, "path": f"{place}_{kind}", "type": f"sentence_transformers.models.{kind}"}
               for place, kind in enumerate(kinds)]  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "modules.json").write_text(json.dumps(modules))
    for place, kind in enumerate(kinds):
        (folder / f"{place}_{kind}").mkdir(exist_ok=True)
        (folder / f"{place}_{kind}" / "config.json").write_text(json.dumps(pooling))
    return folder


@pytest.mark.parametrize(
    ("pooling", "mode"),
    [
        ({"pooling_mode_cls_token": True}, "cls"),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, "mean"),
        ({"pooling_mode_max_tokens": True}, "max"),
        ({"pooling_mode_lasttoken": True}, "lasttoken"),
        ({"pooling_mode": "cls"}, "cls"),
    ],
)
def test_pooling_is_as_declared(tmp_path: Path, pooling: dict[str, Any], mode: str) -> None:
    folder = sentence_folder(tmp_path / "m", "Transformer", "Pooling", "Normalize", **pooling)
    task: Any = type(TASKS["sentence-similarity"])()
    assert task.adapt(folder, None)["pooling"] == mode
    assert type(TASKS["sentence-similarity"])().adapt(tmp_path, None)["pooling"] == "mean, not declared"


def test_each_pooling_takes_what_it_says_whatever_side_is_padded() -> None:
    import torch

    states = torch.arange(24.0).reshape(2, 4, 3)
    mask = torch.tensor([[1, 1, 1, 0], [0, 1, 1, 1]])
    for mode, rows in {"cls": (0, 1), "lasttoken": (2, 3)}.items():
        pooled = Pooling(mode, is_normalized=False).vectors(states, mask)
        assert torch.equal(pooled, torch.stack([states[0, rows[0]], states[1, rows[1]]]))
    assert torch.equal(
        Pooling("max", is_normalized=False).vectors(states, mask), torch.stack([states[0, 2], states[1, 3]])
    )
    assert torch.equal(Pooling(is_normalized=False).vectors(states, mask)[0], states[0, :3].mean(0))
    assert torch.allclose(Pooling().vectors(states, mask).norm(dim=1), torch.ones(2))


@pytest.mark.parametrize(
    ("kinds", "pooling", "words"),
    [
        (("Transformer", "Pooling", "Dense"), {"pooling_mode": "mean"}, "Dense"),
        (("Transformer", "Pooling"), {"pooling_mode_weightedmean_tokens": True}, "weighted mean"),
        (("Transformer", "Pooling"), {"pooling_mode_cls_token": True, "pooling_mode_max_tokens": True}, "cls and max"),
        (("Transformer", "Pooling"), {"pooling_mode": "mean", "include_prompt": False}, "leaves out the prompt"),
    ],
)
def test_what_is_not_done_here_is_unsupported(tmp_path: Path, kinds: Any, pooling: Any, words: str) -> None:
    folder = sentence_folder(tmp_path / "m", *kinds, **pooling)
    prompts = {"prompts": {"query": "Find: "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    with pytest.raises(Misfit, match=words):
        type(TASKS["sentence-similarity"])().adapt(folder, None)


def test_a_prompt_and_a_product_are_obeyed_and_said(tmp_path: Path) -> None:
    folder = sentence_folder(tmp_path / "m", "Transformer", "Pooling", pooling_mode="mean")
    words = {"prompts": {"query": "Find: "}, "default_prompt_name": "query", "similarity_fn_name": "dot"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(words))
    task: Any = type(TASKS["sentence-similarity"])()
    notes = task.adapt(folder, None)
    assert notes == {"pooling": "mean", "similarity": "dot", "prompt": "Find: "}
    assert task.task_prefix == "Find: "


@pytest.mark.parametrize(
    ("named", "kinds", "expected"),
    [
        ("cosine", (), [0.8, 1.0]),
        (None, (), [0.8, 1.0]),
        ("dot", (), [40.0, 6.0]),
        ("dot", ("Normalize",), [0.8, 1.0]),
        ("euclidean", (), [-(45**0.5), -1.0]),
        ("manhattan", (), [-9.0, -1.0]),
    ],
)
def test_sentences_are_compared_as_the_checkpoint_says(
    tmp_path: Path, named: str | None, kinds: tuple[str, ...], expected: list[float]
) -> None:
    import torch

    folder = sentence_folder(tmp_path / "m", "Transformer", "Pooling", *kinds, pooling_mode="cls")
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"similarity_fn_name": named}))
    pairs = torch.tensor([[[0.0, 5.0]], [[6.0, 8.0]], [[0.0, 2.0]], [[0.0, 3.0]]])
    pooling = read_pooling(folder)
    vectors = pooling.vectors(pairs, torch.ones(4, 1, dtype=torch.int64)).numpy().reshape(2, 2, 2)
    assert pooling.similarities(vectors[:, 0], vectors[:, 1]) == pytest.approx(expected)


def test_a_similarity_that_is_not_known_and_small_letters(tmp_path: Path) -> None:
    folder = sentence_folder(tmp_path / "m", "Transformer", "Pooling", pooling_mode="mean")
    (folder / "sentence_bert_config.json").write_text('{"do_lower_case": true}')
    task: Any = type(TASKS["sentence-similarity"])()
    assert task.adapt(folder, None)["case"] == "small letters"
    assert task.texts(["A b", "C"]) == ["a b", "c"]
    (folder / "config_sentence_transformers.json").write_text('{"similarity_fn_name": "jaccard"}')
    assert read_pooling(folder).unknown == ("the similarity jaccard",)


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, "3", '[{"type": 3}]', '[{"type": "x.Pooling", "path": "../.."}]']
)
def test_strange_files_of_sentence_transformers(tmp_path: Path, text: str) -> None:
    (tmp_path / "modules.json").write_text(text)
    assert read_pooling(tmp_path).mode == "mean"


def test_depth_in_metres_is_compared_as_it_is() -> None:
    task: Any = type(TASKS["depth-estimation"])()
    truth = task.truth_of(np.full((32, 32), 2.0, np.float32))
    outputs = SimpleNamespace(predicted_depth=__import__("torch").full((1, 32, 32), 4.0))
    for model_type, accuracy in (("dpt", 1.0), ("zoedepth", 0.0)):
        notes = task.adapt(Path(), SimpleNamespace(model_type=model_type))
        (answer,) = task.decode(outputs, {}, None, None)
        assert task.check_answer(answer) is None
        assert task.accuracy([answer], [truth]) == accuracy, model_type
        assert ("metres" in notes["depth"]) == (model_type == "zoedepth")
    metric = SimpleNamespace(model_type="depth_anything", depth_estimation_type="metric")
    relative = SimpleNamespace(model_type="depth_anything", depth_estimation_type="relative")
    assert families.is_metric_depth(metric)
    assert not families.is_metric_depth(relative)


def test_a_family_that_was_trained_without_a_mask_is_padded_to_its_end() -> None:
    task: Any = type(TASKS["zero-shot-image-classification"])()
    assert task.adapt(Path(), SimpleNamespace(model_type="siglip")) == {"padding": "max_length"}
    assert task.padding == "max_length"
    assert type(task)().adapt(Path(), SimpleNamespace(model_type="clip")) == {}
