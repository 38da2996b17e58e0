"""SRT and VTT as words: every cue is a line."""

from __future__ import annotations

import pytest

from diarfuse.fusion.attaching import attach
from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.formats.files import read_any
from diarfuse.fusion.formats.subtitles import read_cues
from diarfuse.fusion.types import Turn

TURNS = [Turn(0.0, 2.0, "A"), Turn(2.0, 9.0, "B")]
SRT = """1
00:00:00,500 --> 00:00:03,500
Are you there?
Yes, I am.

2
00:00:04,000 --> 00:00:05,000
<i>Good</i> {\\an8}then

3
00:00:06,000 --> 00:00:07,000

"""
VTT = """WEBVTT - a title

NOTE 00:00 is the start

STYLE
::cue { color: red }

intro
00:00.500 --> 00:03.500 align:start position:0%
<v Ann>Are you there? Yes, I am.</v>

00:04.000 --> 00:05.000
Good<00:04.500><c> then</c> &amp; &lt;bye&gt;
"""


@pytest.mark.parametrize("name", ["a.srt", "a.txt"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n", "\r"])
def test_cues_become_lines_with_estimated_words(tmp_path, name, end):
    (tmp_path / name).write_bytes(SRT.replace("\n", end).encode())
    reading = read_any(tmp_path / name)
    assert (reading.family, [line.text for line in reading.lines]) == (
        "SubRip", [" Are you there? Yes, I am.", " Good then"],
    )  # fmt: skip
    found = attach(tmp_path / name, TURNS)
    assert [(s.speaker, s.text.strip()) for s in found.segments] == [
        ("A", "Are you there?"), ("B", "Yes, I am."), ("B", "Good then"),
    ]  # fmt: skip
    assert {word.timing for word in found.words} == {"estimated"}
    assert "no recording to align" in found.notes[0]


def test_vtt_without_its_tags_notes_and_settings(tmp_path):
    (tmp_path / "a.vtt").write_text("\ufeff" + VTT, encoding="utf-8")
    reading = read_any(tmp_path / "a.vtt")
    assert (reading.family, [(line.start, line.end, line.text) for line in reading.lines]) == (
        "WebVTT", [(0.5, 3.5, " Are you there? Yes, I am."), (4.0, 5.0, " Good then & <bye>")],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("Press <enter> or <Ctrl>+<C>.", "Press <enter> or <Ctrl>+<C>."),
        ("a <b>bold</b> <I>one</I>, <3 you", "a bold one, <3 you"),
        ('<font color="red">red</font> x<y>z', "red x<y>z"),
        ("<c.yellow>y</c> <00:00:03.000>late <Voice>", "y late <Voice>"),
        ("one<br/>two<BR>three", "one two three"),
        ("<v.loud Bob>hi</v> <bold>no</bold>", "hi <bold>no</bold>"),
        ("if a<b and b>a", "if a<b and b>a"),
    ],
)
def test_only_what_is_a_tag_is_no_text(shown, said):
    (cue,) = read_cues(f"1\n00:00:00,000 --> 00:00:02,000\n{shown}\n", "a.srt")
    assert cue.lines == (said,)


@pytest.mark.parametrize("begin", ["<v", "<v a", "<b", "<br", "<v.", "<font "])
def test_a_tag_that_never_ends_keeps_nobody(begin):
    """It took the cube of its length."""
    (cue,) = read_cues(f"1\n00:00:00,000 --> 00:00:02,000\n{begin}{' ' * 100_000}.\n", "a.srt")
    assert cue.lines[0].startswith(begin.strip())


def test_our_own_labels_are_not_words(tmp_path):
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nSPEAKER_00: Hello\n")
    assert [w.text for w in attach(tmp_path / "a.srt", TURNS).words] == [" Hello"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\n00:00:01,000 --> soon\nHi\n", r"a\.srt, line 2: '00:00:01,000 --> soon' is no time of a cue"),
        ("1\n99999999:00:01,000 --> 99999999:00:02,000\nHi\n", r"a\.srt, line 2 has the time"),
        ("1\n-1:59:59,800 --> 00:00:02,000\nHi\n", r"a\.srt, line 2: .* is no time of a cue"),
    ],
)
def test_bad_cues_are_named(tmp_path, text, message):
    (tmp_path / "a.srt").write_text(text)
    with pytest.raises(TranscriptError, match=message):
        read_any(tmp_path / "a.srt")


LABELLED = """1
00:00:00,000 --> 00:00:01,000
Ana: Are you
there?

2
00:00:01,080 --> 00:00:02,000
well: here.

3
00:00:02,080 --> 00:00:03,000
- Dr. Ben K.: Yes.
- Ana: No.

4
00:00:03,080 --> 00:00:04,000
?: Hm.

5
00:00:04,080 --> 00:00:05,000
\u200fAna: שלום.
"""


def said(text: str) -> list[list[tuple[str | None, str]]]:
    return [[(voice.speaker, voice.text) for voice in cue.voices] for cue in read_cues(text, "a.srt")]


def test_a_label_holds_until_the_next():
    assert said(LABELLED) == [
        [("Ana", "Are you there?")],
        [("Ana", "well: here.")],
        [("Dr. Ben K.", "Yes."), ("Ana", "No.")],
        [(None, "Hm.")],
        [("Ana", "שלום.")],
    ]
    assert read_cues(LABELLED, "a.srt")[2].lines == ("- Dr. Ben K.: Yes.", "- Ana: No.")


def test_labels_are_no_words(tmp_path):
    (tmp_path / "a.srt").write_text(LABELLED, encoding="utf-8")
    assert [line.text for line in read_any(tmp_path / "a.srt").lines][:3] == [
        " Are you there?",
        " well: here.",
        " Yes. No.",
    ]


def test_a_colon_makes_no_label_where_none_is_used():
    plain = "1\n00:00:00,000 --> 00:00:01,000\nI say.\n\n2\n00:00:01,000 --> 00:00:02,000\nNote: it is late.\n"
    assert said(plain) == [[(None, "I say.")], [(None, "Note: it is late.")]]
    own = plain.replace("Note:", "[SPEAKER_01]:")
    assert said(own)[1] == [("SPEAKER_01", "it is late.")], "as WhisperX writes it"


@pytest.mark.parametrize(
    "name",
    [
        "Anna-Lena",
        "Čeněk Šolc-Řehoř",
        "Jean-Luc & Co.",
        "Prof. Dr. Anna Maria Schmidt",
        "van der Berg",
        "O\u2019Brien",
        "Q",
    ],
)
def test_a_name_that_comes_again_is_a_label_whatever_names_are_like(name):
    cue = "{0}\n00:00:0{0},000 --> 00:00:0{0},900\n{1}\n"
    shown = ["Hello.", f"{name}: Hi - and bye.", f"- {name}: No.", f"- Well: yes-no.\n\u2013 {name}: Oh."]
    assert said("\n".join(cue.format(at, text) for at, text in enumerate(shown, 1))) == [
        [(None, "Hello.")],
        [(name, "Hi - and bye.")],
        [(name, "No.")],
        [(name, "Well: yes-no."), (name, "Oh.")],
    ]


def test_what_is_said_before_a_colon_stays():
    lines = ["SPEAKER_00: So.", "- the list: milk.", "von vorn: eins.", "zu Hause: nichts.", "the list: eggs."]
    cue = "{0}\n00:00:0{0},000 --> 00:00:0{0},900\n{1}\n"
    found = said("\n".join(cue.format(at, text) for at, text in enumerate(lines, 1)))
    assert [text for voices in found for _, text in voices] == ["So.", "the list: milk.", *lines[2:]]


def test_voice_tags_speak_for_their_own_cue():
    vtt = (
        "WEBVTT\n\n00:00.000 --> 00:01.000\n<v Ana>- Hi: there</v>\n<v Ben &amp; Co>- Oh</v>\n\n"
        "00:02.000 --> 00:03.000\nSilence.\n"
    )
    assert said(vtt) == [[("Ana", "Hi: there"), ("Ben & Co", "Oh")], [(None, "Silence.")]]


def lines_of(path, text):
    path.write_text(text, encoding="utf-8")
    return [(line.start, line.text.split()) for line in read_any(path).lines]


@pytest.mark.parametrize("number", ["", "2\n"])
def test_a_time_begins_a_cue_without_a_blank_line_too(tmp_path, number):
    text = f"00:00:01,000 --> 00:00:02,000\nHi 5\n{number}00:00:06,000 --> 00:00:07,000\nyou\n7\n"
    assert lines_of(tmp_path / "a.srt", text) == [(1.0, ["Hi", "5"]), (6.0, ["you", "7"])]


@pytest.mark.parametrize(
    ("below", "said"),
    [
        ("there\n\n2\n", ["Hi", "there"]),
        ("there\n\nyou\n\n5\n\n2\n", ["Hi", "there", "you", "5"]),
        ("there\n\n", ["Hi", "there"]),
        ("2\n", ["Hi"]),
        ("cue-2\n", ["Hi"]),
        ("NOTE mine\nand more\n\n2\n", ["Hi"]),
        ("", ["Hi"]),
    ],
)
def test_a_cue_of_subrip_goes_on_below_a_blank_line(tmp_path, below, said):
    text = f"1\n00:00:01,000 --> 00:00:02,000\nHi\n\n{below}00:00:06,000 --> 00:00:07,000\nyou\n\nall\n\n3\n"
    assert lines_of(tmp_path / "a.srt", text) == [(1.0, said), (6.0, ["you", "all"])]
    vtt = "WEBVTT\n\n" + text.replace(",", ".")
    assert lines_of(tmp_path / "a.vtt", vtt) == [(1.0, ["Hi"]), (6.0, ["you"])]


def test_digits_of_other_scripts_are_what_is_said_and_no_times(tmp_path):
    three = "\u0663"
    text = f"00:00:01,000 --> 00:00:02,000\n{three}\n00:00:06,000 --> 00:00:07,000\n<{three}:{three}>\n"
    assert lines_of(tmp_path / "a.srt", text) == [(1.0, [three]), (6.0, [f"<{three}:{three}>"])]
    with pytest.raises(TranscriptError, match=r"a\.srt, line 1: .* is no time of a cue"):
        lines_of(tmp_path / "a.srt", text.replace("1,000", f"{three},000"))


def test_lines_that_roll_up_are_said_once(tmp_path):
    """As YouTube writes captions of its own making."""
    text = (
        "WEBVTT\nKind: captions\nLanguage: en\n\n"
        "00:01.000 --> 00:02.000 align:start\n \nhello<00:01.500><c> world</c>\n\n"
        "00:02.000 --> 00:02.010 align:start\nhello world\n \n\n"
        "00:02.010 --> 00:03.000 align:start\nhello world\nagain<00:02.500><c> here</c>\n\n"
        "00:03.000 --> 00:04.000 align:start\nagain here\nagain<00:03.500><c> here</c>\n"
    )
    assert lines_of(tmp_path / "a.vtt", text) == [
        (1.0, ["hello", "world"]), (2.01, ["again", "here"]), (3.0, ["again", "here"]),
    ]  # fmt: skip
    assert len(read_cues(text, "a.vtt")) == 4


def words_of(path, text):
    path.write_text(text, encoding="utf-8")
    return [[(slot.text, slot.start, slot.end) for slot in line.slots] for line in read_any(path).lines]


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ("hello<00:00:01.500><c> all</c>", [(" hello", 1.0, 1.5), (" all", 1.5, None)]),
        ("<v A><00:01.500>Yes <00:02.000>no\nright", [(" Yes", 1.5, 2.0), (" no", 2.0, None), (" right", None, None)]),
        ("Ana: Hi<00:01.500> two words<00:02.000> on", [
            *((" Hi", None, 1.5), (" two", 1.5, None), (" words", None, 2.0), (" on", 2.0, None)),
        ]),
        ("こん<00:01.500>にちは<00:02.000>世界", [(" こん", 1.0, 1.5), ("にちは", 1.5, 2.0), ("世界", 2.0, None)]),
        ("hel<00:01.500>lo<00:02.000>!", [(" hello!", 1.0, 2.0)]),
        ("a<00:02.000> b<00:01.500> c<00:09.000> d<7>", [
            *((" a", 1.0, 2.0), (" b", 2.0, None), (" c", None, None), (" d", None, None)),
        ]),
        ("no moment", []),
    ],
)  # fmt: skip
def test_times_between_words_are_theirs(tmp_path, shown, words):
    cue = f"00:01.000 --> 00:03.000\n{shown}\n\n"
    label = "" if "Ana:" not in shown else "00:03.000 --> 00:04.000\nAna: Bye.\n"
    assert words_of(tmp_path / "a.vtt", f"WEBVTT\n\n{cue}{label}")[0] == words
    (tmp_path / "a.vtt").write_text(f"WEBVTT\n\n{cue}")
    assert {word.timing for word in attach(tmp_path / "a.vtt", TURNS).words if word.start is not None} == (
        {"recognised"} if words else {"estimated"}
    )


@pytest.mark.parametrize("tag", ["u", 'font color="#00ff00"'])
def test_a_word_is_said_while_whisper_underlines_it(tmp_path, tag):
    """With ``--highlight_words``, which shows the text again for each word; stable-ts colours it."""
    shown = ["We go.", "<u>We</u> go.", "We <u>go.</u>", "We go.", "<u>We</u> go.", "We <u>go.</u>", "<u>Not</u> this."]
    cues = [f"00:00:0{at},000 --> 00:00:0{at + 1},000\n{text}\n" for at, text in enumerate(shown)]
    text = "\n".join(cues).replace("<u>", f"<{tag}>").replace("</u>", f"</{tag.split()[0]}>")
    assert words_of(tmp_path / "a.srt", text) == [
        [(" We", 1.0, 2.0), (" go.", 2.0, 3.0)],
        [(" We", 4.0, 5.0), (" go.", 5.0, 6.0)],
        [],
    ]
    assert [(line.start, line.end) for line in read_any(tmp_path / "a.srt").lines] == [(0, 4), (4, 6), (6, 7)]
    assert len(read_cues(text, "a.srt")) == len(shown)


def test_a_line_that_is_said_twice_stays_where_lines_roll(tmp_path):
    cues = ["so<00:00.500><c> welcome</c>", "so welcome\nyes", "yes", "yes\nyes", "yes\nyes<00:04.500><c> yes</c>"]
    text = "WEBVTT\n\n" + "\n".join(f"00:0{at}.000 --> 00:0{at + 1}.000\n{said}\n" for at, said in enumerate(cues))
    assert lines_of(tmp_path / "a.vtt", text) == [
        (0, ["so", "welcome"]),
        *((at, ["yes"]) for at in (1, 3)),
        (4, ["yes"] * 2),
    ]


@pytest.mark.parametrize(
    "shown",
    [
        ("<u>No.</u>", "No."),
        ("Not now.", "Not <u>now.</u>"),
        ("I said <u>no.</u>", "I said <u>no.</u>"),
        ("<u>Not now</u> or then", "Not now <u>or then</u>"),
        ('<font color="#ffff00">Yes.</font>', '<font color="#00ffff">Yes.</font>'),
        ("<c.colorE5E5E5>No.</c>", "<c.colorE5E5E5>No.</c>", "Well<00:02.500> then."),
    ],
)
def test_what_is_stressed_or_coloured_and_said_twice_stays(tmp_path, shown):
    text = "WEBVTT\n\n" + "\n".join(f"00:0{at}.000 --> 00:0{at + 1}.000\n{said}\n" for at, said in enumerate(shown))
    assert [start for start, _ in lines_of(tmp_path / "a.vtt", text)] == list(range(len(shown)))


def test_a_line_that_is_said_twice_stays_where_nothing_rolls(tmp_path):
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nNo.\n\n00:02.000 --> 00:03.000\nNo.\n"
    assert lines_of(tmp_path / "a.vtt", text) == [(1.0, ["No."]), (2.0, ["No."])]


@pytest.mark.parametrize("said", ["1\n00:00:01,000 -> 00:00:02,000\nHi\n", "{25}{50}Hi|you\n", "Hi"])
def test_subtitles_without_a_cue_are_refused(tmp_path, said):
    (tmp_path / "a.srt").write_text(said, encoding="utf-8")
    with pytest.raises(TranscriptError, match=r"a\.srt holds no cue: .* --> "):
        read_any(tmp_path / "a.srt")
    assert read_cues("WEBVTT\n\n", "a.vtt") == read_cues("\ufeff\n", "a.srt") == ()


@pytest.mark.parametrize("time", ["00:75:06,000", "00:00:61,000", "00:99,500"])
def test_a_clock_has_sixty_minutes_and_seconds(tmp_path, time):
    (tmp_path / "a.srt").write_text(f"1\n00:00:01,000 --> {time}\nHi\n", encoding="utf-8")
    with pytest.raises(TranscriptError, match=rf"a\.srt, line 2: '00:00:01,000 --> {time}' is no time of a cue"):
        read_any(tmp_path / "a.srt")
    text = "75:00,000 --> 75:60,000\nHi\n"  # minutes alone may be as many as there are, and rounding makes 60 s
    assert [(cue.start, cue.end) for cue in read_cues(text, "a.srt")] == [(4500.0, 4560.0)]
