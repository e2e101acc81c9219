"""Terms as numbers: what was met before changes nothing."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.fuzzy import terms
from curate.fuzzy.terms import NO_TERMS, RememberedForms, form_hashes, terms_of

GOLDS = st.sampled_from(["1,000", "1000.0", " Paris.", "paris", "N/A", "$", "", "yes", "Yes", "no", "12", None])


@given(st.lists(st.lists(GOLDS, max_size=8), max_size=8), st.sampled_from([1, 2, 4, 1 << 10]))
def test_a_form_is_remembered_as_it_is_made(batches: list[list[str | None]], places: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(terms, "REMEMBERED", places)
        remembered = RememberedForms()
        for batch in batches:
            texts = pl.Series(batch, dtype=pl.String)
            assert remembered.hashes(texts).tolist() == form_hashes(texts).tolist()


def test_rows_have_the_same_terms_if_gold_options_context_and_images_are_the_same() -> None:
    image = [{"path": "a.png", "sha256": "0" * 64}]
    rows = [
        ("Paris", ["paris", "1,000"], None, None),
        ("paris.", ["1000.0", "Paris "], None, None),
        ("rome", ["paris", "1,000"], None, None),
        ("Paris", ["paris", "1,001"], None, None),
        ("Paris", None, None, None),
        ("Paris", [], None, None),
        ("Paris", None, "of old", None),
        ("Paris", None, None, image),
        (None, ["paris"], "of old", image),
        ("N/A", None, None, None),
    ]
    images = pl.List(pl.Struct({"path": pl.String, "sha256": pl.String}))
    schema = {"answer": pl.String(), "options": pl.List(pl.String), "context": pl.String(), "images": images}
    found = terms_of(pl.DataFrame(rows, schema=schema, orient="row"), form_hashes).tolist()
    assert found[0] == found[1] and found[4] == found[5]
    assert len(set(found)) == 7
    assert found[8:] == [NO_TERMS, NO_TERMS]
