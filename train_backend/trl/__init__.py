"""The second backend: TRL's own trainers, without Ray, on one machine, on a CPU too."""
