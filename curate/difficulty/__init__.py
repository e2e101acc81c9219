"""How often a model solves the questions of a corpus.

Nemotron-CrossThink (arXiv 2504.13941, section 4.5) trains its larger model on what a smaller one does not solve. A difficulty is one
model's pass rate per question, in a folder of the workspace; whether the responses were asked for, published by somebody or
left by a training run, a recipe selects on it in the same way.
"""
