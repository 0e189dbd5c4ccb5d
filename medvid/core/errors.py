"""Every error that medvid raises on purpose.

    MedVidError
    ├── ConfigError     a setting, an option or an installation that cannot work
    ├── VideoError      a file, a span or a time that cannot be read
    ├── EngineError     a model that failed to answer; `retryable` says whether asking again may help, `refused` that it would not
    ├── ParseError      a model's text that is no answer; the toolbox turns it into `unreadable`
    ├── PlanError       a plan that may not run; each complaint names its step
    ├── AccessError     a caller who may not have what was asked, or asked for too much
    ├── ArgumentsError  arguments that a call does not take
    ├── BusyError       more at once than a server takes
    ├── TooLongError    a call that would take, or took, longer than it may
    └── JobError        a job that is not there, or has no result

A message gives the value, the unit, the limit and the way out. Anything else that is raised is a bug.
"""

from typing import Any


class MedVidError(Exception):
    """Root of the tree. `kind` is the word that crosses process borders, `retryable` whether asking again may help."""

    kind = "error"
    retryable = False
    retry_after_s: float | None = None

    @property
    def mark(self) -> dict[str, Any]:
        """What crosses process borders beside the message."""
        when = {} if self.retry_after_s is None else {"retry_after_s": self.retry_after_s}
        return {"kind": self.kind, "retryable": self.retryable, **when}


class ConfigError(MedVidError):
    kind = "config"


class VideoError(MedVidError):
    kind = "video"


class EngineError(MedVidError):
    kind = "engine"

    def __init__(self, message: str, *, retryable: bool = False, refused: bool = False) -> None:
        super().__init__(message)
        self.retryable, self.refused = retryable, refused


class ParseError(MedVidError):
    """`text` is what the model wrote, kept whole."""

    kind = "parse"

    def __init__(self, message: str, *, text: str = "") -> None:
        super().__init__(message)
        self.text = text


class PlanError(MedVidError):
    """`complaints` holds one line for each thing that is wrong."""

    kind = "plan"

    def __init__(self, message: str, complaints: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join((message, *complaints)))
        self.complaints = complaints


class AccessError(MedVidError):
    kind = "access"


class ArgumentsError(MedVidError):
    kind = "arguments"


class BusyError(MedVidError):
    kind = "busy"
    retryable = True

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(f"{message}; ask again in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class TooLongError(MedVidError):
    kind = "too_long"


class JobError(MedVidError):
    kind = "job"
