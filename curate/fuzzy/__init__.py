"""Fuzzy duplicates: questions that are the same but for formatting, slips of the hand and reworded phrases.

MinHash finds which pairs are worth reading, every one of them is read, and a row goes only for a row that stays. Questions
of one text that ask for something else stay and are linked as siblings. `docs/duplicates.md` has the rule and what was
measured.
"""

from curate.fuzzy.near import DOUBTS, find_near_duplicates
from curate.fuzzy.settings import FuzzySettings

__all__ = ["DOUBTS", "FuzzySettings", "find_near_duplicates"]
