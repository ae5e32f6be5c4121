"""`/fine_tuning/jobs`: a job that advances by one status at each request for it, and trains nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.http import ServiceError, body_of, new_id, now
from suite.course.stand_ins.services.openai.files import Stored, page_of, stored_file
from suite.course.stand_ins.services.openai.requests import model_of

STEPS = ("validating_files", "queued", "running", "succeeded")
MESSAGES = {
    "validating_files": "Validating training file: {file}",
    "queued": "Files validated, moving job to queued state",
    "running": "Fine-tuning job started",
    "succeeded": "The job has successfully completed",
    "cancelled": "Fine-tuning job cancelled",
    "failed": "The job failed due to an invalid training file.",
}
LEAST_EXAMPLES = 10
EPOCHS = 3


@dataclass
class Job:
    """A job and what happened to it."""

    model: str
    file: Stored
    request_body: Mapping[str, Any]
    problem: str = ""
    trained_tokens: int = 0
    id: str = field(default_factory=lambda: new_id("ftjob-"))
    created: int = field(default_factory=now)
    status: str = ""
    tuned: str | None = None
    results: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def set_status(self, status: str) -> None:
        """Set the status and add an event."""
        self.status = status
        self.events.append(
            {
                "id": new_id("ftevent-"),
                "object": "fine_tuning.job.event",
                "created_at": now(),
                "level": "error" if status == "failed" else "info",
                "message": MESSAGES[status].format(file=self.file.id),
                "type": "message",
                "data": {},
            }
        )

    @property
    def as_json(self) -> dict[str, Any]:
        """The description of the job."""
        over = self.status in ("succeeded", "cancelled", "failed")
        hyperparameters = {
            "n_epochs": EPOCHS,
            "batch_size": 1,
            "learning_rate_multiplier": 1.0,
            **(self.request_body.get("hyperparameters") or {}),
        }
        error = {"code": "invalid_training_file", "message": self.problem, "param": "training_file"}
        return {
            "id": self.id,
            "object": "fine_tuning.job",
            "created_at": self.created,
            "error": error if self.status == "failed" else None,
            "fine_tuned_model": self.tuned,
            "finished_at": now() if over else None,
            "hyperparameters": hyperparameters,
            "model": self.model,
            "organization_id": "org-standin",
            "result_files": self.results,
            "seed": self.request_body.get("seed") or 0,
            "status": self.status,
            "trained_tokens": self.trained_tokens if self.status == "succeeded" else None,
            "training_file": self.file.id,
            "validation_file": self.request_body.get("validation_file"),
            "estimated_finish": None,
            "integrations": [],
            "metadata": self.request_body.get("metadata"),
            "method": self.request_body.get("method")
            or {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
        }


async def create(request: Request) -> Response:
    """Begin a job on a file that was uploaded; its lines are checked as the real service checks them."""
    body = await body_of(request)
    model = model_of(request, body)
    name = body.get("training_file")
    if not isinstance(name, str):
        raise ServiceError(
            400, "Missing required parameter: 'training_file'.", "missing_required_parameter", "training_file"
        )
    job = Job(model, stored_file(request, name), body)
    try:
        job.trained_tokens = EPOCHS * await local_models.on_models(_tokens_in, job.file.content)
    except ValueError as error:
        job.problem = str(error)
    job.set_status(STEPS[0])
    request.app.state.jobs[job.id] = job
    return JSONResponse(job.as_json)


def _tokens_in(content: bytes) -> int:
    """The tokens of the examples of a training file.

    Raises:
        ValueError: it is not a file of chats, or of too few.
    """
    model = local_models.chat_model()
    lines = [line for line in content.decode(errors="replace").splitlines() if line.strip()]
    if len(lines) < LEAST_EXAMPLES:
        raise ValueError(f"Training file has {len(lines)} example(s), but must have at least {LEAST_EXAMPLES} examples")
    total = 0
    for number, line in enumerate(lines, start=1):
        try:
            example = json.loads(line)
        except ValueError as error:
            raise ValueError(f"Invalid file format. Line {number} is no valid JSON.") from error
        if not isinstance(example, dict) or not ({"messages", "prompt"} & set(example)):
            raise ValueError(f"Invalid file format. Example {number} is missing key 'messages'.")
        messages = example.get("messages") or [{"content": f"{example['prompt']}{example.get('completion', '')}"}]
        total += sum(len(model.encode(str(message.get("content") or ""))) for message in messages)
    return total


def _job(request: Request) -> Job:
    name = request.path_params["job"]
    try:
        return request.app.state.jobs[name]
    except KeyError:
        raise ServiceError(404, f"Could not find fine tune: {name}", "fine_tune_not_found", "fine_tune_id") from None


async def retrieve(request: Request) -> Response:
    """A job, one status further than at the last request for it."""
    job = _job(request)
    if job.status in STEPS[:-1]:
        job.set_status("failed" if job.problem else STEPS[STEPS.index(job.status) + 1])
        if job.status == "succeeded":
            result = Stored("step_metrics.csv", "fine-tune-results", b"step,train_loss,train_accuracy\n")
            request.app.state.files[result.id] = result
            job.results.append(result.id)
            suffix = job.request_body.get("suffix") or ""
            job.tuned = f"ft:{job.model}:standin:{suffix}:{job.id[-8:]}"
    return JSONResponse(job.as_json)


async def list_jobs(request: Request) -> Response:
    """The jobs, latest first."""
    return JSONResponse(page_of([job.as_json for job in request.app.state.jobs.values()][::-1]))


async def cancel(request: Request) -> Response:
    """End a job."""
    job = _job(request)
    if job.status in STEPS[:-1]:
        job.set_status("cancelled")
    return JSONResponse(job.as_json)


async def events(request: Request) -> Response:
    """What happened to a job, latest first."""
    return JSONResponse(page_of(_job(request).events[::-1]))


async def checkpoints(request: Request) -> Response:
    """The checkpoints of a job: none are kept."""
    _job(request)
    return JSONResponse(page_of([]))
