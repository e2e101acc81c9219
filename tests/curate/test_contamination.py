"""Leaks, siblings, boilerplate and the grey zone, on rows short enough to read."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossthink.errors import UserError
from crossthink.files import write_parquet
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate.benchmarks import read_benchmarks
from curate.config import load_benchmarks
from curate.contamination import (
    GREY_ZONE,
    LEAKS,
    BenchmarkIndex,
    ContaminationSettings,
    find_contamination,
    measure,
    texts,
)
from curate.contamination.candidates import Search
from curate.contamination.index import weights
from curate.contamination.judge import judge, least_grams
from curate.contamination.postings import COMMON, Postings
from curate.items import ITEM_SCHEMA
from curate.stage import Outcome, Reason
from curate.table import PLACE, ItemTable
from curate.tokens import shingles, tokenise

NATALIA = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. "
    "How many clips did Natalia sell altogether in April and May?"
)
WENG = (
    "Weng earns $12 an hour for babysitting. Yesterday, she just did 50 minutes of babysitting. How much did she earn?"
)
ISOSCELES = (
    "Let $ABCD$ be an isosceles trapezoid whose diagonals meet a circle of radius 10 at the centre of its incircle. The "
    "probability that a random chord misses it can be expressed as $\\frac{m}{n}$, where $m$ and $n$ are relatively prime "
    "positive integers. Find $m+n$."
)
RED_CARDS = (
    "Jen enters a lottery by picking four distinct cards of a red deck, three of which were drawn. The probability of "
    "winning the grand prize given a prize can be written as $\\frac{m}{n}$, where $m$ and $n$ are relatively prime "
    "positive integers. Find $m+n$."
)


def item(question: str, answer: str | None = None, *, options: list[str] | None = None, **more: Any) -> dict[str, Any]:
    index = options.index(answer) if options and answer in options else None
    kind = "choice" if options else "text"
    return {
        "question": question,
        "answer": answer,
        "options": options,
        "answer_index": index,
        "answer_kind": kind,
        **more,
    }


class Held:
    """Holds rows to benchmark questions and keeps what came of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def table(self, name: str, rows: list[dict[str, Any]]) -> ItemTable:
        fixed = {"origin": "real", "domain": "gpr", "license": "MIT", "source": name}
        full = [{**fixed, "item_id": f"{name}-{at}", "source_row": f"row-{at}", **row} for at, row in enumerate(rows)]
        path = self._folder / f"{name}.parquet"
        write_parquet(path, pa.Table.from_pylist(full, schema=ITEM_SCHEMA))
        return ItemTable((path,))

    def __call__(
        self, rows: list[dict[str, Any]], benchmark: list[dict[str, Any]], **settings: Any
    ) -> tuple[list[tuple[int, str]], Outcome]:
        """Return (place, path) of every leak, and the whole decision."""
        found = find_contamination(
            self.table("corpus", rows),
            BenchmarkIndex.of(self.table("bench", benchmark)),
            ContaminationSettings(**settings),
        )
        return [(leak["place"], leak["path"]) for leak in found.tables[LEAKS].to_pylist()], found


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path)


def others(count: int = 40) -> list[dict[str, Any]]:
    """Benchmark questions about nothing in particular, so that common words weigh little."""
    nouns = ["lamp", "river", "engine", "treaty", "violin", "glacier", "senate", "enzyme"]
    verbs = ["broke", "rose", "failed", "changed", "began"]
    return [
        item(
            f"Why is it that the {nouns[n % 8]} of house {n} {verbs[n % 5]} in the year of the {nouns[n % 7]}?",
            f"gold {n}",
        )
        for n in range(count)
    ]


def test_a_copy_is_dropped_with_its_benchmark_row_and_span(held: Held) -> None:
    leaks, found = held([item(WENG, "10"), item(NATALIA, "72")], [*others(), item(NATALIA, "72")])
    assert leaks == [(1, "ngram")]
    [drop] = pl.concat(found.drops).to_dicts()
    assert (drop[PLACE], drop["reason"]) == (1, Reason.CONTAMINATED)
    evidence = json.loads(drop["evidence"])
    assert (evidence["benchmark"], evidence["row"], evidence["path"], evidence["score"]) == (
        "bench",
        "row-40",
        "ngram",
        1.0,
    )
    assert evidence["span"].startswith("natalia sold clips to 48 of her friends")


def test_a_copy_with_a_word_changed_here_and_there_is_found(held: Held) -> None:
    edited = NATALIA.replace("clips to", "stamps to").replace("half as", "half half as").replace("altogether ", "")
    assert held([item(edited, "72")], [*others(), item(NATALIA, "72")])[0] == [(0, "ngram")]


def test_a_question_inside_a_longer_prompt_is_found(held: Held) -> None:
    prompt = f"You are a careful assistant who never guesses. {NATALIA} Let us think step by step and put the final answer in a box. "
    assert held([item(prompt * 1 + "Use no tools at all.", "72")], [*others(), item(NATALIA, "72")])[0] == [
        (0, "embedded")
    ]


def test_a_sibling_with_other_numbers_is_kept(held: Held) -> None:
    sibling = NATALIA.replace("48", "36")
    assert held([item(sibling, "54")], [*others(), item(NATALIA, "72")])[0] == []
    assert held([item(sibling)], [*others(), item(NATALIA, "72")])[0] == []  # nor without a gold to tell them apart


def test_a_sibling_with_its_numbers_spelled_out_otherwise_is_kept(held: Held) -> None:
    question = (
        "A farmer keeps five brown hens and twelve white ducks behind the old barn. How many birds does he keep there?"
    )
    sibling = question.replace("five", "seven")
    assert held([item(sibling, "19")], [*others(), item(question, "17")])[0] == []


def test_boilerplate_that_two_questions_share_is_no_leak(held: Held) -> None:
    assert held([item(RED_CARDS, "116")], [*others(), item(ISOSCELES, "104")])[0] == []


def test_a_phrase_that_the_corpus_repeats_says_nothing(held: Held) -> None:
    question = "Read the passage and choose the best answer for each numbered gap below"
    rows = [
        item(f"{question}. The {n * 7} boats of harbour {n} sailed on before their {n + 2} captains woke up.", f"a{n}")
        for n in range(60)
    ]
    leaks, _ = held(rows, [*others(4), item(question, "none")])
    assert leaks == []
    assert held(rows[:1], [*others(4), item(question, "none")])[0] == [(0, "embedded")]  # where it is no boilerplate


def test_another_question_about_the_same_passage_is_kept(held: Held) -> None:
    passage = " ".join(f"In {1800 + n} the {word} council of the northern province met again." for n, word in enumerate(
        ["old", "new", "first", "last", "grand", "small", "royal", "public", "secret", "joint", "upper", "lower"]
    ))  # fmt: skip
    asked = item(
        f"{passage} Which sentiment best explains why merchants opposed the tariff?", "fear", options=["fear", "greed"]
    )
    other = item(
        f"{passage} What development followed most directly from the railway?", "trade", options=["trade", "war"]
    )
    assert held([other], [*others(), asked])[0] == []
    assert held([asked], [*others(), asked])[0] == [(0, "ngram")]


def test_a_copy_with_another_gold_is_still_a_copy(held: Held) -> None:
    assert held([item(NATALIA, "71")], [*others(), item(NATALIA, "72")])[0] == [(0, "ngram")]


def test_a_question_that_says_little_needs_its_options(held: Held) -> None:
    question = "Which of these is true?"
    asked = item(question, "Ice floats", options=["Ice floats", "Iron floats", "Lead floats", "Gold floats"])
    other = item(question, "Cats bark", options=["Cats bark", "Dogs mew", "Cows sing", "Hens read"])
    assert held([other, item(f"{question} Say yes.", "yes")], [*others(), asked])[0] == []
    assert held([asked], [*others(), asked])[0] == [(0, "ngram")]


def test_a_question_of_common_phrases_is_found_as_a_whole(held: Held) -> None:
    sums = [" ".join(words) for words in itertools.product(["true", "false", "and"], repeat=6)]
    benchmark = [item(f"{words} is", f"gold {at}") for at, words in enumerate(sums)]
    _, found = held([item(f"{sums[200]} is", "gold 200"), item(f"{sums[200]} is", "gold 201")], benchmark)
    assert [(leak["place"], leak["benchmark_row"]) for leak in found.tables[LEAKS].to_pylist()] == [(0, "row-200")]


def test_options_are_compared_without_their_order_and_letters(held: Held) -> None:
    options = ["the mitral valve", "the aortic arch", "the pulmonary vein", "the septum wall"]
    asked = item("Blood leaves the left ventricle through which structure?", "the aortic arch", options=options)
    lettered = [f"({letter}) {option}" for letter, option in zip("ABCD", reversed(options), strict=True)]
    again = item("Which part lets blood out of the left ventricle?", "(C) the aortic arch", options=lettered)
    assert held([again], [*others(), asked])[0] == [(0, "answer")]
    wrong = item("Which part lets blood into the left ventricle?", "(D) the mitral valve", options=lettered)
    assert held([wrong], [*others(), asked])[0] == []


def test_a_gold_that_the_question_names_is_no_second_key(held: Held) -> None:
    form = "Is $f(x) = {}$ even, odd or neither?"
    asked = item(form.format("\\sin \\arctan \\exp x"), "even")
    other = item(form.format("\\cosh \\log \\sqrt x"), "even")
    assert held([other], [*others(), asked])[0] == []


def test_a_row_that_is_one_item_is_no_leak_of_its_twin(held: Held) -> None:
    twin = "6 storks and 2 birds sat on the fence. 3 more birds came to join them. How many more storks than birds are there?"
    other = "2 birds and 6 storks sat on the fence. 3 more birds came to join them. How many more storks than birds are there?"
    _, found = held([item(twin, "1")], [*others(), item(twin, "1"), item(other, "1")])
    assert [leak["benchmark_row"] for leak in found.tables[LEAKS].to_pylist()] == ["row-40"]


def test_both_directions_can_be_asked(held: Held) -> None:
    rows = [item(NATALIA, "72"), item(WENG, "10"), item(f"{NATALIA} Think.", "72")]
    benchmark = [item(NATALIA, "72"), *others(), {**item(WENG, "10"), "source": "second"}]
    leaks, found = held(rows, benchmark)
    assert [place for place, _ in leaks] == [0, 1, 2]
    assert found.facts["benchmarks"]["bench"] == {"items": 41, "leaked": 1, "rows": 2, "paths": {"ngram": 2}, "grey": 0}
    assert found.facts["benchmarks"]["second"]["leaked"] == 1


def test_a_close_question_with_another_gold_waits_in_the_grey_zone(held: Held) -> None:
    close = NATALIA.replace("How many clips did Natalia sell altogether", "How many more clips did Natalia sell")
    leaks, found = held([item(close, "24"), item(NATALIA, "72")], [*others(), item(NATALIA, "72")])
    assert leaks == [(1, "ngram")]
    [doubt] = found.tables[GREY_ZONE].to_pylist()
    assert (doubt["place"], doubt["gold"], doubt["answer"], doubt["benchmark_answer"]) == (0, "other", "24", "72")
    assert doubt["question"] == close and doubt["benchmark_question"] == NATALIA


def test_nothing_held_to_nothing_is_nothing(held: Held) -> None:
    for rows, benchmark in (([], [item(WENG, "10")]), ([item(WENG, "10")], []), ([], [])):
        leaks, found = held(rows, benchmark)
        assert leaks == [] and pl.concat(found.drops).height == 0


PUBLISHED = [{"question": NATALIA, "answer": "... #### 72"}, {"question": WENG, "answer": "... #### 10"}]
SET = "name: set\nroot: {root}\nsources:\n  - {{name: gsm, adapter: gsm8k, files: [rows.jsonl], role: benchmark, license: mit}}\n"


@pytest.mark.parametrize("benchmark", [[], others(), [*others(), item(NATALIA, "72", options=["72", "10"])]])
def test_an_index_that_is_kept_finds_what_one_made_anew_does(
    held: Held, tmp_path: Path, benchmark: list[dict[str, Any]]
) -> None:
    corpus, items = held.table("corpus", [item(NATALIA, "72"), *others(3)]), held.table("bench", benchmark)
    anew = BenchmarkIndex.of(items)
    anew.save(tmp_path)
    kept = BenchmarkIndex.load(items, tmp_path)
    found, again = (find_contamination(corpus, index, ContaminationSettings()) for index in (anew, kept))
    assert pl.concat(again.drops).equals(pl.concat(found.drops)) and again.facts == found.facts
    assert len(benchmark) == 0 or found.tables[LEAKS].num_rows > 0
    assert again.tables == found.tables


def test_the_index_of_a_set_is_made_once_and_anew_where_it_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in PUBLISHED))
    config = tmp_path / "set.yaml"
    config.write_text(SET.format(root=tmp_path))
    chosen, workspace = load_benchmarks(config), Workspace(tmp_path / "w")
    first = read_benchmarks(chosen, workspace, Progress())
    times = [path.stat().st_mtime_ns for path in sorted(first.folder.iterdir())]
    assert read_benchmarks(chosen, workspace, Progress()).folder == first.folder
    assert [path.stat().st_mtime_ns for path in sorted(first.folder.iterdir())] == times
    file = first.folder / "grams-hashes.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    again = read_benchmarks(chosen, workspace, Progress())
    assert file.read_bytes() == whole
    leaks = find_contamination(first.items, again.index(), ContaminationSettings()).tables[LEAKS]
    assert leaks.num_rows == len(PUBLISHED)


@pytest.mark.parametrize("file", ["words-items.npy", "golds.arrow"])
def test_a_damaged_index_is_one_message(held: Held, tmp_path: Path, file: str) -> None:
    items = held.table("bench", others())
    BenchmarkIndex.of(items).save(tmp_path)
    for damage in (
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(b""),
        Path.unlink,
    ):
        damage(tmp_path / file)
        with pytest.raises(UserError, match=r"index is missing or damaged .* delete the folder and run again"):
            BenchmarkIndex.load(items, tmp_path)


def test_the_result_does_not_depend_on_how_the_corpus_is_cut(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [item(NATALIA, "72"), *others(30), item(WENG, "10"), item(f"{WENG} {NATALIA}", "82")]
    benchmark = [item(NATALIA, "72"), *others(), item(WENG, "10"), item(NATALIA.replace("clips", "pins"), "72")]
    _, whole = held(rows, benchmark)
    monkeypatch.setattr(texts, "PIECE_BYTES", 200)
    monkeypatch.setattr(measure, "BLOCK", 2)
    _, cut = held(rows, benchmark)
    assert pl.concat(cut.drops).equals(pl.concat(whole.drops))
    assert cut.tables == whole.tables and cut.facts == whole.facts


def test_a_paraphrase_without_a_gold_is_found_by_meaning_alone(held: Held) -> None:
    pytest.importorskip("wordllama")
    asked = item("How many homomorphisms are there of Z into Z_2 when both are groups?", "2")
    again = item("What is the number of homomorphisms from Z into Z_2, taken as groups?")
    assert held([again], [*others(), asked])[0] == []
    assert held([again], [*others(), asked], semantic="wordllama")[0] == [(0, "semantic")]
    answered = {**again, "answer": "7"}
    assert held([answered], [*others(), asked], semantic="wordllama")[0] == []  # a gold that differs decides


def test_an_unknown_model_is_one_message_with_the_nearest_name(held: Held) -> None:
    with pytest.raises(UserError, match=r"semantic: found 'wordlama', expected .* Did you mean 'wordllama'"):
        held([item(WENG)], [item(WENG)], semantic="wordlama")


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=60), st.lists(st.integers(0, 40), max_size=30)
)
def test_postings_find_what_a_dictionary_finds(held_by: list[tuple[int, int]], asked: list[int]) -> None:
    def spread(values: list[int]) -> np.ndarray[Any, np.dtype[np.uint64]]:
        return np.array(values, np.uint64) * np.uint64(0x9E3779B97F4A7C15)

    postings = Postings.of(spread([word for word, _ in held_by]), np.array([it for _, it in held_by], np.int64), 10)
    numbers, known = postings.numbers(spread(asked)), {word for word, _ in held_by}
    places, numbers = np.flatnonzero(numbers >= 0), numbers[numbers >= 0]
    assert [asked[place] for place in places] == [word for word in asked if word in known]
    assert set(places.tolist()) <= set(postings.possible(spread(asked)).tolist())
    rows, items, shared = postings.pairs(places, numbers, np.ones(len(postings.hashes), np.float32))
    expected = {(at, it): 1.0 for at, word in enumerate(asked) for other, it in held_by if other == word}
    assert dict(zip(zip(rows.tolist(), items.tolist(), strict=True), shared.tolist(), strict=True)) == expected


def test_a_hash_of_many_items_finds_no_candidates() -> None:
    many = np.arange(COMMON + 1, dtype=np.int64)
    both = np.array([1 << 40] * (COMMON + 1) + [1 << 41] * COMMON, np.uint64)
    postings = Postings.of(both, np.append(many, many[1:]), COMMON + 1)
    rare = postings.uncommon()
    assert postings.numbers(both[COMMON:][:2]).tolist() == [0, 1]
    assert rare.numbers(both[COMMON:][:2]).tolist() == [-1, 0]
    assert rare.items[rare.offsets[0] : rare.offsets[1]].tolist() == many[1:].tolist()


def test_what_every_question_shares_finds_none_of_them(held: Held) -> None:
    stem = "Which of the following statements about the passage above is true?"
    for often, found in ((COMMON, COMMON), (COMMON + 1, 0)):
        benchmark = [*others(), *(item(stem, str(number)) for number in range(often))]
        assert held([item(stem, "0")], benchmark)[1].facts["candidates"] == found


@given(st.lists(st.integers(0, 2**64 - 1), max_size=60), st.lists(st.integers(0, 2**64 - 1), max_size=60))
def test_few_hashes_that_are_not_there_are_taken_for_possible(held: list[int], others: list[int]) -> None:
    postings = Postings.of(np.array(held, np.uint64), np.zeros(len(held), np.int64), 1)
    possible = postings.possible(np.array(held + others, np.uint64)).tolist()
    assert possible[: len(held)] == list(range(len(held)))
    begin_alike = {int(each) >> 54 for each in postings.hashes}
    assert possible[len(held) :] == [len(held) + at for at, other in enumerate(others) if other >> 54 in begin_alike]


@given(st.lists(st.integers(0, 2**64 - 1), max_size=60), st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_a_hash_is_found_by_its_leading_bits_wherever_it_lies(held: list[int], others: list[int]) -> None:
    items = np.arange(len(held), dtype=np.int64) % 7
    postings = Postings.of(np.array(held, np.uint64), items, 7)
    wanted = np.array(held + others, np.uint64)
    places = {int(each): number for number, each in enumerate(postings.hashes)}
    assert postings.numbers(wanted).tolist() == [places.get(int(each) & ~7, -1) for each in wanted]


@given(
    st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=6, unique=True), min_size=1, max_size=8),
    st.lists(st.lists(st.integers(0, 14), max_size=8), max_size=6),
    st.sampled_from([0.35, 0.75, 1.0]),
)
def test_hashes_that_no_item_can_be_reached_by_are_left_out_without_loss(
    items: list[list[int]], corpus: list[list[int]], least: float
) -> None:
    def flat(rows: list[list[int]]) -> tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.uint64]]]:
        hashes = np.array([word for row in rows for word in row], np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        return np.array([at for at, row in enumerate(rows) for _ in row], np.int64), hashes

    of, hashes = flat(items)
    postings = Postings.of(hashes, of, len(items))
    weight, frequency = weights(postings).astype(np.float64), postings.frequencies
    numbers = [set(postings.numbers(flat([row])[1]).tolist()) for row in items]
    held = [set(postings.numbers(flat([row])[1]).tolist()) - {-1} for row in corpus]
    expected = [
        row * len(items) + item
        for row, item in itertools.product(range(len(corpus)), range(len(items)))
        if sum(weight[sorted(held[row] & numbers[item])]) >= least * sum(weight[sorted(numbers[item])]) - 1e-9
    ]
    search = Search(postings, least)
    search.add(*flat(corpus))
    assert search.found().tolist() == expected
    assert search.seen.tolist() == [sum(number in row for row in held) for number in range(len(frequency))]


@given(st.lists(st.sampled_from(["", "a b c d", "b c d a", "a", "?"]), max_size=6))
def test_a_text_is_hashed_whole_as_it_is_alone_and_one_without_words_is_0(lines: list[str]) -> None:
    def whole(lines: list[str]) -> list[int]:
        hashed: list[int] = texts.wholes(shingles(tokenise(pl.Series(lines, dtype=pl.String)), texts.GRAM)).tolist()
        return hashed

    assert whole(lines) == [each for line in lines for each in whole([line])]
    assert [each == 0 for each in whole(lines)] == [line in ("", "?") for line in lines]
    assert len(set(whole(lines))) == len({line.strip("?") for line in lines})


@given(
    st.fixed_dictionaries(
        {
            "text": st.floats(0, 1),
            "gap": st.floats(0, 9),
            "asks_otherwise": st.booleans(),
            "gold": st.sampled_from(["other", "unknown"]),
            "commonness": st.floats(0, 1),
            "options": st.one_of(st.none(), st.floats(0, 1)),
            "rare_options": st.floats(0, 9),
            "option_words": st.integers(0, 40),
            "row_options": st.integers(0, 5),
            "question_words": st.integers(1, 30),
            "row_words": st.integers(1, 30),
            "distinctive": st.floats(0, 2.99),
        }
    )
)
def test_a_pair_of_few_distinctive_grams_whose_golds_disagree_is_neither_leak_nor_doubt(pair: dict[str, Any]) -> None:
    settings = ContaminationSettings()
    assert least_grams(settings) == 3
    known = {PLACE: 0, "item": 0, "similarity": None, "grams": 1.0, "span": "", "benchmark": "bench"}
    judged = judge(pl.DataFrame([known | pair], schema={**measure.MEASURES, "benchmark": pl.String}), settings)
    assert judged["path"].to_list() == [None] and judged["is_grey"].to_list() == [False]
