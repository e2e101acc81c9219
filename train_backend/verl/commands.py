"""The shell command of a stage: what `crossthink train` runs, and what a person could run."""

from train_backend.plan import Resources

CPU_ENVIRONMENT = {
    "VERL_USE_EXTERNAL_MODULES": "train_backend.verl.cpu",
    "VERL_PLATFORM": "cpu",
    # A folder on this machine is the only model there is.
    "HF_HUB_OFFLINE": "1",
    # TransferQueue asks torch for 8 threads at every exchange, and fills the log with warnings where there are fewer cores.
    "TQ_NUM_THREADS": "1",
}


def environment(resources: Resources) -> dict[str, str]:
    """Return the variables that every process of a stage needs."""
    common = {"TOKENIZERS_PARALLELISM": "false", "HYDRA_FULL_ERROR": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    return common | (CPU_ENVIRONMENT if resources.platform == "cpu" else {})


def grpo(resources: Resources) -> str:
    """Return the script of a grpo stage. On a cluster, Ray must be up and the run's folder shared."""
    return _script("grpo", resources, '"$PYTHON" -m verl.trainer.main_ppo')


def sft(resources: Resources) -> str:
    """Return the script of an sft stage, one process for each device of one node."""
    runner = f'"$PYTHON" -m torch.distributed.run --standalone --nnodes=1 --nproc-per-node={resources.gpus_per_node}'
    return _script("sft", resources, f"{runner} -m verl.trainer.sft_trainer")


def _script(kind: str, resources: Resources, command: str) -> str:
    exports = "".join(f"export {name}={value}\n" for name, value in environment(resources).items())
    return f"""#!/bin/sh
# The {kind} stage of this run; written by crossthink, runs from anywhere.
set -eu
cd "$(dirname "$0")/.."
PYTHON="${{PYTHON:-python}}"
{exports}export VERL_FILE_LOGGER_PATH="$PWD/{kind}/metrics.jsonl"
exec {command} --config-path "$PWD/{kind}" --config-name config \\
    hydra/job_logging=stdout hydra.run.dir={kind} hydra.output_subdir=null
"""
