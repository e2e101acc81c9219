"""Ratings by a rubric, and the figures of agreement."""

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ask.cache import Cache
from curate.judging.agreement import kappa, self_agreement, share
from curate.judging.asking import Judge
from curate.judging.ratings import RatingConfig, rate, rating_prompt
from manifests.store import load
from tests.asking import Call, Raw, scripted_server
from tests.judging import item_table
from tests.support import CommandLine

SUMS = [
    ("What is 2 plus 2?", "4"),
    ("Find all primes p such that p + 2 is a square.", "2, 7, 23"),
    ("Name a prime.", "2"),
]


def rating(call: Call, value: object) -> str:
    mark = re.search(r'"id", which is "(\w+)"', call.text)
    assert mark is not None
    return json.dumps({"id": mark[1], "reason": "by the rubric", "rating": value})


def script(call: Call) -> str | Raw:
    """Rates 1 or 6 to 8.5; the third question off the scale, in words, of another item, and once as a page."""
    seed = call.body["seed"]
    if "2 plus 2" in call.text:
        return rating(call, 1)
    if "primes p" in call.text:
        return rating(call, 6 + seed / 2)
    bad = [rating(call, 11), "about four", json.dumps({"id": "feedbeef", "rating": 4}), Raw("<p>", kind="text/html")]
    return rating(call, 3) if seed >= len(bad) else bad[seed]


def test_ratings_are_averaged_with_their_count_and_spread_and_what_is_no_rating_is_counted(tmp_path: Path) -> None:
    rows = item_table(tmp_path / "items.parquet", SUMS)
    with scripted_server(script) as server:
        config = RatingConfig.model_validate(
            {"name": "r", "corpus": "c", "model": {"model": "judge", "base_url": server.base_url, "tries": 1}}
        )
        table, faults = rate(rows, config, Judge(config.model, config.budget, [rating_prompt()], Cache(tmp_path / "a")))
    found = pl.DataFrame(table).select("rating", "ratings", "spread", "lowest", "highest", "faults").rows()
    deviation = float(np.std([6, 6.5, 7, 7.5, 8, 8.5], ddof=1))
    assert found[0] == (1, 6, 0, 1, 1, 0)
    assert found[1] == (7.25, 6, pytest.approx(deviation), 6, 8.5, 0)
    assert found[2] == (3, 2, 0, 3, 3, 4)
    assert faults == {"malformed": 1, "no_json": 1, "other_item": 1, "other_shape": 1}


def by_number(call: Call) -> str | Raw:
    """Rates sums of an odd number with 2 and 3, and others with 6 and 7."""
    number = re.search(r"What is (\d+) plus", call.text)
    assert number is not None
    return rating(call, (2 if int(number[1]) % 2 else 6) + call.body["seed"])


def test_a_corpus_is_rated_once_and_a_recipe_selects_on_its_ratings(
    tmp_path: Path, sample_workspace: Path, crossthink: CommandLine
) -> None:
    workspace = tmp_path / "w"
    (workspace / "corpora").mkdir(parents=True)
    (workspace / "corpora/sample").symlink_to(sample_workspace / "corpora/sample")
    with scripted_server(by_number) as server:
        config = tmp_path / "rate.yaml"
        config.write_text(
            f"name: aops\ncorpus: sample\nsources: [sums]\nratings: 2\nlimit: 12\n"
            f'model: {{model: judge, base_url: "{server.base_url}"}}\n'
        )
        code, priced, _ = crossthink("rate", config, "-w", workspace, "--dry-run")
        assert (code, server.calls) == (0, [])
        assert priced.startswith("judge: 12 requests of 24 samples, 0 of them kept")
        code, shown, said = crossthink("rate", config, "-w", workspace)
        assert (code, len(server.calls)) == (0, 24), said
        assert "12 of 12 questions of sample are rated by judge" in shown
        assert "stands as it was made" in crossthink("rate", config, "-w", workspace)[2]
        assert len(server.calls) == 24
    query = (
        "SELECT rating, count(*) AS n FROM ratings JOIN items USING (item_id, source) WHERE name = 'aops' GROUP BY ALL"
    )
    _, answer, _ = crossthink("sql", f"{query} ORDER BY rating", "-w", workspace, "--format", "json")
    easy, hard = json.loads(answer)
    assert (easy["rating"], hard["rating"], easy["n"] + hard["n"]) == (2.5, 6.5, 12)
    recipe = tmp_path / "hard.yaml"
    recipe.write_text(
        "name: hard\ncorpus: sample\nbatch_size: 1\ndifficulty: {ratings: aops, keep: rating >= 5}\n"
        "components: [{name: sums, all: true, select: {source: [sums]}}]\n"
    )
    code, _, said = crossthink("blend", recipe, "-w", workspace)
    assert code == 0, said
    blend = load(workspace / "manifests", "hard")
    rated = pl.read_parquet(workspace / "ratings/aops/ratings.parquet")
    assert set(blend.rows()["item_id"].to_pylist()) == set(rated.filter(pl.col("rating") >= 5)["item_id"])
    assert blend.manifest.left_out == {"difficulty": easy["n"], "unmeasured": 40 - 12}
    assert blend.manifest.recipe["difficulty"]["asked"]["model"] == "judge"


def test_a_source_that_the_corpus_has_not_is_named(
    tmp_path: Path, sample_workspace: Path, crossthink: CommandLine
) -> None:
    config = tmp_path / "rate.yaml"
    config.write_text("name: r\ncorpus: sample\nsources: [sum]\nmodel: {model: m}\n")
    code, _, said = crossthink("rate", config, "-w", sample_workspace)
    assert code == 2
    assert "'sum' is no source of corpus sample. Did you mean 'sums'?" in said


def test_kappa_is_what_the_textbook_says() -> None:
    found = kappa({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15})
    assert found.value == pytest.approx(0.4)
    assert kappa({("yes", "yes"): 9, ("no", "no"): 4}).value == 1
    assert kappa({("yes", "yes"): 9}).value is None  # one thing said all the time tells nothing


def test_the_interval_of_kappa_is_as_wide_as_samples_scatter() -> None:
    cells = [("yes", "yes"), ("yes", "no"), ("no", "yes"), ("no", "no"), ("no", "unsettled")]
    shares, rows = np.array([0.35, 0.1, 0.08, 0.42, 0.05]), 500
    draws = np.random.default_rng(7).multinomial(rows, shares, size=4000)
    values = [kappa(dict(zip(cells, map(int, draw), strict=True))).value for draw in draws]
    stated = kappa(dict(zip(cells, map(int, shares * rows), strict=True)))
    assert stated.high is not None and stated.value is not None
    assert (stated.high - stated.value) / 1.96 == pytest.approx(float(np.std(np.array(values, float))), rel=0.05)


@given(st.dictionaries(st.tuples(st.sampled_from("yn"), st.sampled_from("ynu")), st.integers(1, 50), min_size=1))
def test_kappa_knows_no_names_and_no_sides(confusion: dict[tuple[str, str], int]) -> None:
    found = kappa(confusion)
    turned = kappa({(other, one): count for (one, other), count in confusion.items()})
    swap = str.maketrans("yn", "ny")
    renamed = kappa({(one.translate(swap), other.translate(swap)): count for (one, other), count in confusion.items()})
    for each in (turned, renamed):
        assert each.value == pytest.approx(found.value)
    if found.value is not None and found.low is not None and found.high is not None:
        assert -1 <= found.low <= found.value <= found.high <= 1


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=20))
def test_self_agreement_is_the_share_of_pairs_of_answers_that_agree(votes: list[tuple[int, int]]) -> None:
    shares = []
    for yes, no in votes:
        said = ["y"] * yes + ["n"] * no
        pairs = [one == other for place, one in enumerate(said) for other in said[:place]]
        shares += [sum(pairs) / len(pairs)] if pairs else []
    found = self_agreement(votes).value
    assert found is None if not shares else found == pytest.approx(sum(shares) / len(shares))


def test_a_share_of_nothing_is_none_and_of_something_lies_in_its_interval() -> None:
    assert share(0, 0).value is None
    for hits in range(11):
        found = share(hits, 10)
        assert found.low is not None and found.high is not None and found.value is not None
        assert 0 <= found.low <= found.value <= found.high <= 1
