"""What errors say, as patterns: the words from which a cause is told."""

from __future__ import annotations

import re

PACKAGES = {
    "cv2": "opencv-python", "sklearn": "scikit-learn", "bs4": "beautifulsoup4", "dotenv": "python-dotenv",
    "PIL": "pillow", "yaml": "pyyaml", "fitz": "pymupdf", "google.generativeai": "google-generativeai",
    "google.genai": "google-genai", "skimage": "scikit-image", "umap": "umap-learn", "faiss": "faiss-cpu",
    "docx": "python-docx", "serpapi": "google-search-results", "psycopg2": "psycopg2-binary",
    "dateutil": "python-dateutil", "optimum.onnxruntime": "optimum-onnx", "optimum.intel": "optimum-intel",
}  # fmt: skip
"""Packages whose name is not that of their module."""
NO_PACKAGE = {"google.colab": "Google Colab", "kaggle_secrets": "Kaggle"}
REQUIRES = re.compile(
    r"requires? (?:the )?['\"`]?([\w.-]+)['\"`]?(?: (?:library|package|to be installed)|[><=])"
    r"|(?:pip|conda) install (?:-U |--upgrade )?['\"`]?([\w.-]+)|and ['\"`]([\w.-]+)['\"`] to be installed"
    r"|please install ['\"`]([\w.-]+)['\"`]|([\w-]+) is not available"
    r"|valid (\w+) version"
)
INSTALL = re.compile(r"[Ii]nstall (?:it|them|this) (?:with|by|using|via) [`'\"]?pip install ([\w.\[\]-]+)")
BUT_LACKS = re.compile(r"\bbut ([\w-]+) is not available")
TOKENIZER_LACKS = re.compile(r"Token\w+'? (?:object )?has no attribute")
UNEXPECTED = re.compile(r"(?P<callee>[\w.]+)\(\) got an unexpected keyword argument '(?P<argument>\w+)'")
LACKS_INPUTS = re.compile(r"(?P<callee>\w+Pipeline\.__call__)\(\) missing 1 required positional argument: 'inputs'")
RENAMED_INPUTS = re.compile(r"[(,]\s*(?P<argument>images?)=")
OUTSIDE = re.compile(r"'?\w+'? (?:outside (?:async )?(?:function|loop)|not (?:properly )?in loop)")
CANNOT_IMPORT = re.compile(r"cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'")
OWN_MODULE = re.compile(
    r"(my|your)_?\w*|\w*_?(utils?|helpers?)|app|main|models?|config|data|src|train|solution|inference|settings|agents?",
    re.IGNORECASE,
)
NO_FILE = re.compile(
    r"can't find '[^']+' at|no such file or directory|is not a (?:local )?file|does not exist"
    r"|could not open|error opening",
    re.IGNORECASE,
)
NO_PICTURE = re.compile(r"Incorrect image source.* Got (?P<file>\S+)\. Failed with")
ON_WINDOWS = re.compile(r"['\"][A-Za-z]:")
NO_NLTK_DATA = re.compile(r"nltk\.download\('(?P<name>\w+)'\)")
SECRET_NAME = re.compile(r"\w*(API_?KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)\w*", re.IGNORECASE)
SECRET_STORES = re.compile(r"environ|getenv|secrets|userdata|dotenv_values")
SECRET_READ = re.compile(r"(?:environ\.get|getenv|userdata\.get)\(\s*['\"](?P<name>\w+)['\"]")
SECRET_ERRORS = (
    "AuthenticationError",
    "LocalTokenNotFoundError",
    "GatedRepoError",
    "PermissionDeniedError",
    "SecretNotFoundError",
)
SECRET_WORDS = re.compile(
    r"api[_ -]?key|access token|credential|not logged in|unauthorized|\b401\b|huggingface-cli login|hf auth login",
    re.IGNORECASE,
)
GPU_WORDS = re.compile(
    r"not compiled with cuda|no nvidia driver|no cuda gpus|cuda (?:is not|driver|error|unavailable)"
    r"|requires? (?:a )?(?:gpu|cuda)|no (?:gpu|accelerator)|torch\.cuda\.is_available\(\) is false"
    r"|bitsandbytes|backend.*mps"
    r"|device string: (?:cuda|mps|xpu)"
    r"|flash.?attention|fp16 mixed precision requires|triton",
    re.IGNORECASE,
)  # fmt: skip
MEMORY_WORDS = re.compile(r"can't allocate memory|cannot allocate memory|not enough memory|bad_alloc", re.IGNORECASE)
DISK_WORDS = re.compile(r"file too large|no space left", re.IGNORECASE)
PLACEHOLDER = re.compile(
    r"path/to|/path/|<your|your[-_ ](?:user|name|model|repo|key|token|data|org|file|own)|YOUR_|xxxx|username/"
    r"|\A\{\{ ?\w+ ?\}\}\Z|path_to_|/my_awesome"
    r"|<(?:namespace|(?:[a-z]+[-_ ])*[a-z]*(?:name|id|key|token|path|user|repo|org)[a-z]*)>|\.\.\.",
    re.IGNORECASE,
)
PLACEHOLDER_NAME = re.compile(
    r"(?:(?:my|some|your|a|the|large|small|base|best|any)[-_ ])?(?:task|model|dataset|data|repo|checkpoint|tokenizer)"
    r"(?:[-_ ](?:id|name|path|repo|checkpoint|dir))?",
    re.IGNORECASE,
)
"""The whole name of what a reader is to name."""
UNKNOWN_TASK = re.compile(r"Unknown task (?P<task>\S+),")
PUSHES = re.compile(r"push_to_hub|create_repo|upload_f(?:ile|older)|delete_repo|notebook_login")
READS_THE_READER = ("EOFError", "StdinNotImplementedError")
NO_SERVER = (
    "ConnectionError",
    "ConnectError",
    "ConnectionRefusedError",
    "URLError",
    "APIConnectionError",
    "NewConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
)
HUB_PAGE = re.compile(r"https?://(?:huggingface\.co|hf\.co)/[^\s'\"]+/blob/[^\s'\"]+")
NOT_MADE = re.compile("the stand-in for the open web makes nothing|The stand-in Hub has no", re.IGNORECASE)
NO_ANSWER = (
    "HTTPError", "HTTPStatusError", "HfHubHTTPError", "NotFoundError", "JSONDecodeError", "UnidentifiedImageError",
)  # fmt: skip
