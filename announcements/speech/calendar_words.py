"""Dates and times of day as Vietnamese notices write them, in words."""

import re
from typing import Final

from announcements.speech.numbers import integer_in_words, month_in_words
from announcements.speech.rules import Rule, rules

_LAST_DAY: Final = 31
_LAST_MONTH: Final = 12
_LAST_HOUR: Final = 24
_LAST_MINUTE: Final = 59
_LARGEST_PART: Final = 10
_BETWEEN: Final = r"\s?[-–—]\s?"
# What is counted in halves and thirds: "1/2 số hộ" is a half, "nghỉ 1/5" is a date.
_COUNTED: Final = (
    r"số|dân|diện|tổng|ha|kg|lít|tạ|tấn|chỉ|suất|phần|khẩu|hộ|người|lượng|chiều|cân|sào|mẫu|công"
)
_DAY_NAMED: Final = re.compile(r"(?:ngày|mùng|mồng|hôm|rằm)\s*$", re.IGNORECASE)
_NOT_A_DATE: Final = re.compile(
    r"(?:(?:số|nhà|ngõ|ngách|hẻm|tổ|áp|thửa|tỷ lệ|tỉ lệ|nghị định|quyết định|thông tư|công văn|nđ"
    r"|qđ|tt|cv)\s*|\d\s?)$",
    re.IGNORECASE,
)
_MONTH_NAMED: Final = re.compile(r"tháng\s*$", re.IGNORECASE)


def _before(match: re.Match[str]) -> str:
    return match.string[max(0, match.start() - 12) : match.start()]


def _is_date(day: str, month: str) -> bool:
    return 1 <= int(day) <= _LAST_DAY and 1 <= int(month) <= _LAST_MONTH


def _day_and_month(day: str, month: str, year: str | None) -> str:
    words = f"{integer_in_words(int(day))} tháng {month_in_words(int(month))}"
    return f"{words} năm {integer_in_words(int(year))}" if year else words


def _date(match: re.Match[str]) -> str:
    day, month, year = match["day"], match["month"], match["year"]
    if not _is_date(day, month):
        return match[0]
    word = "" if _DAY_NAMED.search(_before(match)) else "ngày "
    return word + _day_and_month(day, month, year)


def _iso_date(match: re.Match[str]) -> str:
    if not _is_date(match["day"], match["month"]):
        return match[0]
    word = "" if _DAY_NAMED.search(_before(match)) else "ngày "
    return word + _day_and_month(match["day"], match["month"], match["year"])


def _days_of_month(match: re.Match[str]) -> str:
    """Say 8-9/10 and 8-9/10/2026: from one day to another of one month."""
    first, last = match["first"], match["day"]
    if not _is_date(first, match["month"]) or int(first) >= int(last) or not _date_like(match):
        return match[0]
    word = "" if _DAY_NAMED.search(_before(match)) else "ngày "
    until = _day_and_month(last, match["month"], match["year"])
    return f"{word}{integer_in_words(int(first))} đến {until}"


def _date_like(match: re.Match[str]) -> bool:
    return _is_date(match["day"], match["month"]) and not _NOT_A_DATE.search(_before(match))


def _day_or_part(match: re.Match[str]) -> str:
    """Say 15/8 as a day, 2/3 of something as a part, and anything else as one over the other."""
    above, below = match["day"], match["month"]
    named = _DAY_NAMED.search(_before(match))
    if match["counted"] is not None and not named and int(above) < int(below) <= _LARGEST_PART:
        return f"{integer_in_words(int(above))} phần {integer_in_words(int(below))}"
    if named or (_date_like(match) and (above, below) != ("24", "7") and match["counted"] is None):
        if _is_date(above, below):
            return ("" if named else "ngày ") + _day_and_month(above, below, None)
    elif int(above) < int(below) <= _LARGEST_PART and not _NOT_A_DATE.search(_before(match)):
        return f"{integer_in_words(int(above))} phần {integer_in_words(int(below))}"
    return f"{integer_in_words(int(above))} trên {integer_in_words(int(below))}"


def _month_and_year(match: re.Match[str]) -> str:
    if not 1 <= int(match[1]) <= _LAST_MONTH or _NOT_A_DATE.search(_before(match)):
        return f"{integer_in_words(int(match[1]))} trên {integer_in_words(int(match[2]))}"
    word = "" if _MONTH_NAMED.search(_before(match)) else "tháng "
    return f"{word}{month_in_words(int(match[1]))} năm {integer_in_words(int(match[2]))}"


def _named_month(match: re.Match[str]) -> str:
    month = int(match[2])
    said = month_in_words(month) if 1 <= month <= _LAST_MONTH else integer_in_words(month)
    return f"{match[1]} {said}"


def _number_over_year(match: re.Match[str]) -> str:
    """Say the number of a decree or a decision: 49/2024/NĐ-CP."""
    return f"{integer_in_words(int(match[1]))} trên {integer_in_words(int(match[2]))} "


def _clock(hour: str, minute: str | None) -> str:
    words = f"{integer_in_words(int(hour))} giờ"
    return f"{words} {integer_in_words(int(minute))} phút" if minute and int(minute) else words


def _hours(match: re.Match[str]) -> str:
    hour, minute = match["hour"], match["minute"]
    if minute and int(minute) > _LAST_MINUTE:
        return match[0]
    return _clock(hour, minute)


def _colon_time(match: re.Match[str]) -> str:
    hour, minute, second = match["hour"], match["minute"], match["second"]
    if int(hour) > _LAST_HOUR or int(minute) > _LAST_MINUTE:
        return match[0]
    words = _clock(hour, minute)
    return f"{words} {integer_in_words(int(second))} giây" if second and int(second) else words


def _hour_range(match: re.Match[str]) -> str:
    """Say 7-9h and 7 - 11h30: the first hour has no letter of its own."""
    return f"{integer_in_words(int(match[1]))} đến {match[2]}"


DATES: Final[tuple[Rule, ...]] = rules(
    (
        rf"(?<![\w/.,])(\d{{1,2}}/\d{{1,2}}(?:/\d{{4}})?){_BETWEEN}(?=\d{{1,2}}/\d{{1,2}})",
        lambda m: f"{m[1]} đến ",
    ),
    (
        r"(?<![\w/.,-])(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?![\w/-])",
        _iso_date,
    ),
    (
        (
            rf"(?<![\w/.,-])(?P<first>\d{{1,2}}){_BETWEEN}(?P<day>\d{{1,2}})/(?P<month>\d{{1,2}})"
            r"(?:/(?P<year>\d{4}))?(?![\w/]|[.,]\d)"
        ),
        _days_of_month,
    ),
    (
        (
            r"(?<![\w/.,])(?P<day>\d{1,2})(?P<sign>[/.-])(?P<month>\d{1,2})(?P=sign)(?P<year>\d{4})"
            r"(?![\w/])"
        ),
        _date,
    ),
    (r"(?<![\w/.,-])(\d{1,4})/(\d{4})/(?=[a-zđ])", _number_over_year),
    (r"(?<![\w/.,])(\d{1,4})/((?:19|20)\d\d)(?![\w/]|[.,]\d)", _month_and_year),
    (
        (
            rf"(?<![\w/.,])(?P<day>\d{{1,4}})/(?P<month>\d{{1,4}})(?![\w/]|[.,]\d)"
            rf"(?P<counted>(?=\s?(?:{_COUNTED})\b))?"
        ),
        _day_or_part,
    ),
    (
        r"(?<=ngày )(?P<day>\d{1,2})-(?P<month>\d{1,2})(?P<year>)(?![\w/-]|[.,]\d)",
        lambda m: m[0] if int(m["day"]) < int(m["month"]) else _date(m),
    ),
    (r"\b(tháng) (\d{1,2})(?![\w/-]|[.,:]\d)", _named_month),
)
TIMES: Final[tuple[Rule, ...]] = rules(
    (
        rf"(?<![\w.,/-])(\d{{1,2}}){_BETWEEN}(?=(\d{{1,2}}(?:h|g(?=\d)| ?giờ)))",
        lambda m: f"{integer_in_words(int(m[1]))} đến ",
    ),
    (
        r"(?<![\w.,])(?P<hour>\d{1,3})(?:h|g(?=\d)) ?(?P<minute>[0-5]\d)(?:p|ph|'| ?phút)?(?!\w)",
        _hours,
    ),
    (r"(?<![\w.,])(?P<hour>\d{1,3})h(?P<minute>)(?![\w/])", _hours),
    (
        r"(?<![\w.,:])(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?:h|'|p|ph)?(?![\w:])",
        _colon_time,
    ),
    (r"(?<=\d)(?:'| ?ph(?!\w))", lambda _: " phút"),
    (r"(?:(?<=giờ)|(?<=phút))\s?[-–—]\s?(?=\w)", lambda _: " đến "),
)
