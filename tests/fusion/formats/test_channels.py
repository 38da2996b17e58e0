"""Several channels in one transcript: each keeps its own order, and they interleave by time."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.attaching import attach_same_shape
from diarfuse.fusion.formats.files import read_any
from diarfuse.fusion.formats.reading import Line
from diarfuse.fusion.formats.shaping import interleaved
from diarfuse.fusion.types import Turn

SAID = (
    ("0", (("So", 0.2, 0.5), ("then", 0.7, 1.1), ("we", 1.3, 1.5), ("left.", 1.7, 2.1), ("Done.", 4.0, 4.4))),
    ("1", (("Yeah.", 1.2, 1.5), ("Right.", 3.0, 3.4))),
)
EXPECTED = ["So then we left.", "Yeah.", "Right.", "Done."]


def aws(*, copies_only: bool = False) -> dict[str, object]:
    def item(channel: str, text: str, start: float, end: float) -> dict[str, object]:
        return {
            "type": "pronunciation",
            "start_time": str(start),
            "end_time": str(end),
            "alternatives": [{"content": text}],
            "channel_label": f"ch_{channel}",
        }

    every = sorted((item(c, *w) for c, words in SAID for w in words), key=lambda i: float(str(i["start_time"])))
    own = [{"channel_label": f"ch_{c}", "items": [item(c, *w) for w in words]} for c, words in SAID]
    if copies_only:
        every = [{k: v for k, v in i.items() if k != "channel_label"} for i in every]
    text = " ".join(EXPECTED)
    return {"results": {"transcripts": [{"transcript": text}], "channel_labels": {"channels": own}, "items": every}}


def azure() -> dict[str, object]:
    phrases = [
        {
            "channel": int(channel),
            "offsetInTicks": sentence[0][1] * 1e7,
            "durationInTicks": (sentence[-1][2] - sentence[0][1]) * 1e7,
            "nBest": [{
                "display": " ".join(t for t, *_ in sentence),
                "words": [
                    {"word": t, "offsetInTicks": s * 1e7, "durationInTicks": (e - s) * 1e7} for t, s, e in sentence
                ],
            }],
        }
        for channel, words in SAID
        for sentence in _sentences(words)
    ]  # fmt: skip
    return {"recognizedPhrases": phrases}


def google() -> dict[str, object]:
    results = [
        {
            "channelTag": int(channel) + 1,
            "alternatives": [{
                "transcript": " ".join(t for t, *_ in sentence),
                "words": [{"word": t, "startTime": f"{s}s", "endTime": f"{e}s"} for t, s, e in sentence],
            }],
        }
        for channel, words in SAID
        for sentence in _sentences(words)
    ]  # fmt: skip
    return {"results": results}


def _sentences(words):
    groups = [[]]
    for word in words:
        groups[-1].append(word)
        if word[0].endswith("."):
            groups.append([])
    return groups[:-1]


def flat(**more: object) -> list[dict[str, object]]:
    rows = [{"word": t, "start": s, "end": e, "channel": c, **more} for c, words in SAID for t, s, e in words]
    return sorted(rows, key=lambda row: float(str(row["start"])))


def speechmatics() -> dict[str, object]:
    rows = [
        {"type": "word", "start_time": r["start"], "end_time": r["end"], "channel": f"channel_{r['channel']}",
         "alternatives": [{"content": r["word"]}]}
        for r in flat()
    ]  # fmt: skip
    return {"results": rows}


def assemblyai() -> dict[str, object]:
    rows = [
        {"text": r["word"], "start": round(1000 * r["start"]), "end": round(1000 * r["end"]), "channel": r["channel"]}
        for r in flat()
    ]
    return {"audio_duration": 5, "words": rows}


def deepgram() -> dict[str, object]:
    return {
        "results": {
            "channels": [
                {"alternatives": [{"transcript": " ".join(t for t, *_ in words),
                                   "words": [{"word": t, "start": s, "end": e} for t, s, e in words]}]}
                for _, words in SAID
            ]
        }
    }  # fmt: skip


KINDS = {
    "AWS": aws(),
    "AWS, channels in the copies only": aws(copies_only=True),
    "Azure": azure(),
    "Google": google(),
    "Speechmatics": speechmatics(),
    "AssemblyAI": assemblyai(),
    "Deepgram": deepgram(),
    "a plain list": flat(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_channels_interleave_by_time_and_never_mix_in_a_line(kind):
    assert [line.text.strip() for line in read_any(KINDS[kind]).lines] == EXPECTED


def test_copies_by_channel_are_labelled_too():
    turns = [Turn(0.0, 2.5, "A"), Turn(2.5, 5.0, "B")]
    labelled = attach_same_shape(aws(), turns)["results"]["channel_labels"]["channels"]
    assert [[i["speaker_label"] for i in c["items"]] for c in labelled] == [["A"] * 4 + ["B"], ["A", "B"]]


def line(channel: str, start: float) -> Line:
    return Line("", f"{channel}{start}", start, start + 1, channel=channel)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=12))
def test_the_order_within_a_channel_is_the_recognisers(parts):
    given_lines = [line(channel, float(start)) for channel, start in parts]
    found = interleaved(given_lines)
    for channel in "abc":
        assert [x for x in found if x.channel == channel] == [x for x in given_lines if x.channel == channel]
    if all(a[1] <= b[1] for a, b in itertools.pairwise(parts) if a[0] == b[0]) and len({c for c, _ in parts}) == 2:
        own = {c: sorted(s for x, s in parts if x == c) == [s for x, s in parts if x == c] for c in "abc"}
        if all(own.values()):
            assert [x.start for x in found] == sorted(x.start for x in given_lines)


def test_one_channel_stays_as_it_came():
    rows = [{"word": "Bye.", "start": 5, "end": 6}, {"word": "Ann.", "start": 1, "end": 2}]
    assert [x.text for x in read_any(rows).lines] == ["Bye.", "Ann."]
