"""Where sentences and clauses end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.text import bears_sentence_end, ends_clause, ends_sentence, sentence_ends
from diarfuse.fusion.text.sentences import _REMEMBERED, _last_mark


@pytest.mark.parametrize("mark", "….!?。！？．｡؟۔।॥։።။។།")
def test_every_script_ends_its_sentences(mark):
    assert ends_sentence(f"word{mark}")
    assert ends_sentence(f"word{mark}»")
    assert ends_clause(f"word{mark}")


def test_sentences_and_clauses():
    assert ends_sentence('He said "no."')
    assert ends_sentence("終わり。」")
    assert not ends_sentence("well,")
    assert ends_clause("well,")
    assert ends_clause("وكذلك،")


SPOKEN = [
    ("en", "We saw Mrs. Moreland on Friday.| She was fine."),
    ("en", "He paid 3.5 million for lot No. 5 in Jan. 2020.| Then he left the U.S. for good."),
    ("en", "J. R. R. Tolkien wrote it at 5 p.m. on Tuesday.| George W. Bush read it.| So do I.| And he does too."),
    ("en", "The answer is no.| John asked again.| We chose plan B.| It worked."),
    ("en", "Look up vol. 2, fig. 3, p. 12, or ask Prof. Plum vs. Gen. Lee, etc. for more.| Done."),
    (
        "de",
        "Wir treffen am 3. Oktober Dr. Müller, z. B. um acht.| Es waren 12.| Danach kam Ludwig XIV. nach Bonn.| Gut.",
    ),
    (
        "en",
        "It is plan a.| We go.| He got a b.| She read p. Four to John F. Kennedy.| That was vitamin c.| You see.",
    ),
    ("de", "Das ist d.h. bzw. usw. ca. Nr. 5.| Frau Prof. Schmidt wohnt Berliner Str. 8.| Gut."),
    ("fr", "M. Dupont et Mme. Durand, av. Foch, no. 5, né vers 300 av. J.-C. en Grèce.| Le Dr. Martin arrive."),
    ("es", "El Sr. García y la Dra. López viven en EE.UU. desde ayer, Av. Mayor, núm. 5.| Están contentos."),
    ("it", "Il dott. Rossi e l'avv. Verdi, via Roma n. 5.| È vicino."),
    ("pt", "O Sr. Silva mora na Av. Paulista.| Ele tem aprox. 30 anos."),
    ("nl", "Dhr. de Vries en mevr. Jansen, bijv. en o.a. vandaag.| Goed."),
    ("da", "Hr. Jensen kommer den 3. maj, f.eks. kl. ni.| Fint."),
    ("sv", "Dr. Svensson bor t.ex. i Lund.| Bra."),
    ("pl", "Dr. Kowalski, ul. Długa nr. 5, przyjdzie 3. maja.| Dobrze."),
    ("cs", "Pan Dr. Novák přijde 3. května.| Dobře."),
    ("hu", "Dr. Kovács 3. helyen végzett.| Örült."),
    ("tr", "Dr. Yılmaz 3. kez geldi.| Yeter."),
    ("ru", "А. С. Пушкин жил на ул. Ленина, д. 5, в 1999 г. и т.д. в Москве.| Потом уехал."),
    ("el", "Ο κ. Παπαδόπουλος ήρθε.| Καλά."),
    ("hi", "डॉ. शर्मा आ गए।| वे खुश हैं।"),
]


@pytest.mark.parametrize("spaces", [True, False])
@pytest.mark.parametrize(("language", "spoken"), SPOKEN)
def test_abbreviations_initials_and_numbers_end_no_sentence(language, spoken, spaces):
    sentences = [part.split() for part in spoken.split("|")]
    words = [word for part in sentences for word in part]
    expected = [i == len(part) - 1 for part in sentences for i in range(len(part))]
    given = [f" {word}" for word in words] if spaces else words
    assert sentence_ends(given, language) == expected


def test_what_follows_decides():
    assert ends_sentence("It was in the U.S.", "They stayed.")
    assert not ends_sentence("It was in the U.S.", "of A.")
    assert not ends_sentence("I met Mrs.")
    assert sentence_ends(["Mrs", ".", "Moreland", "left", ".", "Good", "."]) == [False] * 4 + [True, False, True]
    assert sentence_ends([" 3.", "5", " is", " more."]) == [False, False, False, True]
    assert sentence_ends(["你好.", "我"], "zh") == [True, False]
    assert sentence_ends(['"I', "went", "home.", "I", 'slept."', "Then"]) == [False, False, True, False, True, False]
    assert sentence_ends(["all", "small.", "so", "it", "is."]) == [False, True, False, False, True]
    assert sentence_ends([]) == []
    assert sentence_ends(["", " ", "."], "no such language") == [False, False, True]


def test_halves_of_characters_end_nothing():
    assert sentence_ends([" Dr.", " \ud800", " said.", " No\udc80."]) == [False, False, True, True]


@given(st.text(st.sampled_from([".", '"', "”", ")", "a", " "]), max_size=8))
def test_a_mark_stands_before_all_that_closes(text):
    end = text.rstrip()
    while len(end) > 1 and end[-1] in '"”)':
        end = end[:-1]
    assert bears_sentence_end(text) == end.endswith(".")


def test_what_many_recordings_said_is_not_all_remembered():
    texts = [f"word {number}" for number in range(2 * _REMEMBERED)]
    assert not any(sentence_ends(texts))
    assert _last_mark.cache_info().currsize <= _REMEMBERED
