"""How well a model does on benchmarks: any served model, or one on this machine, by the verifier that curates and rewards."""
