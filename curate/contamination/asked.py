"""The golds and options that benchmarks ask for: their forms, and how much each of them says; kept with the index."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from curate.contamination.alignment import Floats
from curate.contamination.sides import Side, as_lines, contain
from curate.fuzzy.edits import Numbers

_GOLDS, _OPTIONS = "golds.arrow", "options.arrow"


@dataclass(frozen=True)
class Asked:
    """What is asked for by the items of benchmarks.

    Attributes:
        side: the forms.
        common_golds: how common each gold is among the items; 1 where its question names it, as in "even, odd or neither":
            it then tells no questions apart.
        common_options: how common each option is.
        option_words: how many words each has.
    """

    side: Side
    common_golds: Floats
    common_options: Floats
    option_words: Numbers

    @classmethod
    def of(cls, items: pl.DataFrame) -> "Asked":
        """Read the golds and options of items, which have the columns `question` and those of `Side.of`."""
        side = Side.of(items)
        is_named = contain(as_lines(items["question"]), as_lines(side.golds.fill_null("")))
        common_golds = np.where(is_named, 1.0, _commonness(side.golds, items.height))
        words = side.options.str.count_matches(" ", literal=True).to_numpy().astype(np.int64) + 1
        return cls(side, common_golds, _commonness(side.options, items.height), words)

    def save(self, folder: Path) -> None:
        """Write all but the items themselves into a folder."""
        golds = pl.DataFrame({"form": self.side.golds, "commonness": self.common_golds})
        options = {"form": self.side.options, "commonness": self.common_options, "words": self.option_words}
        golds.write_ipc(folder / _GOLDS)
        pl.DataFrame(options).write_ipc(folder / _OPTIONS)

    @classmethod
    def load(cls, items: pl.DataFrame, folder: Path) -> "Asked":
        """Read what `save` wrote of the same items."""
        golds, options = (pl.read_ipc(folder / name) for name in (_GOLDS, _OPTIONS))
        side = Side(items, golds["form"], options["form"])
        return cls(
            side, *(column.to_numpy() for column in (golds["commonness"], options["commonness"], options["words"]))
        )


def _commonness(forms: pl.Series, count: int) -> Floats:
    """How common each gold or option is among items: log(how often it is there) / log(all items); 0 for a blank one."""
    often = pl.DataFrame({"form": forms}).select(pl.len().over("form")).to_series()
    is_blank = (forms.is_null() | (forms == "")).to_numpy()
    return np.where(is_blank, 0.0, np.minimum(np.log(often.to_numpy()) / np.log(max(count, 2)), 1.0))
