from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import get_args

import jsonschema
import pytest

from diarfuse.diarize.live import events
from diarfuse.diarize.live.events import KINDS, Committed, Done, Event, SpeakerNamed, TurnRevised, to_json
from diarfuse.fusion.types import Turn

SCHEMA = json.loads(Path(events.__file__).with_name("events.schema.json").read_text(encoding="utf-8"))


def test_every_event_has_a_kind_and_a_place_in_the_schema():
    assert set(KINDS) == set(get_args(Event))
    described = {shape["properties"]["type"]["const"]: set(shape["properties"]) for shape in SCHEMA["oneOf"]}
    assert described == {
        kind: {"type", *(field.name for field in dataclasses.fields(event))} for event, kind in KINDS.items()
    }


@pytest.mark.parametrize(
    "event",
    [
        Committed(1.5),
        SpeakerNamed("SPEAKER_00", "Ana"),
        TurnRevised(3, 1.0, 1.0, None),
        Done(2.0, (Turn(0.0, 1.0, "SPEAKER_00"),), {"SPEAKER_03": "SPEAKER_00"}),
    ],
)
def test_json_is_as_described(event):
    body = json.loads(json.dumps(to_json(event)))
    jsonschema.validate(body, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**body, "embedding": [0.1]}, SCHEMA)
