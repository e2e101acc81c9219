"""Judging: what a model is asked about questions and about pairs of them, and what its votes decide.

A judge's words are evidence like any other: a drop repeats them with the votes, an answer that cannot be read is counted and never
taken for a vote, and a pair is put to it in both orders. `docs/judging.md` says what happens when it does not settle.
"""
