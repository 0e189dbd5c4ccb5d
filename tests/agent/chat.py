"""Chat models that a test writes the answers of: one in this process, and one behind an OpenAI-compatible server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult


class Scripted(FakeMessagesListChatModel):
    """Answers in turn, by a tool call where it is bound to one, and keeps what it was asked."""

    asked: list[list[BaseMessage]] = []

    def bind_tools(self, tools: Any, **options: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **options: Any) -> ChatResult:
        self.asked.append(messages)
        return super()._generate(messages, *args, **options)


def scripted(*answers: Any) -> Scripted:
    """answers: plans as JSON for a planner, texts for a writer, messages as they stand."""
    messages = [_message(answer) for answer in answers]
    return Scripted(responses=messages, asked=[])


def _message(answer: Any) -> AIMessage:
    if isinstance(answer, AIMessage):
        return answer
    if isinstance(answer, str):
        return AIMessage(content=answer)
    return AIMessage(content="", tool_calls=[{"name": "Written", "args": answer, "id": "1"}])


@contextmanager
def served(*answers: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a server that answers chat completions in turn, and the requests that it got."""
    requests: list[dict[str, Any]] = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer = answers[min(len(requests), len(answers)) - 1]
            message = {"role": "assistant", "content": answer if isinstance(answer, str) else json.dumps(answer)}
            usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            body = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
