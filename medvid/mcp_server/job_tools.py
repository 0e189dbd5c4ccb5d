"""The tools of jobs: `start_job`, `job_status`, `job_result`, `cancel_job`. Source: docs/formats.md, "Jobs"."""

import json
import time
from typing import Any, Literal

from mcp.types import CallToolResult
from pydantic import BaseModel, Field, JsonValue

from medvid.core import Access, JobError, Progress, Value
from medvid.mcp_server import asking
from medvid.mcp_server.calls import TOLD, Answered, Call, output_schema
from medvid.mcp_server.jobs import SQL, Job, Jobs
from medvid.tools.registry import TOOLS

PARTS_SHOWN = 10
LONGEST_PART = 300  # Characters of one part in the text.
WORDS = {"found": "ok", "absent": "not_observed", "unreadable": "unreadable", "dark": "not_assessable"}
"""What a look came to, as an outcome says it."""


class StartArgs(Value):
    tool: str = Field(json_schema_extra={"enum": [*TOOLS, asking.NAME]})
    arguments: dict[str, JsonValue] = Field(description="of that tool")


class JobArgs(Value):
    job_id: str = Field(pattern=r"^[0-9a-f]{16}$", description="from start_job")


class StatusArgs(JobArgs):
    first_part: int = Field(default=0, ge=0, description="how many parts to pass over")


class Status(BaseModel):
    job_id: str
    tool: str
    state: Literal["queued", "running", "done", "failed", "cancelled", "expired"]
    done: float
    total: float
    message: str
    elapsed_s: float
    left_s: float | None = Field(description="estimated; null where unknown")
    expires_in_s: float
    parts_in_all: int
    parts: list[dict[str, JsonValue]] = Field(description="tool, span, status, result, reason; one a look")


def job_calls(jobs: Jobs) -> list[Call[Any]]:
    async def start(args: StartArgs, access: Access, progress: Progress) -> Answered:
        return await _told(jobs, await jobs.start(args.tool, args.arguments, access))

    async def status(args: StatusArgs, access: Access, progress: Progress) -> Answered:
        return await _told(jobs, await jobs.find(args.job_id, access), args.first_part)

    async def result(args: JobArgs, access: Access, progress: Progress) -> CallToolResult:
        job = await jobs.find(args.job_id, access)
        if job["result"] is None:
            raise JobError(f"job {job['id']} is {job['state']} and has no result; job_status says more")
        return CallToolResult.model_validate_json(job["result"])

    async def cancel(args: JobArgs, access: Access, progress: Progress) -> Answered:
        await jobs.rows(SQL["cancel"], id=args.job_id, caller=access.caller)
        return await _told(jobs, await jobs.find(args.job_id, access))

    told, of_the_tool = output_schema(Status), {"type": "object", "description": "that of the job's tool"}
    return [
        Call("start_job", "Start a job", TOLD["start_job"], StartArgs, told, start, repeatable=False, changes="start"),
        Call("job_status", "Status of a job", TOLD["job_status"], StatusArgs, told, status, repeatable=False),
        Call("job_result", "Result of a job", TOLD["job_result"], JobArgs, of_the_tool, result),
        Call("cancel_job", "Cancel a job", TOLD["cancel_job"], JobArgs, told, cancel, changes="stop"),
    ]


async def _told(jobs: Jobs, job: Job, first: int = 0) -> Answered:
    now_s, looks, parts, lines = time.time(), await jobs.rows(SQL["looks"], job=job["id"]), [], []
    for look in looks[first : first + PARTS_SHOWN]:
        seen = json.loads(look["seen"])
        parts.append({"tool": look["tool"], **{name: seen[name] for name in ("span", "result", "reason")}, "status": WORDS[seen["status"]]})
        lines.append(" ".join(f"{name}: {value}" for name, value in parts[-1].items() if value)[:LONGEST_PART])
    elapsed_s = (job["ended_s"] or now_s) - (job["started_s"] or now_s)
    left_s, expires_in_s = _left_s(job, elapsed_s), round(job["expires_s"] - now_s)
    status = Status(
        job_id=job["id"], **{name: job[name] for name in ("tool", "state", "done", "total", "message")}, elapsed_s=round(elapsed_s, 1),
        left_s=left_s, expires_in_s=expires_in_s, parts_in_all=len(looks), parts=parts,
    )  # fmt: skip
    left = f", about {left_s:.0f} s left" if left_s is not None else ""
    text = f"job {job['id']} of {job['tool']}: {job['state']}, {job['done']:g} of {job['total']:g} done{left}, {elapsed_s:.0f} s passed"
    text += f"; kept for {expires_in_s / 3600:.1f} h. {job['message']}\n{len(looks)} parts of the answer so far, from {first} on:"
    return Answered(status.model_dump(mode="json"), "\n".join([text, *lines]))


def _left_s(job: Job, elapsed_s: float) -> float | None:
    """By what was done since the job was last taken up; before that by the pace of other calls."""
    made: float = job["done"] - job["done_before"]
    expected_s: float | None = job["expected_s"]
    if job["ended_s"] is not None or (made <= 0 and expected_s is None):
        return None
    return elapsed_s * (job["total"] - job["done"]) / made if made > 0 else max(0.0, (expected_s or 0.0) - elapsed_s)
