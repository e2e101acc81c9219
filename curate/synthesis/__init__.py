"""Synthesis: new questions from documents, topics and personas, and a corpus's questions in another form.

What asks a model has two layers: functions without a model, which the tests hold to properties (`references`, `permute`,
`votes`, `documents`, `checks`), and a runner that asks, parses, counts and writes a *synthetic source*, whole or not at all.
A curation takes that source like any other. Every row that does not become one is kept with its reason.
"""
