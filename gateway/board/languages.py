"""Which of our two languages a reader wants."""

from typing import Final

ENGLISH: Final = "en"
CHINESE: Final = "zh-CN"


def preferred(accept_language: str) -> str:
    """`en` or `zh-CN`, whichever stands higher in an Accept-Language header; English where neither does."""
    best, weight = ENGLISH, 0.0
    for part in accept_language[:500].split(","):
        tag, _, parameter = part.strip().partition(";")
        language = {"zh": CHINESE, "en": ENGLISH}.get(tag.strip().lower().partition("-")[0])
        quality = _quality(parameter)
        if language is not None and quality > weight:
            best, weight = language, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
