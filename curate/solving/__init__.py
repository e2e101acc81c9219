"""Questions that a model has answered: its answers judged, counted and voted on.

A difficulty (`curate.difficulty`) and an evaluation (`curate.evaluation`) are both made of responses to questions, judged by the
verifier that curates and rewards. Where the responses come from, a model that is asked or a file that somebody published,
makes no difference here.
"""
