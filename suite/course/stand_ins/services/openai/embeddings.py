"""`/embeddings` and `/moderations`."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.http import ServiceError, as_list, body_of, new_id, number_of
from suite.course.stand_ins.services.openai.requests import model_of

SIZES = (
    ("text-embedding-3-large", 3072),
    ("text-embedding", 1536),
    ("gemini-embedding", 3072),
    ("nomic", 768),
    ("mxbai", 1024),
    ("bge-m3", 1024),
    ("MiniLM", 384),
)
"""How many values the embeddings of models have whose names hold these words; the others' have 768."""
FLAGGED = {
    "violence": r"\b(kill|murder|stab|shoot|bomb|attack)",
    "hate": r"\bhate\b.*\b(people|race|religion|women|men)",
    "harassment": r"\b(stupid|idiot|loser|shut up)\b",
    "self-harm": r"\b(suicide|hurt myself|kill myself)\b",
    "sexual": r"\b(porn|sexual)",
    "illicit": r"\b(steal|launder|counterfeit|meth)\b",
}
"""What a category is recognised by: words, since no miniature of a moderator exists."""
CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
    "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic",
)  # fmt: skip


def size_of(model: str) -> int:
    """How many values the embeddings of a model have, by its name."""
    return next((size for word, size in SIZES if word.lower() in model.lower()), 768)


async def embeddings(request: Request) -> Response:
    """An embedding for each input."""
    body = await body_of(request)
    model = model_of(request, body)
    inputs = body.get("input")
    if not inputs:
        raise ServiceError(400, "Missing required parameter: 'input'.", "missing_required_parameter", "input")
    # Tokens of the real model's own vocabulary mean nothing here; they are embedded by their numbers.
    if isinstance(inputs, list) and all(isinstance(one, int) for one in inputs):
        inputs = [inputs]
    texts = [" ".join(map(str, one)) if isinstance(one, list) else str(one) for one in as_list(inputs)]
    size = int(number_of(body, "dimensions", size_of(model), 1))
    vectors, read = await local_models.on_models(local_models.embed, texts, size)
    as_text = body.get("encoding_format") == "base64"
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(vector.astype("<f4").tobytes()).decode() if as_text else vector.tolist(),
        }
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": read, "total_tokens": read}
    return JSONResponse({"object": "list", "data": data, "model": model, "usage": usage})


async def moderations(request: Request) -> Response:
    """A verdict on each input."""
    body = await body_of(request)
    inputs = body.get("input")
    if inputs is None:
        raise ServiceError(400, "Missing required parameter: 'input'.", "missing_required_parameter", "input")
    inputs = as_list(inputs)
    if all(isinstance(part, dict) for part in inputs):
        inputs = [" ".join(str(part.get("text") or "") for part in inputs)]
    results = [_verdict(str(text)) for text in inputs]
    model = body.get("model") or "omni-moderation-latest"
    return JSONResponse({"id": new_id("modr-"), "model": model, "results": results})


def _verdict(text: str) -> Mapping[str, Any]:
    categories = {name for name, pattern in FLAGGED.items() if re.search(pattern, text.lower())}
    return {
        "flagged": bool(categories),
        "categories": {name: name in categories for name in CATEGORIES},
        "category_scores": {name: 0.97 if name in categories else 0.0001 for name in CATEGORIES},
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
    }
