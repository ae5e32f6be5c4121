"""Files of the Hub at a pinned revision, from the network or its cache, with errors that say what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, TypeVar

from suite.core.errors import CheckpointError
from suite.subjects.integrity import PICKLES

ALLOWED = ("*.json", "*.txt", "*.model", "*.spm", "*.jinja", "*.safetensors")
IGNORED = ("*/*",)
"""Files in subfolders are for other runtimes: onnx/, openvino/, coreml/."""

MODULES, POOLING = "modules.json", ("*_Pooling/config.json",)
"""Where a checkpoint of sentence-transformers says that it has parts, and what is wanted of them."""

NETWORK_LIBRARIES = {"httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3"}
"""huggingface_hub lets their errors through; which of them it uses depends on its release."""

Result = TypeVar("Result")


def fetch(repo: str, revision: str, weights: bool = True) -> Path:
    """The folder with a checkpoint's config, processor and safetensors; nothing that could run code is fetched.

    Without `weights` there is no need of safetensors, and none are fetched.

    Raises:
        CheckpointError: it cannot be fetched, or its weights are pickle alone.
    """
    from huggingface_hub import snapshot_download

    folder = Path(
        explained(
            lambda: snapshot_download(
                repo,
                revision=revision,
                allow_patterns=list(ALLOWED),
                ignore_patterns=[*IGNORED, *(() if weights else ("*.safetensors",))],
            ),
            repo,
            revision,
        )
    )
    if (folder / MODULES).is_file():
        explained(lambda: snapshot_download(repo, revision=revision, allow_patterns=list(POOLING)), repo, revision)
    if weights and not any(folder.glob("*.safetensors")):
        raise _without_weights(folder, repo, revision)
    return folder


def fetch_config(repo: str, revision: str | None) -> tuple[dict[str, Any], str]:
    """A checkpoint's config.json and the full commit hash at which it was read.

    Raises:
        CheckpointError: it cannot be fetched.
    """
    from huggingface_hub import hf_hub_download

    file = Path(explained(lambda: hf_hub_download(repo, "config.json", revision=revision), repo, revision))
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise ValueError
        return config, file.parent.name
    except (ValueError, RecursionError):
        raise CheckpointError(f"The config.json of {repo} is not valid JSON: choose another revision.") from None


def explained(call: Callable[[], Result], repo: str, revision: str | None, kind: str = "checkpoint") -> Result:
    """The result of `call`. The Hub's errors become sentences, without their text: it may quote a URL or a header.

    Raises:
        CheckpointError: whatever went wrong.
    """
    from huggingface_hub import errors

    at = f"{repo} at revision {revision}" if revision else repo
    page = f"https://huggingface.co/{'datasets/' if kind == 'data set' else ''}{repo}"
    try:
        return call()
    except errors.GatedRepoError:
        problem = f"{repo} is gated: accept its terms at {page}, then log in with `hf auth login`"
    except errors.RepositoryNotFoundError:
        problem = (
            f"The Hub has no {kind} {repo}, or it is private: check the name, or log in with `hf auth login` if it is "
            "yours"
        )
    except errors.RevisionNotFoundError:
        problem = f"{repo} has no revision {revision}: choose one of its commits at {page}/commits/main"
    except errors.LocalEntryNotFoundError:
        problem = _not_cached(at)
    except errors.EntryNotFoundError:
        problem = f"{at} has no config.json: it is not a transformers checkpoint; choose another"
    except errors.OfflineModeIsEnabled:
        problem = _not_cached(at)
    except errors.HFValidationError:
        problem = f"{repo!r} is not a name that the Hub could know: write organisation/name, or the path of a folder"
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        problem = f"The Hub answered {status or 'with an error'} when asked for {at}: try again later"
    except Exception as error:
        if isinstance(error, ConnectionError) or type(error).__module__.split(".")[0] in NETWORK_LIBRARIES:
            problem = _not_cached(at)
        elif isinstance(error, OSError) and error.errno is not None:
            problem = f"{at} could not be stored ({type(error).__name__}): check the space and the rights of the cache"
        else:
            raise
    raise CheckpointError(problem + ".")


def _not_cached(at: str) -> str:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return f"{at} is not completely in the local cache and HF_HUB_OFFLINE forbids to fetch it: unset it once"
    return (
        f"{at} is not completely in the local cache and the Hub cannot be reached: connect once, or use --weights "
        "miniature"
    )


def _without_weights(folder: Path, repo: str, revision: str) -> CheckpointError:
    """Why a folder that was fetched or cached holds no safetensors: there are pickles instead, or it is incomplete."""
    from huggingface_hub import HfApi, constants

    names = [file.name for file in folder.iterdir()]
    if not constants.HF_HUB_OFFLINE:
        names = explained(lambda: HfApi().list_repo_files(repo, revision=revision), repo, revision)
    pickles = [name for name in names if any(fnmatch(name, pattern) for pattern in PICKLES)]
    if pickles:
        return CheckpointError(
            f"{repo} at revision {revision} has no safetensors, only pickles ({', '.join(pickles)}), and a pickle can "
            "run any code when it is loaded: choose a revision with safetensors, or convert it with the Hub's convert "
            "Space."
        )
    if constants.HF_HUB_OFFLINE:
        return CheckpointError(_not_cached(f"{repo} at revision {revision}") + ".")
    return CheckpointError(f"{repo} at revision {revision} holds no weights: choose another revision or checkpoint.")
