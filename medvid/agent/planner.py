"""Planner: a question in plain words becomes a plan, by rules; no model is asked. The default planner, and it works without a network.

Each clause of the question becomes steps that may read earlier ones: an action is localised first, then grounded, described or assessed
over the spans found. `there`, `that` and `it` mean what was last found. A question that no rule places gives Needs, with the nearest ones
that do.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from medvid.agent.actions import Ambiguous, Declared, Unplaced
from medvid.agent.clauses import FOLLOW, Clause, content, rewritten
from medvid.agent.draft import REFERS, Draft
from medvid.agent.followups import chosen, meant_before, videos_meant
from medvid.agent.planning import Asked, Planned
from medvid.agent.sheet import Sheet
from medvid.agent.words import INSTRUMENTS, base, tidy, words_of
from medvid.core import Needs, Plan

ACTIONS_PROPOSED, GENERAL = 3, ("Summarise the video.", "Describe what happens.", "What comes next?")


async def offline(asked: Asked) -> Planned:
    """The planner that asks no model. See planning.Planner."""
    return plan_for(asked)


def plan_for(asked: Asked) -> Planned:
    if not asked.listing:
        return Planned(Needs(question="Which video is the question about? Give a video id or a file."))
    actions = {video["video_id"]: tuple(map(Declared.of, video.get("actions") or ())) for video in asked.listing}
    question = chosen(asked.question, asked.memory)
    turns = [turn for turn in asked.memory.turns if turn.plan.steps]
    whole = rewritten(question, {word for some in actions.values() for action in some for word in action.words}, follows=bool(turns))
    two = re.search(FOLLOW["compares"], whole) is not None  # may be that in two videos, one asked about after the other
    ids = [str(step.args["video_id"]) for turn in turns[-1 - two :] for step in turn.plan.steps if "video_id" in step.args]
    text, meant = videos_meant(whole, asked.listing, ids, tidy(turns[-1].question) if turns else "")
    try:
        if not meant:
            raise Unplaced(question, "There is no other video here")
        alike = bool(ids) and text != whole and not re.sub(FOLLOW["lead"], "", f"{text} ".lstrip())
        near = [video for video in meant if video["video_id"] in ids and text == whole]
        for videos in (near or meant, meant):
            sheet = Sheet()
            drafts = [Draft(video, asked, sheet, actions[video["video_id"]]) for video in videos]
            clauses = [draft.add_question(text, alike=alike) for draft in drafts]
            if len(videos) == len(meant) or any(draft.recalled for draft in drafts):
                break  # what is asked of the turn before is asked of its videos
    except Ambiguous as ambiguous:
        which, meant_one = _which(question, *ambiguous.args), meant_before(ambiguous.args[1], asked.memory)
        new = [choice for choice in which.choices if meant_one and f"“{meant_one}”" in choice and meant_one not in tidy(question)]
        return plan_for(replace(asked, question=new[0])) if new else Planned(which)
    except Unplaced as unplaced:
        said, *why = unplaced.args
        known = dict.fromkeys(action.name for declared in actions.values() for action in declared)
        names = get_close_matches(tidy(said), known, ACTIONS_PROPOSED, cutoff=0.0)  # the nearest questions that are placed
        asks = "Ask when, where, how often or how long, what something is doing, what comes next, how well, or for a description, such as:"
        choices = (*(f"When does “{name}” happen?" for name in names), *GENERAL)
        return Planned(Needs(question=f"{why[0] if why else f'No rule places {said!r}'}. {asks}", choices=choices))
    plan = Plan(steps=sheet.done())
    return Planned(plan, _unused(clauses[0], plan, drafts[0].actions))


def _which(question: str, text: str, names: Sequence[str]) -> Needs:
    """Asks which of several is meant, and proposes the question with each of them in it."""
    said, back = tidy(question).rstrip("?. "), text == "it"
    place = re.search(REFERS if back else re.escape(text), said)
    head, found, tail = (said[: place.start()], place[0], said[place.end() :]) if place else (said, "", "")
    choices = tuple(" ".join(f"{head} {'' if back else found} “{name}” {tail}".split()) + "?" for name in names)
    return Needs(question=f"“{found or said}” may mean {' or '.join(f'“{name}”' for name in names)}. Which is meant?", choices=choices)


def _unused(clauses: Sequence[Clause], plan: Plan, actions: Sequence[Declared]) -> tuple[str, ...]:
    """The words of the question that name something and that no step rests on."""
    asked = {str(value) for step in plan.steps for value in step.args.values() if isinstance(value, str)}
    used = {base(word) for text in asked for word in words_of(" ".join([tidy(text), *INSTRUMENTS.get(text, ())]))}
    used |= {base(word) for action in actions if action.name in asked for word in action.words}
    texts = [(text, clause.kinds) for clause in clauses for text in (clause.text, *(anchor.text or "" for anchor in clause.anchors))]
    return tuple(dict.fromkeys(word for text, kinds in texts for word in content(text, kinds) if base(word) not in used))
