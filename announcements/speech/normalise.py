"""Vietnamese text as it will be spoken: no digit, sign or abbreviation is left to the voice.

The order of the rules matters, since each later one reads what the earlier ones left: phone
numbers, money, dates, times, ranges, units, decimals, abbreviations, whole numbers.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from announcements.speech import amounts, calendar_words
from announcements.speech.abbreviations import DEFAULT, LETTERS
from announcements.speech.amounts import plain_integer
from announcements.speech.numbers import digits_in_words, integer_in_words, ordinal_in_words
from announcements.speech.rules import Rule, rules

_ROMAN: Final = {
    "I": 1,
    "II": 2,
    "III": 3,
    "IV": 4,
    "V": 5,
    "VI": 6,
    "VII": 7,
    "VIII": 8,
    "IX": 9,
    "X": 10,
    "XI": 11,
    "XII": 12,
    "XIII": 13,
    "XIV": 14,
    "XV": 15,
    "XVI": 16,
    "XVII": 17,
    "XVIII": 18,
    "XIX": 19,
    "XX": 20,
    "XXI": 21,
}


def normalise(text: str, abbreviations: Mapping[str, str] = DEFAULT) -> str:
    """Return the Vietnamese `text` in words, one line, without digits, signs or markup.

    Pure and linear in the length of the text. Words that no rule knows are left as they stand.
    """
    spoken = _plain(text)
    for pattern, replace in _NUMBERS_FIRST:
        spoken = pattern.sub(replace, spoken)
    spoken = _expand(spoken, abbreviations)
    for pattern, replace in _NUMBERS_LAST:
        spoken = pattern.sub(replace, spoken)
    return _tidy(spoken)


def _plain(text: str) -> str:
    """NFC; lines end as sentences; no control, zero-width, private or pictographic characters."""
    composed = unicodedata.normalize("NFC", text.replace("\r", "\n"))
    lines = (line.strip() for line in composed.replace("\t", " ").split("\n"))
    joined = " ".join(line if line[-1] in ".!?:;," else f"{line}." for line in lines if line)
    folded = joined.translate(_FOLDED)
    kept = (
        " " if unicodedata.category(char).startswith("Z") else char
        for char in _MARKUP.sub(" ", folded)
        if char == "°" or unicodedata.category(char) not in _UNSPOKEN
    )
    return re.sub(r"\s+", " ", "".join(kept)).strip()


_UNSPOKEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "So", "Sk", "Mn"})
_MARKUP: Final = re.compile(r"</?[a-zA-Z][^<>]{0,100}>")
_FOLDED: Final = str.maketrans(
    {
        "²": "2",
        "³": "3",
        "º": "°",
        "˚": "°",
        "℃": "°C",
        "½": "1/2",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{MINUS SIGN}": "-",
        "…": ".",
        "“": '"',
        "”": '"',
        "’": "'",
        "′": "'",  # noqa: RUF001  minutes
    }
)


def _roman(match: re.Match[str]) -> str:
    number = _ROMAN.get(match[2])
    if number is None:
        return match[0]
    said = ordinal_in_words(number) if match[1].lower() in {"thứ", "quý"} else ""
    return f"{match[1]} {said or integer_in_words(number)}"


def _ordinal(match: re.Match[str]) -> str:
    return f"{match[1]} {ordinal_in_words(int(match[2]))}"


def _letters_and_numbers(match: re.Match[str]) -> str:
    """Say 12A, A4, H5N1: numbers as numbers, letters by their names."""
    return " ".join(
        plain_integer(part) if part.isdecimal() else LETTERS[part.upper()]
        for part in re.findall(r"\d+|[^\W\d_]", match[0])
    )


_ADDRESS: Final = rules(
    (r"\b(?:https?://|www\.)\S*[^\s.,;!?]", lambda _: "địa chỉ trên mạng"),
    (r"\b[\w.+-]{1,64}@(?:[\w-]{1,64}\.){1,4}\w{2,24}", lambda _: "địa chỉ thư điện tử"),
)
_SIGNS: Final = rules(
    (r"(?<![\w,.)])-(?=\d+(?:,\d+)?\s?°)", lambda _: "âm "),
    (r"(?<=\d)\s?\+\s?(?=\d)", lambda _: " cộng "),
    (r"(?<=\d)\s?[x×]\s?(?=\d)", lambda _: " nhân "),
    (r"\s?=\s?(?=\d)", lambda _: " bằng "),
    (r"&", lambda _: " và "),
)
_NUMBERS_FIRST: Final[tuple[Rule, ...]] = (
    *_ADDRESS,
    *amounts.PHONES,
    *amounts.MONEY,
    *calendar_words.DATES,
    *calendar_words.TIMES,
    *_SIGNS,
    *amounts.RANGES,
    *amounts.UNITS,
    *amounts.DECIMALS,
    (
        re.compile(r"\b((?:lần )?thứ|quý|khoá|khóa|kỳ|thế kỷ|hạng|loại|cấp|đợt|khu) ([IVX]+)\b"),
        _roman,
    ),
    (re.compile(r"\b([Tt]hứ|[Qq]uý) (\d{1,2})\b(?![.,/]\d)"), _ordinal),
)
_NUMBERS_LAST: Final[tuple[Rule, ...]] = (
    (re.compile(r"\b\d{1,9}[a-zđ]\b"), _letters_and_numbers),
    (re.compile(r"\b(?=[A-ZĐ]{0,8}\d)(?=\d{0,8}[A-ZĐ])[A-ZĐ\d]{2,9}\b"), _letters_and_numbers),
    (re.compile(r"(?<=[^\W\d_])-(?=\d)"), lambda _: " "),
    (re.compile(r"(?<![\w.,])\d{7,}(?![\w.,]\d)"), lambda m: f" {digits_in_words(m[0])} "),
    (re.compile(r"\d{1,3}(?:\.\d{3})+(?!\d)|\d+"), lambda m: f" {plain_integer(m[0])} "),
)


def _expand(text: str, abbreviations: Mapping[str, str]) -> str:
    pattern, folded = _compiled(tuple(abbreviations.items()))

    def said(match: re.Match[str]) -> str:
        word = abbreviations.get(match[0]) or folded.get(match[0].lower())
        touches = match.end() < len(text) and text[match.end()].isdecimal()
        return f"{word}{' ' if touches else ''}" if word else match[0]

    text = _TITLE.sub(r"\1 ", text)
    return _SPELLED.sub(_spell, pattern.sub(said, text))


@lru_cache(maxsize=8)
def _compiled(pairs: tuple[tuple[str, str], ...]) -> tuple[re.Pattern[str], Mapping[str, str]]:
    folded = {key: words for key, words in pairs if key == key.lower()}
    longest_first = sorted((re.escape(key) for key, _ in pairs), key=len, reverse=True)
    # A number may touch an abbreviation (QL32); a letter may not.
    inside = "|".join(longest_first) or r"(?!)"
    return re.compile(
        rf"(?<!\w)(?:{inside})(?![^\W\d_]|/\w)(?!(?<=[TQ]\d)\d)", re.IGNORECASE
    ), folded


# The full stop of these is part of the abbreviation, not the end of a sentence.
_TITLE: Final = re.compile(r"\b(TP|TX|TT|BS|GS|TS|ThS|PGS|đ/c)\.\s?(?=[^\W\d_])", re.IGNORECASE)
# Capitals with no vowel among them cannot be a Vietnamese word: each letter is named.
_SPELLED: Final = re.compile(r"(?<!\w)[BCDĐGHJKLMNPQRSTVWXZ]{2,6}(?![^\W\d_])")


def _spell(match: re.Match[str]) -> str:
    return " ".join(LETTERS[letter] for letter in match[0]) + " "


def _tidy(text: str) -> str:
    """Keep letters and the marks that a voice pauses at; whole words in capitals become small."""
    words = re.sub(r"(?<=\w)[-–—/](?=\w)", " ", text)
    words = re.sub(r"\s[-–—]+\s|[;()\[\]{}|/]+", ", ", words)
    words = re.sub(r"[^\w\s.,!?:]|_", " ", words)
    words = re.sub(r"\w{2,}", lambda m: m[0].lower() if m[0].isupper() else m[0], words)
    words = re.sub(r"\s+", " ", words)
    words = re.sub(r"\s+(?=[.,!?:])", "", words)
    words = re.sub(r"[,:]*([.!?])[.,:!?]*", r"\1", words)
    words = re.sub(r"[,:]*([,:])[,:]*", r"\1", words)
    return words.strip(" ,:").lstrip(". ")
