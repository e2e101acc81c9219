"""Plain text: equal after a normalisation that no two different answers share.

Unicode form, case, white space, quotes, one leading article and closing punctuation do not matter; everything else
does: accents, inner punctuation, word order, extra words. There is no matching of parts, for "Paris or London"
would then be right whenever either is.
"""

import re
import unicodedata

from curate.verify.kinds import Reason
from curate.verify.latex import clean, unwrap_text

_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "«": '"', "»": '"', "`": "'"})
_ARTICLE = re.compile(r"(?:the|an|a) (?=\S)")
_CLOSING = re.compile(r"(?<=[^\W\d])!+$|(?<=[^\s.,;:?!])[.,;:?]+$")


def normalise_text(text: str) -> str:
    """Return the form under which two texts count as the same answer."""
    plain = unwrap_text(clean(unicodedata.normalize("NFKC", text)))
    plain = unicodedata.normalize("NFKC", plain.casefold()).translate(_QUOTES)
    plain = " ".join(plain.split())
    plain = _CLOSING.sub("", plain)
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "\"'":
        plain = _CLOSING.sub("", plain[1:-1].strip())
    return _ARTICLE.sub("", plain, count=1) if _ARTICLE.match(plain) else plain


def settle_text(answer: str, gold: str) -> Reason:
    """Compare two plain texts."""
    gold_text, answer_text = normalise_text(gold), normalise_text(answer)
    if not gold_text:
        return Reason.NO_GOLD
    if not answer_text:
        return Reason.EMPTY
    return Reason.CORRECT if answer_text == gold_text else Reason.WRONG
