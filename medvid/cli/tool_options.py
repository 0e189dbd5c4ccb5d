"""A tool's arguments as options of a command, made from the tool's own argument model.

Options are read as text and checked by that model. A span is written `12.0-14.5`, a box `x1,y1,x2,y2`.
"""

import inspect
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from medvid.cli.options import Device, Engine, Json, Model
from medvid.cli.source import Video
from medvid.core import Box, ConfigError, Span

SHARED: dict[str, tuple[Any, Any]] = {"model": (Model, None), "engine": (Engine, None), "device": (Device, None), "as_json": (Json, False)}
SPAN = re.compile(r"\s*(\d+(?:\.\d*)?)\s*(?:-|:|to|,)\s*(\d+(?:\.\d*)?)\s*")


def command_of(args_type: type[BaseModel], call: Callable[..., None]) -> Callable[..., None]:
    """A function with the signature of a command: the video, an option a field, and the shared options. It calls `call(**given)`."""
    parameters = [_parameter("video", Video)]
    parameters += [_option(name, field) for name, field in args_type.model_fields.items() if name != "video_id"]
    parameters += [_parameter(name, *shared) for name, shared in SHARED.items()]

    def command(**given: Any) -> None:
        call(**given)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def arguments(args_type: type[BaseModel], given: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, as the tool's arguments. Raises ConfigError for a span or box that cannot be read."""
    found = {name: given[name] for name in args_type.model_fields if given.get(name) is not None}
    return {name: _value(name, text, args_type.model_fields[name]) for name, text in found.items()}


def _value(name: str, text: Any, field: FieldInfo) -> Any:
    if _is(field, Span):
        match = SPAN.fullmatch(text)
        if match is None:
            raise ConfigError(f"--{_flag(name)} {text!r} is no span; write seconds as 12.0-14.5")
        return {"start_s": float(match[1]), "end_s": float(match[2])}
    if _is(field, Box):
        try:
            return [float(side) for side in text.strip("[] ").split(",")]
        except ValueError as error:
            raise ConfigError(f"--{_flag(name)} {text!r} is no box; write pixels as x1,y1,x2,y2") from error
    return text


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    if field.annotation is bool:
        return _parameter(name, Annotated[bool, typer.Option(f"--{_flag(name)}", help=field.description)], bool(field.default))
    option = typer.Option(f"--{_flag(name)}", metavar=_metavar(field), help=field.description, show_default=not field.is_required())
    if field.is_required():
        return _parameter(name, Annotated[str, option])
    return _parameter(name, Annotated[str | None, option], None if field.default is None else str(field.default))


def _metavar(field: FieldInfo) -> str:
    if _is(field, Span):
        return "START-END"
    if _is(field, Box):
        return "X1,Y1,X2,Y2"
    if get_origin(field.annotation) is Literal:
        return "|".join(get_args(field.annotation))
    return "NUMBER" if _is(field, float) or _is(field, int) else "TEXT"


def _is(field: FieldInfo, kind: type) -> bool:
    return field.annotation is kind or kind in get_args(field.annotation)


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
