"""Judges held to real labelled pairs: MMLU questions that a model rewrote, and the most alike other question of the subject.

    python -m benchmarks.judging

Four judges that are functions and no models, so that the figures of `crossthink agreement` are seen to tell them apart: one
compares numbers, one compares words, one says yes when the longer text stands first, one says yes to everything.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rapidfuzz import fuzz, process

from benchmarks.harness import SHARED, print_table
from curate.ask import Completion, ModelSettings, Reply, Request
from curate.judging.labels import LabelledPair
from curate.judging.measure import AgreementConfig, measure_judge

FOLDER = SHARED / "paraphrases/lmsys_mmlu"
SUBJECTS = ("abstract_algebra", "high_school_us_history")
HEAD = ["judge", "subject", "pairs", "agreement", "kappa", "interval", "both orders", "one order"]
_PAIR = re.compile(
    r"first, of pair (\w+) ---\s+Question:\n(.*)\s--- second, of pair \w+ ---\s+Question:\n(.*)\s--- end", re.DOTALL
)


def main() -> None:
    table = []
    for subject in SUBJECTS:
        for name, same in JUDGES.items():
            figures = measured(labels(subject), same)
            confusion = {(each["label"], each["verdict"]): each["rows"] for each in figures["confusion"]}
            one_order = sum(rows for (_, verdict), rows in confusion.items() if verdict == "one_order")
            interval = "" if figures["kappa"] is None else f"{figures['kappa_low']:.2f} to {figures['kappa_high']:.2f}"
            shares = [figures[key] for key in ("agreement", "kappa")]
            table.append([name, subject, figures["rows"], *shares, interval, figures["order_agreement"], one_order])
    print_table("judges on rewritten MMLU questions", HEAD, table)


def labels(subject: str) -> list[LabelledPair]:
    """Every question with its rewriting, and with the rewriting of the other question that is most like it."""
    with (FOLDER / f"{subject}_test.csv").open() as rows:
        questions = [row[0].strip() for row in csv.reader(rows)]
    lines = (FOLDER / f"{subject}_test_rephrase_english_filtered_question.jsonl").read_text().splitlines()
    rewritten = [json.loads(line)["text"].strip() for line in lines]
    known = [(one, other) for one, other in zip(questions, rewritten, strict=True) if other]
    pairs = [labelled(one, other, "yes") for one, other in known]
    for place, (one, _) in enumerate(known):
        others = {number: text for number, (_, text) in enumerate(known) if number != place}
        pairs.append(labelled(one, process.extractOne(one, others, scorer=fuzz.token_set_ratio)[0], "no"))
    return pairs


def labelled(one: str, other: str, label: str) -> LabelledPair:
    pair = {"first": {"question": one}, "second": {"question": other}, "label": label}
    return LabelledPair.model_validate(pair)


def by_numbers(one: str, other: str) -> bool:
    return sorted(re.findall(r"\d+", one)) == sorted(re.findall(r"\d+", other))


def by_words(one: str, other: str) -> bool:
    return fuzz.token_set_ratio(one.lower(), other.lower()) >= 65


JUDGES: dict[str, Callable[[str, str], bool]] = {
    "numbers": by_numbers,
    "words": by_words,
    "longer first": lambda one, other: len(one) > len(other),
    "always yes": lambda one, other: True,
}


def measured(pairs: list[LabelledPair], same: Callable[[str, str], bool]) -> dict[str, Any]:
    """Measure a judge; return its figures."""

    def ask(requests: Iterable[Request]) -> Iterator[Reply]:
        for request in requests:
            assert not isinstance(request.prompt, str)
            found = _PAIR.search(request.prompt[-1]["content"])
            assert found is not None
            mark, one, other = found.groups()
            verdict = "yes" if same(one, other) else "no"
            yield Reply(request, (Completion(json.dumps({"id": mark, "reason": "", "verdict": verdict})),))

    config = AgreementConfig(name="judge", labels="", asks="same", votes=1, model=ModelSettings(model="judge"))
    return measure_judge(pairs, config, ask).figures


if __name__ == "__main__":
    main()
