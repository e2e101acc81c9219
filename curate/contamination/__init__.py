"""Benchmark questions in a corpus: found by their words, their golds, their options or their meaning; never by boilerplate.

texts, postings, index   the benchmarks as sorted hashes
sides, asked             golds and options, and how common those of the benchmarks are
candidates, semantic     one pass over the corpus: pairs that share enough to be looked at
alignment, measure       what each pair shares: words in their order, 3-grams, numbers, gold, options
judge                    leak, sibling or grey zone
find                     the decision, with evidence
"""

from curate.contamination.find import GREY_ZONE, LEAKS, find_contamination
from curate.contamination.index import BenchmarkIndex
from curate.contamination.judge import LeakPath
from curate.contamination.settings import ContaminationSettings

__all__ = ["GREY_ZONE", "LEAKS", "BenchmarkIndex", "ContaminationSettings", "LeakPath", "find_contamination"]
