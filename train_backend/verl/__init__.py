"""verl 0.9.1 as a backend; what depends on its interfaces lives here and nowhere else."""
