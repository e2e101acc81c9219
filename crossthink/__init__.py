"""CrossThink: verifiable question-answer data for reinforcement learning, blended on purpose.

The package holds the ground that every room stands on (errors, configuration files, atomic files, the workspace) and the
front door, `crossthink.cli`. The rooms are `curate`, `blends`, `manifests` and `train_backend`.
"""

__version__ = "0.1.0"
