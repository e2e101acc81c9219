"""Plain text: equal after a normalisation that no two different answers share.

Unicode form, case, white space, quotes, braces around the whole, one leading article and closing punctuation do not
matter; everything else does: accents, inner punctuation, word order, extra words. There is no matching of parts, for
"Paris or London" would then be right whenever either is.
"""

import re
import unicodedata
from functools import lru_cache

from curate.verify.kinds import Reason
from curate.verify.latex import clean, unbraced, unwrap_text

_QUOTES = {"‘": "'", "’": "'", "“": '"', "”": '"', "«": '"', "»": '"', "`": "'"}
_FIRST_WORD = re.compile(r"(?!(?:the|an|a) )[a-z]+ ", re.ASCII | re.IGNORECASE)
"""One that every normal form of the text begins with, in lower case."""
_ARTICLE = re.compile(r"(?:the|an|a) (?=\S)")


@lru_cache(maxsize=8192)  # a gold meets many answers
def normalise_text(text: str) -> str:
    """Return the form under which two texts count as the same answer."""
    if text.isascii():
        plain = unwrap_text(clean(text)).lower().replace("`", "'")
    else:
        plain = unwrap_text(clean(unicodedata.normalize("NFKC", text)))
        plain = unicodedata.normalize("NFKC", plain.casefold())
        for mark, plain_mark in _QUOTES.items():  # `translate` goes through a long text character by character
            plain = plain.replace(mark, plain_mark)
    plain = _unclosed(unbraced(" ".join(plain.split())))
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "\"'":
        plain = _unclosed(plain[1:-1].strip())
    return _ARTICLE.sub("", plain, count=1) if _ARTICLE.match(plain) else plain


def _unclosed(text: str) -> str:
    """Take closing punctuation off: what ends a sentence, and what shouts after a letter; 5! is a number."""
    if text.endswith("!"):
        bare = text.rstrip("!")
        return bare if bare and (bare[-1] == "_" or (bare[-1].isalnum() and not bare[-1].isdecimal())) else text
    bare = text.rstrip(".,;:?。")
    return bare if bare and bare[-1] != "!" and not bare[-1].isspace() else text


def settle_text(answer: str, gold: str) -> Reason:
    """Compare two plain texts."""
    first, other = _FIRST_WORD.match(answer), _FIRST_WORD.match(gold)
    if first and other and (answer == gold or first[0].lower() != other[0].lower()):
        return Reason.CORRECT if answer == gold else Reason.WRONG
    if answer.isascii() and gold.isascii() and answer.isalnum() and gold.isalnum():  # one plain word each
        return Reason.CORRECT if answer.lower() == gold.lower() else Reason.WRONG
    gold_text, answer_text = normalise_text(gold), normalise_text(answer)
    if not gold_text:
        return Reason.NO_GOLD
    if not answer_text:
        return Reason.EMPTY
    return Reason.CORRECT if answer_text == gold_text else Reason.WRONG
