"""Question forms found in records: what the questions of a task and source say alike, with slots where a record's own values stand.

What only looked like a value falls behind, for a form counts by the records that it gives back. Source: docs/formats.md, "Question forms".
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise, product
from typing import Any, NamedTuple

from medvid.core.vocabulary import NURSING, STORED, steps_of
from medvid.medvidbench.records import Record
from medvid.prompts.read import NAMES, NUMBERS, ReadForm, Slot
from medvid.tools.registry import BY_QA_TYPE

Parts = tuple[str | Slot, ...]
Mark = tuple[int, int, Slot]
FACTS = {"action": "action", "object": "object", "every_s": "stride", "start_s": "start", "end_s": "end"}
NEEDED = {"localize_action": ("action",), "ground_object": ("object", "every_s", "start_s", "end_s"), "caption_region": ("time_s",)}
"""What a question of a tool cannot do without. A procedure, its list and a region's interval are looked for wherever they are known."""
MOST_CUTS, MOST_TRIED, MOST_FORMS = 500, 40, 20
_GAP = r"[\s,;/|'\"*•-]{1,8}(?:(?:and|or)\s+)?['\"]?"


class Found(NamedTuple):
    """Of one task and source. forms: each with the records that none before it gives back, most first; only the first is kept. unplaced:
    questions in which some value was not found, or that are like no other."""

    qa_type: str
    source: str
    records: int
    forms: list[ReadForm]
    unplaced: int


class Asked(NamedTuple):
    """values: by the name of their slot. listed: where the question shows the list of actions, if it does."""

    question: str
    values: dict[str, Any]
    listed: tuple[Mark, ...]


def find_forms(records: Iterable[Record]) -> list[Found]:
    groups: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        groups[record.qa_type, record.data_source].append(record)
    found = [(*key, len(group), list(_forms(*key, group))) for key, group in sorted(groups.items())]
    return [Found(*of, of[2] - sum(form.records for form in of[3])) for of in found]


def _forms(qa_type: str, source: str, records: Sequence[Record]) -> Iterator[ReadForm]:
    if (tool := BY_QA_TYPE.get(qa_type)) is None:
        return
    style = qa_type.rsplit("_", 1)[1] if len(tool.qa_types) > 1 else None
    left = [asked for record in records if (asked := _asked(record, tool.name)) is not None]
    votes = Counter(parts for asked in left for parts in _cuts(asked, NEEDED.get(tool.name, ())))
    # Numbers that differ between forms alike in all else are values that were not found.
    alike = Counter(map(_without_numbers, votes))
    tried = [parts for parts, _ in votes.most_common() if alike[_without_numbers(parts)] == 1]
    made = [ReadForm(tool=tool.name, style=style, source=source, records=1, parts=parts) for parts in tried]
    for _ in range(MOST_FORMS):
        counts = [(sum(form.fill(asked.values) == asked.question for asked in left), len(form.needs), form) for form in made[:MOST_TRIED]]
        count, _, best = max(counts, key=lambda item: item[:2], default=(0, 0, None))
        if best is None or count == 0 or (count == 1 and _without_numbers(best.parts) != best.parts):
            return
        yield best.model_copy(update={"records": count})
        made.remove(best)
        left = [asked for asked in left if best.fill(asked.values) != asked.question]


def _asked(record: Record, tool: str) -> Asked | None:
    """None where the question shows the list of actions in a way that is not told apart."""
    facts, question = record.facts, record.question
    said = {name: facts.get(key) for name, key in FACTS.items()}
    if tool == "caption_region" and record.fps and (frame := (record.rc_info or {}).get("start_frame")) in record.video:
        said["time_s"] = record.video.index(frame) / record.fps
        said |= {"start_s": 0.0, "end_s": len(record.video) / record.fps} if said["start_s"] is None else {}
    nursing = [name for name in STORED[NURSING] if name.lower() in question.lower()] if record.data_source == NURSING else []
    said["procedure"] = procedure = str(facts.get("procedure") or max(nursing, key=len, default=""))
    taken = (*NEEDED.get(tool, ()), "procedure", *(("start_s", "end_s") if tool == "caption_region" else ()))
    values = {name: said[name] for name in taken if isinstance(said.get(name), str | int | float) and said[name] != ""}
    lists = [fact for fact in facts.values() if isinstance(fact, list) and len(fact) > 1 and all(isinstance(item, str) for item in fact)]
    known = lists[0] if lists else steps_of(record.data_source, procedure)
    items, listed = _list_in(question, known)
    if not listed and len(known) < 2 * sum(name.lower() in question.lower() for name in known) > 2:
        return None
    return Asked(question, values | ({"actions": items} if listed else {}), listed)


def _list_in(question: str, known: Sequence[str]) -> tuple[tuple[str, ...], tuple[Mark, ...]]:
    """The longest row of known names, if it holds more than half of them: its items, and where it stands."""
    item = rf"(?<!\w)(?:{'|'.join(re.escape(name) for name in sorted(known, key=len, reverse=True))})(?!\w)"
    row = max(re.finditer(rf"{item}(?:{_GAP}{item})*", question, re.IGNORECASE), key=lambda match: len(match[0]), default=None)
    if not known or row is None:
        return (), ()
    _, *parts, _ = re.split(f"({item})", row[0], flags=re.IGNORECASE)
    spelled = {name.lower(): name for name in known}
    items, gaps = tuple(spelled[text.lower()] for text in parts[::2]), parts[1::2] or [""]
    slots = [Slot(value="actions", write=write, between=(gaps[0], gaps[-1])) for write in NAMES if 2 * len(set(items)) > len(known)]
    return items, tuple((row.start(), row.end(), slot) for slot in slots if slot.text(items) == row[0])[:1]


def _cuts(asked: Asked, needed: Sequence[str]) -> set[Parts]:
    """The question with slots for its values, in each way where one may stand in several places. All that can stand in it do, and all that
    are needed, or there is none."""
    options: list[list[tuple[Mark, ...]]] = [[asked.listed], *([] for name in needed if name not in asked.values)]
    for name in asked.values.keys() - {"actions"}:
        marks = _marks(asked, name)
        options.append([*((mark,) for mark in marks), *([marks] if len(marks) > 1 else []), *([] if name in needed else [()])])
    cuts: defaultdict[int, set[Parts]] = defaultdict(set)
    for choice in islice(product(*options), MOST_CUTS):
        chosen = sorted((mark for marks in choice for mark in marks), key=lambda mark: mark[:2])
        if all(a[1] <= b[0] for a, b in pairwise(chosen)):
            ends = [0, *(end for _, end, _ in chosen)]
            parts = [part for end, (start, _, slot) in zip(ends, chosen, strict=False) for part in (asked.question[end:start], slot)]
            cuts[len({slot.value for *_, slot in chosen})].add(tuple(part for part in (*parts, asked.question[ends[-1] :]) if part))
    return cuts[max(cuts, default=0)]


def _marks(asked: Asked, name: str) -> tuple[Mark, ...]:
    """Where a value stands, in each way of writing it, outside the list."""
    number = not isinstance(asked.values[name], str)
    before, after = (r"(?<![\d.])", r"(?!\d|\.\d)") if number else (r"(?<!\w)", r"(?!\w)")
    slots = [Slot.model_validate({"value": name, "write": write}) for write in (NUMBERS if number else NAMES)]
    texts = {slot.text(asked.values[name]): slot for slot in reversed(slots)}  # of two that write alike, the first
    found = ((text, slot, re.finditer(before + re.escape(text) + after, asked.question)) for text, slot in texts.items())
    marks = ((*match.span(), slot) for _, slot, matches in found for match in matches)
    return tuple(mark for mark in marks if all(mark[1] <= start or end <= mark[0] for start, end, _ in asked.listed))


def _without_numbers(parts: Parts) -> Parts:
    return tuple(re.sub(r"\d+(?:\.\d+)?", "#", part) if isinstance(part, str) else part for part in parts)
