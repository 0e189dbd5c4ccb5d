"""Writer: a chat model puts the answer's statements into its own words. What it writes is checked (facts.py), mended once, or not used.

What was not observed, not verified, failed or not looked at stays in the template's words: there nothing may be lost.
Source: prompts/answerer.md.
"""

import re
from collections.abc import Container, Sequence
from contextlib import suppress
from typing import Any

from medvid.agent.catalogue import Listing, is_outcome
from medvid.agent.check import needed_steps
from medvid.agent.facts import Facts
from medvid.agent.ledger import Ledger
from medvid.agent.model_planner import ModelPlanner
from medvid.agent.sentences import unverified
from medvid.core import Answer, EngineError, Planning, Statement

TRIES = 2
_SENTENCE = re.compile(r"\s*([^\[\]]*(?:\[[\d., ]+\][^\[\]]*)*)\[([a-z]\w*)\]")  # a sentence and its step; a box stands in brackets too


async def write(
    planner: ModelPlanner, question: str, ledger: Ledger, listing: Sequence[Listing], template: Answer, aside: Container[str | None] = ()
) -> tuple[Answer, list[Planning]]:
    """The answer in the model's words, or the template's where it cannot be had in two tries; and the tries. aside: steps, such as second
    looks, that stay in the template's words."""
    free = [said for said in template.statements if said.step not in aside and _plainly_found(said.step, ledger)]
    told = [{"step": said.step, "sentence": said.text, "gave": ledger.given(said.step)} for said in free]
    index, tries = {said.step: said.index for said in free}, list[Planning]()

    def read(reply: Any) -> tuple[str, list[Statement], list[str]]:
        text = str(reply.text)
        written = [Statement(text=said.strip(), step=step, index=index.get(step)) for said, step in _SENTENCE.findall(text)]
        return text, written, _complaints(text, written, free, ledger, listing)

    with suppress(EngineError):  # the template's text is there
        data = {"question": question, "statements": told}
        if free and (written := await planner.mended(planner.model, "answerer", data, read, TRIES, tries)):
            statements = (*written, *(said for said in template.statements if said not in free))
            text, rest = _text(statements), template.text.removeprefix(_text(template.statements))
            changed = {"text": text + rest, "statements": statements, "written_by": planner.name}
            return template.model_copy(update=changed), tries
    return template, tries


def _text(statements: Sequence[Statement]) -> str:
    return "\n".join(f"{said.text} [{said.step}]" for said in statements)


def _plainly_found(step_id: str, ledger: Ledger) -> bool:
    """Whether it gave something without a reservation, and so did all that it rests on."""
    contents = ledger.contents(step_id)
    found = all(is_outcome(content) and content["status"] == "ok" and not unverified(content) for content in contents)
    given = (bool(contents) or step_id in ledger.values) and not ledger.failures(step_id)
    return found and given and all(_plainly_found(needed, ledger) for needed in needed_steps(ledger.plan.step(step_id)))


def _complaints(
    reply: str, written: Sequence[Statement], free: Sequence[Statement], ledger: Ledger, listing: Sequence[Listing]
) -> list[str]:
    steps = {said.step for said in free}
    names = [name for video in listing for action in video.get("actions") or () for name in (action["name"], *action["synonyms"])]
    grain_s = Facts().add(list(map(ledger.contents, ledger.calls))).grain_s
    found = [f"`{left}` names no step" for left in [_SENTENCE.sub("", reply).strip()] if left]
    found += [f"nothing is said of {step}" for step in sorted(steps - {said.step for said in written})]
    for said in written:
        if said.step not in steps:
            found.append(f"`{said.text}`: {said.step} is none of {', '.join(sorted(steps))}")
            continue
        facts = Facts().add([[text.text for text in free if text.step == said.step], ledger.contents(said.step), ledger.given(said.step)])
        facts.grain_s = facts.grain_s or grain_s
        found += [f"`{said.text}`: {what}" for what in facts.complaints(said.text, names, strict=True)]
    return found
