"""Spoken languages by code and by name: those that Whisper knows, which are more than other recognisers know."""

from __future__ import annotations

import difflib
import re

from ..errors import OptionError

_TABLE = """
af afrikaans afr; am amharic amh; ar arabic ara; as assamese asm; az azerbaijani aze; ba bashkir bak; be belarusian
bel; bg bulgarian bul; bn bengali ben bangla; bo tibetan bod tib; br breton bre; bs bosnian bos; ca catalan cat
valencian; cs czech ces cze; cy welsh cym wel; da danish dan dansk; de german deu ger deutsch; el greek ell gre; en
english eng; es spanish spa castilian español espanol; et estonian est; eu basque eus baq; fa persian fas per farsi;
fi finnish fin suomi; fo faroese fao; fr french fra fre français francais; gl galician glg; gu gujarati guj; ha hausa
hau; haw hawaiian; he hebrew heb iw; hi hindi hin; hr croatian hrv; ht haitian_creole haitian hat; hu hungarian hun
magyar; hy armenian hye arm; id indonesian ind; is icelandic isl ice; it italian ita italiano; ja japanese jpn jp; jw
javanese jv jav; ka georgian kat geo; kk kazakh kaz; km khmer khm; kn kannada kan; ko korean kor; la latin lat; lb
luxembourgish ltz letzeburgesch; ln lingala lin; lo lao; lt lithuanian lit; lv latvian lav; mg malagasy mlg; mi maori
mri mao; mk macedonian mkd mac; ml malayalam mal; mn mongolian mon; mr marathi mar; ms malay msa may; mt maltese mlt;
my myanmar mya bur burmese; ne nepali nep; nl dutch nld dut flemish nederlands; nn nynorsk nno; no norwegian nor nb
nob bokmål bokmal; oc occitan oci; pa punjabi pan panjabi; pl polish pol polski; ps pashto pus pushto; pt portuguese
por português portugues; ro romanian ron rum moldavian moldovan; ru russian rus; sa sanskrit san; sd sindhi snd; si
sinhala sin sinhalese; sk slovak slk slo; sl slovenian slv slovene; sn shona sna; so somali som; sq albanian sqi alb;
sr serbian srp; su sundanese sun; sv swedish swe svenska; sw swahili swa; ta tamil tam; te telugu tel; tg tajik tgk;
th thai tha; tk turkmen tuk; tl tagalog tgl filipino; tr turkish tur türkçe turkce; tt tatar tat; uk ukrainian ukr; ur
urdu urd; uz uzbek uzb; vi vietnamese vie; yi yiddish yid; yo yoruba yor; zh chinese zho chi mandarin cmn; yue
cantonese
"""
"""Whisper's code of each language, its English name, then what else it is called: ISO 639-2 and -3, some own names."""

_LONGEST_CODE = 3
_LOOKS_LIKE_A_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*")
_LANGUAGES = tuple(tuple(name.replace("_", " ") for name in names.split()) for names in _TABLE.split(";"))
_CODES = {name: names[0] for names in _LANGUAGES for name in names}
_NAMES = {names[0]: names[1] for names in _LANGUAGES}
_AUTO = ("", "auto")


def code_of(language: str) -> str | None:
    """Whisper's code of a language by any of its names, in any case, with or without a region; None for others.

    >>> code_of("English"), code_of("pt_BR"), code_of("deu"), code_of("klingon")
    ('en', 'pt', 'de', None)
    """
    name = language.strip().lower()
    if name in _CODES:
        return _CODES[name]
    base, region, _ = name.replace("_", "-").partition("-")
    return _CODES.get(base) if region and len(base) <= _LONGEST_CODE else None


def long_code(language: str | None) -> str | None:
    """The code of three letters (ISO 639-3) for one of `code_of`; None where there is none.

    >>> long_code("de"), long_code("yue"), long_code("xx")
    ('deu', 'yue', None)
    """
    names = next((names for names in _LANGUAGES if names[0] == language), ())
    name, *others = names[1:] or ("",)
    return next((code for code in (*names[:1], *others, name) if len(code) == _LONGEST_CODE), None)


def wanted(language: str | None) -> str | None:
    """What a recogniser is told of the language that somebody asked for; None where it is to find out.

    A name becomes its code. Codes stay as they are, regions included, also those
    that only the recogniser may know.

    Raises:
        OptionError: it is neither; the sentence names languages that are called nearly so.
    """
    if language is None or language.strip().lower() in _AUTO:
        return None
    language = language.strip()
    if _LOOKS_LIKE_A_CODE.fullmatch(language):
        return _CODES.get(language.lower(), language)
    return whisper_code(language)


def whisper_code(language: str) -> str:
    """Whisper's code of a language.

    Raises:
        OptionError: none that Whisper knows; the sentence names languages that are called nearly so.
    """
    if code := code_of(language):
        return code
    near = dict.fromkeys(_CODES[name] for name in difflib.get_close_matches(language.lower(), _CODES))
    meant = " or ".join(f"{_NAMES[code]} ({code})" for code in near)
    hint = f"did you mean {meant}?" if near else "give its ISO 639-1 code, such as en, or its English name."
    raise OptionError(f"language={language[:40]!r} is none that is known here: {hint}")
