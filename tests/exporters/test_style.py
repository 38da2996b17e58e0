"""What a reader may choose is refused where it is made, not where it is used."""

from __future__ import annotations

import pytest

from diarfuse.exporters.style import Style
from diarfuse.fusion.errors import OptionError


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"cues": "foo"}, "cues='foo' must be one of readable, segments."),
        ({"times": "no"}, "times='no' must be True or False."),
        ({"highlight_words": None}, "highlight_words=None must be True or False."),
        ({"layout": {"width": 30}}, "must be Layout or None."),
        ({"template": "{speaker}: {text}"}, "must be Template or None."),
        ({"form": "letter.docx"}, "form='letter.docx' must be bytes or None."),
        ({"audio": "meeting.mp3"}, "audio='meeting.mp3' must be Audio or None."),
    ],
)
def test_a_value_of_another_kind_is_refused(given, message) -> None:
    with pytest.raises(OptionError) as refused:
        Style(**given)
    assert str(refused.value).endswith(message)
