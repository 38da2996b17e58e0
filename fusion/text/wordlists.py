"""Words that tell where a text may be divided, by what they are in their language; lower case throughout."""

from __future__ import annotations

from .languages import code_of


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

ENGLISH_STARTS = _set(
    "he her here his how i it its my no now our she so that their then there these they this those we what when where "
    "who why yes you your"
)
"""English words that begin a sentence after a single small letter (``plan a.``), and no name after an abbreviation."""

_WEAK = {
    "en": (
        "a an the of to in on at by for from with without into onto upon over under about between through during "
        "against among around before behind below beside beyond since until toward towards than as and or but nor "
        "so if because although though while whereas unless whether that which who whose when where my your his "
        "her its our their this these those mr mrs ms dr prof"
    ),
    "de": (
        "der die das den dem des ein eine einen einem einer eines kein keine keinen keinem und oder aber denn "
        "sondern dass weil wenn als ob obwohl während in im ins an am ans auf aus bei beim bis durch für gegen "
        "hinter mit nach neben ohne seit über um unter von vom vor wegen zu zum zur zwischen mein meine dein sein "
        "seine ihr ihre unser sehr nicht herr frau dr prof"
    ),
    "fr": (
        "le la les l' un une des du de d' au aux à en dans sur sous par pour avec sans chez vers entre et ou mais "
        "donc or ni car que qu' qui si quand comme lorsque puisque ce cet cette ces mon ma mes ton ta tes son sa "
        "ses notre votre leur leurs ne n' très m mme dr"
    ),
    "es": (
        "el la los las lo un una unos unas de del a al en con por para sin sobre entre hasta desde hacia según y "
        "e o u pero ni que si como cuando donde porque aunque mi mis tu tus su sus este esta estos estas ese esa "
        "no muy sr sra"
    ),
    "it": (
        "il lo la i gli le l' un uno una un' di del dello della dei degli delle dell' a al allo alla ai agli alle "
        "da dal dalla in nel nella nei nelle con su sul sulla per tra fra e ed o ma né che se come quando dove "
        "perché mio mia tuo suo sua non molto questo questa sig dott"
    ),
    "pt": (
        "o a os as um uma uns umas de do da dos das em no na nos nas por pelo pela para com sem sobre entre até "
        "desde e ou mas nem que se como quando onde porque embora meu minha seu sua este esta não muito sr sra dr"
    ),
    "nl": (
        "de het een van in op aan bij met voor door over onder tussen naar uit om tot zonder tegen en of maar "
        "want dus dat die als omdat hoewel terwijl wanneer mijn jouw zijn haar ons onze hun niet zeer dhr mevr"
    ),
    "sv": (
        "en ett den det de av i på till för från med utan om under över mellan genom och eller men att som när "
        "därför eftersom min din sin hans hennes inte mycket"
    ),
    "da": (
        "en et den det de af i på til for fra med uden om under over mellem gennem og eller men at som når hvis "
        "fordi min din sin hans hendes ikke meget hr fru"
    ),
    "no": (
        "en ei et den det de av i på til for fra med uten om under over mellom gjennom og eller men at som når "
        "hvis fordi min din sin hans hennes ikke hr fru"
    ),
    "fi": "ja tai mutta että jos kun koska vaikka sekä eli niin kuin joka se tämä hyvin ei",
    "pl": (
        "i a oraz lub albo ale lecz że żeby bo gdy jeśli w we na do z ze od dla po przez przy pod nad bez o u za "
        "między nie bardzo pan pani"
    ),
    "cs": (
        "a i nebo ale že aby protože když jestli v ve na do z ze od pro po přes při pod nad bez o u za mezi k ke "
        "s se ne velmi pan paní"
    ),
    "sk": (
        "a i alebo ale že aby lebo keď ak v vo na do z zo od pre po cez pri pod nad bez o u za medzi k ku s so "
        "nie veľmi pán pani"
    ),
    "ru": (
        "и а но или что чтобы если когда потому как в во на с со к ко от до из у о об за под над при про для без "
        "по через между не ни очень мой моя его её их"
    ),
    "uk": (
        "і й та а але або що щоб якщо коли бо як в у на з із зі до від за під над при про для без по через між не дуже"
    ),
    "tr": "ve veya ama fakat ki çünkü bir bu şu çok ile için gibi kadar",
    "el": (
        "ο η το οι τα τον την του της των στο στη στην στον στα σε από με για και ή αλλά ότι που αν όταν όπως δεν πολύ"
    ),
    "hu": "a az egy és vagy de hogy ha mert mint nem nagyon ez",
    "ro": (
        "un o unei unui al a ai ale de la în din pe cu pentru fără sub peste între și sau dar că dacă când nu foarte"
    ),
    "ca": (
        "el la els les un una uns unes de del dels a al als en amb per sense sobre entre i o però que si com quan "
        "no molt"
    ),
    "id": "di ke dari pada untuk dengan tanpa dan atau tetapi tapi bahwa jika kalau karena yang tidak sangat",
}
WEAK_ENDS = {language: _set(words) for language, words in _WEAK.items()}
"""Language -> articles, prepositions, conjunctions and their like, which belong to what follows."""


def base_language(language: str | None) -> str:
    """The code of a tag such as ``de-AT``, or of a name; English where there is none.

    Example:
        >>> base_language("pt_BR"), base_language("german"), base_language(None)
        ('pt', 'de', 'en')
    """
    language = language or "en"
    return code_of(language) or language.lower().replace("_", "-").partition("-")[0]


def weak_ends(language: str | None) -> frozenset[str]:
    """The words that should not end a line in this language; none where it is not known here."""
    return WEAK_ENDS.get(base_language(language), frozenset())
