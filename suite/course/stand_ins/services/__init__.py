"""Stand-ins of the model services that course examples call, with real miniatures behind them.

`applications` makes them, `service_for` says which of them a host stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch

from starlette.applications import Starlette

from suite.course.stand_ins.access_log import Journal
from suite.course.stand_ins.services import anthropic, gemini, inference, ollama, openai

HOSTS: tuple[tuple[str, str], ...] = (
    ("api.openai.com", "openai"),
    ("*.openai.azure.com", "openai"),
    ("*.cognitiveservices.azure.com", "openai"),
    ("*.services.ai.azure.com", "openai"),
    ("models.inference.ai.azure.com", "openai"),
    ("models.github.ai", "openai"),
    ("api.groq.com", "openai"),
    ("api.together.xyz", "openai"),
    ("api.together.ai", "openai"),
    ("openrouter.ai", "openai"),
    ("api.deepseek.com", "openai"),
    ("api.mistral.ai", "openai"),
    ("api.fireworks.ai", "openai"),
    ("api.perplexity.ai", "openai"),
    ("api.x.ai", "openai"),
    ("api.cerebras.ai", "openai"),
    ("api.deepinfra.com", "openai"),
    ("api.sambanova.ai", "openai"),
    ("api.hyperbolic.xyz", "openai"),
    ("api.moonshot.*", "openai"),
    ("api.studio.nebius.*", "openai"),
    ("integrate.api.nvidia.com", "openai"),
    ("dashscope*.aliyuncs.com", "openai"),
    ("open.bigmodel.cn", "openai"),
    ("generativelanguage.googleapis.com", "gemini"),
    ("api.anthropic.com", "anthropic"),
    ("router.huggingface.co", "hf-inference"),
    ("*.endpoints.huggingface.cloud", "hf-inference"),
    ("api-inference.huggingface.co", "hf-inference-removed"),
)
"""Patterns of the hosts that services answer for, at whatever port."""
PORTS: Mapping[int, str] = {11434: "ollama", 1234: "local-openai"}
"""Ports that a server on the reader's own machine has: Ollama's and LM Studio's. vLLM's and llama.cpp's, 8000 and 8080,
are left to the servers that examples start themselves."""
LOCAL = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1", "[::1]", "host.docker.internal", "ollama"})


def applications(journal: Journal, task_of: inference.TaskOf | None = None) -> Mapping[str, Starlette]:
    """A new service of each kind, by the names that `service_for` gives. Each keeps its own files, jobs and models.

    `task_of` says what a model of the Hub is for, as its `pipeline_tag`.
    """
    return {
        "openai": openai.application(journal),
        "local-openai": openai.application(journal, name="local-openai", needs_key=False),
        "gemini": gemini.application(journal),
        "anthropic": anthropic.application(journal),
        "ollama": ollama.application(journal),
        "hf-inference": inference.application(journal, task_of),
        "hf-inference-removed": inference.removed_application(journal),
    }


def service_for(host: str, port: int) -> str | None:
    """The service that a host stands for (its name alone, without the port); `None` for one that is no service."""
    name = host.lower().rstrip(".")
    if name in LOCAL:
        return PORTS.get(port)
    return next((service for pattern, service in HOSTS if fnmatch(name, pattern)), None)
