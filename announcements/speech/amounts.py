"""Phone numbers, money, ranges, amounts with units and decimals, in words."""

import re
from typing import Final

from announcements.speech.numbers import (
    DIGITS,
    decimal_in_words,
    digits_in_words,
    integer_in_words,
)
from announcements.speech.rules import Rule, rules

# 1.234.567 with dots, 12 with no dots, and a decimal comma behind either.
_WHOLE: Final = r"(?:\d{1,3}(?:\.\d{3})+|\d+)"
_NUMBER: Final = rf"{_WHOLE}(?:,\d+)?"
_NOT_INSIDE: Final = r"(?<![\w.,/+-])"
_DASH: Final = r"\s?[-–—]\s?"
_SCALE: Final = "k|n|tr|triệu|tỷ|tỉ"
_MONEY_UNIT: Final = r"(?:đồng|vnđ|vnd|đ(?!/c)|₫)(?!\w)"

_UNITS: Final = {
    "km/h": "ki lô mét trên giờ",
    "m/s": "mét trên giây",
    "km2": "ki lô mét vuông",
    "cm2": "xăng ti mét vuông",
    "m2": "mét vuông",
    "m3": "mét khối",
    "km": "ki lô mét",
    "cm": "xăng ti mét",
    "mm": "mi li mét",
    "m": "mét",
    "ha": "héc ta",
    "kg": "ki lô gam",
    "mg": "mi li gam",
    "g": "gam",
    "ml": "mi li lít",
    "lít": "lít",
    "l": "lít",
    "kWh": "ki lô oát giờ",
    "kW": "ki lô oát",
    "W": "oát",
    "kV": "ki lô vôn",
    "V": "vôn",
    "A": "ampe",
    "°C": "độ xê",
    "°": "độ",
    "%": "phần trăm",
    "USD": "đô la",
    "dB": "đề xi ben",
}
# A capital A after a number is a house number or a class ("12A"); never amperes in a notice.
del _UNITS["A"]
_UNIT: Final = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))


def plain_integer(digits: str) -> str:
    """Say digits with or without dots between the thousands; a leading zero is said too."""
    plain = digits.replace(".", "")
    if len(plain) > 1 and plain.startswith("0"):
        return digits_in_words(plain)
    return integer_in_words(plain)


def number_in_words(text: str) -> str:
    """Say a number as Vietnamese write it: 1.234 is a thousand and more, 3,5 has a decimal."""
    whole, _, fraction = text.partition(",")
    if not fraction:
        return plain_integer(whole)
    return decimal_in_words(whole.replace(".", ""), fraction)


def _phone(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    if match[0].startswith("+84"):
        digits = "0" + digits[2:]
    first = len(digits) - 6
    groups = (digits[:first], digits[first : first + 3], digits[first + 3 :])
    return ", ".join(digits_in_words(group) for group in groups)


def _service_number(match: re.Match[str]) -> str:
    return re.sub(r"\d+", lambda m: digits_in_words(m[0]), match[0].replace(".", " "))


def _money(match: re.Match[str]) -> str:
    number = match["number"]
    # Only money is also written with commas between the thousands.
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+", number):
        number = number.replace(",", ".")
    scale = {
        "k": " nghìn",
        "n": " nghìn",
        "tr": " triệu",
        "triệu": " triệu",
        "tỷ": " tỷ",
        "tỉ": " tỷ",
    }
    words = number_in_words(number) + scale.get((match["scale"] or "").lower(), "")
    return f"{words} đồng" + _per(match["per"])


def _per(text: str | None) -> str:
    """Say "/kg" and "/người/tháng": one of each."""
    parts = (text or "").strip("/").split("/")
    return "".join(f" một {_UNITS.get(part, part)}" for part in parts if part)


def _millions(match: re.Match[str]) -> str:
    """Say 2tr5: two million and five hundred thousand."""
    tenths = " rưỡi" if match[2] == "5" else f" {DIGITS[int(match[2])]} trăm nghìn đồng"
    return f"{integer_in_words(match[1])} triệu{tenths}"


def _range(match: re.Match[str]) -> str:
    first, last = match[1], match[2]
    joined = " đến " if _value(first) < _value(last) else ", "
    return number_in_words(first) + joined + number_in_words(last) + " "


def _from(match: re.Match[str]) -> str:
    """Say the lower end; what follows says the upper one with its unit."""
    return f"{number_in_words(match[1])} đến "


def _value(number: str) -> float:
    return float(number.replace(".", "").replace(",", "."))


def _unit(match: re.Match[str]) -> str:
    return f"{number_in_words(match[1])} {_UNITS[match[2]]}" + _per(match["per"])


def _metres_and_more(match: re.Match[str]) -> str:
    """Say 1m65 and 2m5."""
    return f"{integer_in_words(match[1])} mét {integer_in_words(match[2])}"


PHONES: Final = rules(
    (
        r"(?<![\w.,+])\(?(?:\+84[ .-]?|0)[35789]\d\)?(?:[ .-]?\d){7}(?![.,]?\d)",
        _phone,
    ),
    (r"(?<![\w.,+])\(?02\d{1,2}\)?[ .-]?\d{3,4}[ .-]?\d{4}(?![.,-]?\d)", _phone),
    (r"(?<![\w.,+])1[89]00[ .-]?(?:\d[ .-]?){3,5}\d(?!\w)", _service_number),
    (
        (
            r"\b(?:gọi|gọi số|điện thoại|sđt|đt|hotline|tổng đài|đường dây nóng):? 11\d"
            r"(?:(?:, ?| hoặc | và | hay )11\d)*(?!\w|[.,:/-]\d)"
        ),
        _service_number,
    ),
)
MONEY: Final = rules(
    (rf"{_NOT_INSIDE}({_NUMBER}){_DASH}(?={_NUMBER}\s?(?:{_SCALE})?\s?{_MONEY_UNIT})", _from),
    (rf"{_NOT_INSIDE}({_NUMBER}){_DASH}(?={_NUMBER}\s?(?:{_SCALE})(?!\w))", _from),
    (rf"\$\s?({_NUMBER})", lambda m: f"{number_in_words(m[1])} đô la"),
    (rf"{_NOT_INSIDE}(\d{{1,3}})tr(\d)(?!\w)", _millions),
    (
        (
            rf"{_NOT_INSIDE}(?P<number>\d{{1,3}}(?:,\d{{3}})+|{_NUMBER})\s?"
            rf"(?P<scale>{_SCALE})?\s?{_MONEY_UNIT}(?P<per>(?:/[^\W\d_]+)*)"
        ),
        _money,
    ),
    (
        rf"{_NOT_INSIDE}(?P<number>{_NUMBER})(?P<scale>k|tr)(?!\w)(?P<per>(?:/[^\W\d_]+)*)",
        _money,
    ),
)
RANGES: Final = (
    (re.compile(rf"{_NOT_INSIDE}({_NUMBER}){_DASH}(?={_NUMBER}\s?(?:{_UNIT})(?![\w°]))"), _from),
    *rules(
        (rf"(?<![\w.,+-])({_NUMBER}){_DASH}({_NUMBER})(?![\d+]|{_DASH}\d|,\d)", _range),
    ),
)
UNITS: Final[tuple[Rule, ...]] = (
    (re.compile(r"(?<![\w.,])(\d{1,2})m(\d{1,2})(?!\w)"), _metres_and_more),
    (
        re.compile(rf"(?<![\w,])({_NUMBER})\s?({_UNIT})(?![\w°])(?P<per>(?:/[^\W\d_]+)*)"),
        _unit,
    ),
)
DECIMALS: Final = rules(
    (
        r"(?<![\w.,])(\d+)\.(\d{1,2}|\d{4,})(?![\w.,]*\d)",
        lambda m: decimal_in_words(m[1], m[2]),
    ),
    (rf"(?<![\w,])({_WHOLE}),(\d+)(?!\w|[.,]\d)", lambda m: number_in_words(m[0])),
)
