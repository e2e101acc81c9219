"""From a manifest to a run: export, reward, launch, rollouts. The only room that knows torch or verl."""
