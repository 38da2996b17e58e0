"""Words that tell where a text may be divided, by what they are in their language; lower case throughout."""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


BEFORE_NAMES = _set(
    "mr mrs ms dr drs prof st mm mme mmes mlle mlles dra sr sra srta sres dott avv ing dhr mevr mw hr dl dna "
    "av avda jl str ul núm aprox др д-р проф डॉ د"
)
"""Abbreviations that end no sentence in any language; those that `sentencex` knows only in some, or not at all."""

BEFORE_NUMBERS = _set(
    "no nos nr num núm art abs abb fig kap cap pag pág vol vols ch sec nº č кв стр рис гл tel pp ext ziff"
)
"""Abbreviations that end no sentence where a number follows; elsewhere some of them are words (`The answer is no.`)."""

WORDS_TOO = _set("no nos art fig sec ch")
"""Those of `BEFORE_NUMBERS` that are words of their own, where no number follows."""

GERMAN_STARTS = _set(
    "aber als also am an auch auf aus bei bis da dann danach das dass dem den denn der des deshalb die dies diese "
    "dieser doch dort du ein eine einen einer er es für hier ich ihr im in ist ja jetzt man mit nach nein nicht nun "
    "nur ob oder seit sie so und uns vom von vor wann war warum was weil wenn wer wie wir wo zu zum zur"
)
"""German words that begin a sentence after a number, where a noun would make it an ordinal."""
