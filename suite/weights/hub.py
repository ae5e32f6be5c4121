"""Files of the Hub at a pinned revision, from the network or its cache, with errors that say what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from suite.errors import CheckpointError
from suite.weights.files import PICKLES

ALLOWED = ("*.json", "*.txt", "*.model", "*.jinja", "*.safetensors")
IGNORED = ("*/*",)
"""What lies in folders is for other runtimes: onnx/, openvino/, coreml/."""

Result = TypeVar("Result")


def fetch(repo: str, revision: str) -> Path:
    """The folder with a checkpoint's config, processor and safetensors; nothing that could run code is fetched.

    Raises:
        CheckpointError: it cannot be had, or its weights are pickle alone.
    """
    from huggingface_hub import snapshot_download

    folder = Path(
        explained(
            lambda: snapshot_download(
                repo, revision=revision, allow_patterns=list(ALLOWED), ignore_patterns=list(IGNORED)
            ),
            repo,
            revision,
        )
    )
    if not any(folder.glob("*.safetensors")):
        _refuse_pickle(repo, revision)
    return folder


def fetch_config(repo: str, revision: str | None) -> tuple[dict[str, Any], str]:
    """A checkpoint's config.json and the full commit hash at which it was read.

    Raises:
        CheckpointError: it cannot be had.
    """
    from huggingface_hub import hf_hub_download

    file = Path(explained(lambda: hf_hub_download(repo, "config.json", revision=revision), repo, revision))
    try:
        return json.loads(file.read_text(encoding="utf-8")), file.parent.name
    except ValueError:
        raise CheckpointError(f"The config.json of {repo} is not valid JSON: choose another revision.") from None


def explained(call: Callable[[], Result], repo: str, revision: str | None, kind: str = "checkpoint") -> Result:
    """What `call` gives. The Hub's errors become sentences, without their text: it may quote a URL or a header.

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
        problem = f"{at} has no config.json: it is no transformers checkpoint; choose another"
    except errors.OfflineModeIsEnabled:
        problem = _not_cached(at)
    except errors.HFValidationError:
        problem = f"{repo!r} is not a name that the Hub could know: write organisation/name, or the path of a folder"
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        problem = f"The Hub answered {status or 'with an error'} when asked for {at}: try again later"
    except ConnectionError:
        problem = _not_cached(at)
    except OSError as error:
        problem = f"{at} could not be stored ({type(error).__name__}): check the space and the rights of the cache"
    raise CheckpointError(problem + ".")


def _not_cached(at: str) -> str:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return f"{at} is not completely in the local cache and HF_HUB_OFFLINE forbids to fetch it: unset it once"
    return (
        f"{at} is not completely in the local cache and the Hub cannot be reached: connect once, or use --weights "
        "miniature"
    )


def _refuse_pickle(repo: str, revision: str) -> None:
    """Say so where a repository has only pickled weights; a cached folder is judged by `files.check_files`."""
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        return
    names = explained(lambda: HfApi().list_repo_files(repo, revision=revision), repo, revision)
    suffixes = tuple(pattern.lstrip("*") for pattern in PICKLES)
    pickles = [name for name in names if name.endswith(suffixes)]
    if pickles:
        raise CheckpointError(
            f"{repo} at revision {revision} has no safetensors, only pickles ({', '.join(pickles)}), and a pickle can "
            "run any code when it is loaded: choose a revision with safetensors, or convert it with the Hub's convert "
            "Space."
        )
