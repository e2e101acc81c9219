"""The stage over a table: which rows go, for which row, which are linked, and what is said of it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from crossthink.files import write_parquet
from curate.fuzzy import FuzzySettings, find_near_duplicates
from curate.items import ITEM_SCHEMA
from curate.stage import Outcome, Reason
from curate.table import ItemTable

ZOO = (
    "At the zoo Ayesha counted {} parrots in the long aviary, {} otters by the river and {} tortoises that slept behind "
    "the old greenhouse, while her brother photographed a family of meerkats. How many animals did Ayesha count?"
)
LAMP = (
    "A lighthouse keeper trims the wick of a brass lamp every evening before the ferries cross the strait; which gas does "
    "the flame take from the surrounding air while the whale oil burns?"
)
GASES = ["Oxygen", "Nitrogen", "Argon", "Neon"]


def row(question: str, answer: str | None, options: Sequence[str] | None = None, **other: Any) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(ITEM_SCHEMA.names)
    kind = "choice" if options else "number" if answer and answer.isdigit() else "text"
    fixed = {"source": "made", "origin": "real", "domain": "gpr", "license": "CC0", "answer_kind": kind}
    gold = None if options is None else list(options).index(answer or "")
    return values | fixed | {"question": question, "answer": answer, "options": options, "answer_index": gold} | other


def filler(count: int = 200) -> list[dict[str, Any]]:
    """Rows that have nothing to do with each other, so that words and golds have a frequency."""
    words = [f"{first}{second}" for first in ("bor", "kal", "mun", "tes", "vil", "zor") for second in "adeiklnoprstuy"]
    rng = np.random.default_rng(5)
    return [row(" ".join(rng.choice(words, 24)) + "?", f"thing {number}") for number in range(count)]


def table(folder: Path, rows: Sequence[dict[str, Any]]) -> ItemTable:
    numbered = [each | {"item_id": f"id{place:05}", "source_row": f"r{place}"} for place, each in enumerate(rows)]
    write_parquet(folder / "items.parquet", pa.Table.from_pylist(numbered, ITEM_SCHEMA))
    return ItemTable((folder / "items.parquet",))


def decide(
    folder: Path, rows: Sequence[dict[str, Any]], rank: Sequence[int] | None = None, others: int = 200, **settings: Any
) -> Outcome:
    items = table(folder, [*rows, *filler(others)])
    ranks = np.zeros(items.height, np.int64)
    ranks[: len(rows)] = rank or 0
    decision = find_near_duplicates(items, FuzzySettings(**settings), ranks, folder)
    return Outcome(list(decision.drops), decision.facts, decision.tables)


def gone(decision: Outcome) -> dict[int, dict[str, Any]]:
    found = pl.concat(decision.drops) if decision.drops else pl.DataFrame({"place": []})
    return {place: {"reason": reason} | json.loads(told) for place, reason, told in found.iter_rows()}


def links(decision: Outcome) -> set[tuple[str, str, str]]:
    return {(one["item_id"], one["other_item_id"], one["why"]) for one in decision.tables["siblings"].to_pylist()}


def test_formatting_and_slips_of_the_hand_make_no_other_question(tmp_path: Path) -> None:
    zoo = ZOO.format(12, 7, 30)
    copies = [
        zoo,
        zoo.upper(),
        zoo.replace(" ", "  "),
        zoo.replace("aviary", "avairy").replace("while her", "while her her"),
    ]
    found = gone(decide(tmp_path, [row(each, "49") for each in copies]))
    assert set(found) == {1, 2, 3}
    assert {told["kept"] for told in found.values()} == {"made r0"}
    assert {told["item_id"] for told in found.values()} == {"id00000"}
    assert found[3]["score"] < 1 and "avairy" in found[3]["differs"]


def test_siblings_with_other_numbers_are_kept_and_linked(tmp_path: Path) -> None:
    decision = decide(tmp_path, [row(ZOO.format(12, 7, 30), "49"), row(ZOO.format(13, 6, 30), "49")])
    assert gone(decision) == {}
    assert links(decision) == {("id00001", "id00000", "numbers")}


def test_signs_make_another_question_of_the_same_words(tmp_path: Path) -> None:
    asked = LAMP + " Then find x - 4 of 3 x, where x is what the scale under the lamp shows."
    decision = decide(tmp_path, [row(asked, "Oxygen"), row(asked.replace("x - 4", "x + 4"), "Oxygen")])
    assert gone(decision) == {}
    assert links(decision) == {("id00001", "id00000", "numbers")}


def test_siblings_with_another_gold_are_kept_and_linked(tmp_path: Path) -> None:
    other = LAMP.replace("take from", "give to")
    decision = decide(tmp_path, [row(LAMP, "Oxygen"), row(other, "Carbon dioxide")])
    assert gone(decision) == {}
    assert links(decision) == {("id00001", "id00000", "gold")}


def test_siblings_with_other_options_are_kept_and_linked(tmp_path: Path) -> None:
    decision = decide(tmp_path, [row(LAMP, "Oxygen", GASES), row(LAMP, "Oxygen", [*GASES[:3], "Helium"])])
    assert gone(decision) == {}
    assert links(decision) == {("id00001", "id00000", "options")}


def test_the_order_of_the_options_is_no_difference(tmp_path: Path) -> None:
    assert set(gone(decide(tmp_path, [row(LAMP, "Oxygen", GASES), row(LAMP + " ", "Oxygen", GASES[::-1])]))) == {1}


def test_another_context_makes_another_question(tmp_path: Path) -> None:
    rows = [row(LAMP, "Oxygen", context="a table"), row(LAMP, "Oxygen", context="another table")]
    assert gone(decide(tmp_path, rows)) == {}


def test_a_question_with_two_golds_is_a_conflict(tmp_path: Path) -> None:
    rows = [row(LAMP, "Oxygen"), row(LAMP.upper(), "Nitrogen"), row(LAMP + "  ", "Oxygen")]
    found = gone(decide(tmp_path, rows))
    assert {place: told["reason"] for place, told in found.items()} == dict.fromkeys((0, 1, 2), "conflicting_gold")
    assert (found[1]["gold"], found[1]["other_gold"]) == ("Nitrogen", "Oxygen")


def test_a_copy_goes_with_the_conflict_of_its_row(tmp_path: Path) -> None:
    rows = [row(LAMP + " " * place, "Oxygen") for place in range(4)] + [row(LAMP.upper(), "Nitrogen")]
    found = gone(decide(tmp_path, rows))
    assert {place: told["reason"] for place, told in found.items()} == dict.fromkeys(range(5), "conflicting_gold")


def test_of_a_conflict_the_preferred_row_may_stay(tmp_path: Path) -> None:
    rows = [row(LAMP, "Oxygen"), row(LAMP.upper(), "Nitrogen")]
    found = gone(decide(tmp_path, rows, rank=[1, 0], conflicts="keep"))
    assert {place: told["reason"] for place, told in found.items()} == {0: "conflicting_gold"}


def test_golds_that_the_verifier_takes_for_one_are_no_conflict(tmp_path: Path) -> None:
    rows = [
        row(ZOO.format(1, 1, 1), "1/2", answer_kind="number"),
        row(ZOO.format(1, 1, 1) + " ", "0.5", answer_kind="number"),
    ]
    assert {told["reason"] for told in gone(decide(tmp_path, rows)).values()} == {"near_duplicate"}


def test_the_row_of_the_preferred_source_stays(tmp_path: Path) -> None:
    rows = [row(LAMP, "Oxygen"), row(LAMP.upper(), "Oxygen"), row(LAMP + "!", "Oxygen")]
    found = gone(decide(tmp_path, rows, rank=[2, 1, 0]))
    assert {place: told["kept"] for place, told in found.items()} == {0: "made r2", 1: "made r2"}


def test_likeness_does_not_chain_away(tmp_path: Path) -> None:
    """Each text differs a little from the one before, and the last has nothing of the first."""
    rng = np.random.default_rng(3)
    vocabulary = [
        f"{first}{second}{third}"
        for first in "bdfgk"
        for second in ("an", "or", "ul")
        for third in ("tek", "mis", "pov")
    ]
    words = list(rng.choice(vocabulary, 40))
    texts = []
    for step in range(12):
        texts.append(" ".join(words))
        words[3 * step : 3 * step + 3] = [f"new{step}a", f"new{step}b", f"new{step}c"]
    found = gone(decide(tmp_path, [row(text, "Timbuktu") for text in texts]))
    kept = [f"made r{place}" for place in range(12) if place not in found]
    assert len(kept) >= 3
    assert {told["kept"] for told in found.values()} <= set(kept)


def test_a_template_of_weak_golds_survives(tmp_path: Path) -> None:
    names = ["Zoey", "Riley", "Oliver", "Amelia", "Jacob", "Noah", "Emily", "Lucas", "Mason", "Chloe"]
    template = "On this island every inhabitant is a knight or a knave. You meet {} and {} by the well. Does {} tell the truth?"
    rows = [
        row(template.format(one, other, one), "Yes" if (place + number) % 2 else "No")
        for place, one in enumerate(names)
        for number, other in enumerate(names)
        if one != other
    ]
    assert gone(decide(tmp_path, rows)) == {}


@pytest.mark.parametrize(
    ("left", "right", "answer", "options"),
    [
        ("Did Willie Mays ever win the Rookie of the Year Award?", "Did Pete Rose ever win the Rookie of the Year Award?", "Yes", ["No", "Yes"]),
        ("Where was the place of death of the director of film Code Of The Lawless?", "Where was the place of death of the director of film Shadows Of Sing Sing?", "Hollywood", None),
        ("What type of color is the shade called icterine?", "What type of color is the shade called saffron?", "Yellow", ["Yellow", "Green", "Red", "Blue"]),
        ("Restore the correct order of words in the following sentence: already the are You dessert? at", "Restore the correct order of words in the following sentence: are already the You dessert? at", "You are already at the dessert?", None),
    ],
)  # fmt: skip
def test_a_short_question_with_another_name_or_order_stays(
    left: str, right: str, answer: str, options: list[str] | None, tmp_path: Path
) -> None:
    for others in (200, 3000):  # among more rows a gold is rarer, and so more evidence
        rows = [row(left, answer, options), row(right, answer, options)]
        assert gone(decide(tmp_path, rows, others=others)) == {}


def test_a_short_question_that_only_says_more_goes(tmp_path: Path) -> None:
    one, other = "How old are the oldest fossils now known?", "How old are the oldest fossils?"
    assert set(gone(decide(tmp_path, [row(one, "3.8 billion"), row(other, "3.8 billion")], others=3000))) == {1}


def test_a_row_without_a_gold_is_not_compared(tmp_path: Path) -> None:
    assert gone(decide(tmp_path, [row(LAMP, None), row(LAMP, "N/A"), row(LAMP, "Oxygen")])) == {}


def test_the_decision_does_not_depend_on_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zoo = ZOO.format(12, 7, 30)
    rows = [row(zoo.replace("Ayesha", name), "49") for name in ("Ayesha", "Ayesa", "Ayeshaa", "Bruno")] + [
        row(ZOO.format(number, 7, 30), str(37 + number)) for number in range(20)
    ]
    beside = [row("How many legs has the animal of the passage?", "8", context="A spider."), row(zoo.lower(), "49")]
    rows += [row("Which gas do plants give off?", "Oxygen"), *beside]
    whole = decide(tmp_path, rows)
    monkeypatch.setattr("curate.fuzzy.verification.PAIR_BYTES", 1 << 62)
    monkeypatch.setattr("curate.fuzzy.candidates.PART_ITEMS", 7)
    monkeypatch.setattr("curate.fuzzy.index.BATCH_ROWS", 5)
    monkeypatch.setattr("curate.fuzzy.rows.BATCH_ROWS", 3)
    monkeypatch.setattr("curate.tokens.CHUNK_BYTES", 100)
    parted = decide(tmp_path, rows)
    assert str(Reason.CONFLICTING_GOLD) not in pl.concat(whole.drops)["reason"]
    assert pl.concat(parted.drops).equals(pl.concat(whole.drops))
    assert (parted.facts, parted.tables) == (whole.facts, whole.tables)
    assert [path.name for path in tmp_path.iterdir()] == ["items.parquet"]  # nothing is left behind


def test_the_facts_count_what_was_done(tmp_path: Path) -> None:
    zoo = ZOO.format(12, 7, 30)
    rows = [row(zoo, "49"), row(zoo.upper(), "49"), row(zoo.lower(), "49"), row(ZOO.format(1, 1, 1), "3")]
    facts = decide(tmp_path, rows).facts
    assert (facts["clusters"], facts["biggest_cluster"], facts["siblings"], facts["conflicts"]) == (1, 3, 1, 0)
    assert facts["verified"] >= 3 and facts["biggest_bucket"] >= 4


def test_an_empty_table_has_nothing_to_say(tmp_path: Path) -> None:
    decision = find_near_duplicates(table(tmp_path, []), FuzzySettings(), np.zeros(0, np.int64))
    assert list(decision.drops) == [] and decision.tables["siblings"].num_rows == 0
