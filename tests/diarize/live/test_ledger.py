from __future__ import annotations

from diarfuse.diarize.live.events import (
    Committed,
    Done,
    Gap,
    SpeakerNamed,
    SpeakersMerged,
    TurnEnded,
    TurnExtended,
    TurnRevised,
    TurnStarted,
)
from diarfuse.diarize.live.ledger import Entry, Ledger
from diarfuse.fusion.types import Turn


def test_each_event_does_what_it_says():
    ledger = Ledger()
    ledger.apply([TurnStarted(0, 1.0, 2.0, None), TurnStarted(1, 0.5, 1.0, "SPEAKER_01"), Committed(0.5)])
    ledger.apply([TurnExtended(0, 2.5), TurnEnded(1, 1.2), Gap(3.0, 4.0, "audio was lost")])
    assert ledger.entries == [Entry(1, 0.5, 1.2, "SPEAKER_01", over=True), Entry(0, 1.0, 2.5, None)]
    ledger.apply([TurnRevised(0, 1.1, 2.4, "SPEAKER_02"), SpeakersMerged("SPEAKER_02", "SPEAKER_01")])
    assert ledger.entries[1] == Entry(0, 1.1, 2.4, "SPEAKER_01")
    ledger.apply([TurnRevised(0, 1.1, 1.1, None), SpeakerNamed("SPEAKER_01", "Ana")])
    assert [entry.turn for entry in ledger.entries] == [1]
    assert ledger.names == {"SPEAKER_01": "Ana"}
    ledger.apply([Done(9.0, (Turn(0.0, 8.0, "SPEAKER_00"),), {"SPEAKER_01": "SPEAKER_00"})])
    assert ledger.entries == [Entry(0, 0.0, 8.0, "SPEAKER_00", over=True)]
    assert (ledger.committed, ledger.names) == (9.0, {"SPEAKER_00": "Ana"})
