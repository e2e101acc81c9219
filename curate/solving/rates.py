"""Pass rates and what a count says about them.

The interval is Wilson's (Journal of the American Statistical Association 22, 1927), which is right for few responses and
for rates of 0 and 1 too.
"""

import polars as pl

Z = 1.959963984540054
"""Standard deviations of a two-sided interval at 95 %."""


def with_rates(counted: pl.LazyFrame) -> pl.LazyFrame:
    """Add `pass_rate` and its interval at 95 %, `low` and `high`; all null where nothing was judged.

    Args:
        counted: with `responses` that were judged, and of them the `passed`.
    """
    n, rate = pl.col("responses"), pl.col("passed") / pl.col("responses")
    middle = (rate + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * (rate * (1 - rate) / n + Z * Z / (4 * n * n)).sqrt() / (1 + Z * Z / n)
    some = pl.when(n > 0)
    return counted.with_columns(
        pass_rate=some.then(rate),
        low=some.then(pl.min_horizontal(rate, (middle - half).clip(0, 1))),
        high=some.then(pl.max_horizontal(rate, (middle + half).clip(0, 1))),
    )
