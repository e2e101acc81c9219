"""How a stage is started: the command, its environment, and its submission to a Ray cluster.

`command.sh` runs on the machine where it is called. `submit.sh` hands the same command to a cluster's head as a Ray job,
whose runtime environment every worker on every node gets. Both find the run's folder by where they stand, so that it
can be copied; on a cluster it is on storage that all nodes share, under one path.
"""

import json

from train_backend.plan import Resources
from train_backend.process import RUN_VARIABLE
from train_backend.verl.dialect import GRPO_MODULE, METRICS_PATH_VARIABLE, SFT_MODULE, resumption

CPU_ENVIRONMENT = {
    "VERL_USE_EXTERNAL_MODULES": "train_backend.verl.plugin,train_backend.verl.cpu",
    "VERL_PLATFORM": "cpu",
    # A folder on this machine is the only model there is.
    "HF_HUB_OFFLINE": "1",
    # TransferQueue asks torch for 8 threads at every exchange, and fills the log with warnings where there are fewer cores.
    "TQ_NUM_THREADS": "1",
}


def environment(resources: Resources) -> dict[str, str]:
    """Return the variables that every process of a stage needs, whatever the run."""
    common = {
        "VERL_USE_EXTERNAL_MODULES": "train_backend.verl.plugin",
        "TOKENIZERS_PARALLELISM": "false",
        "HYDRA_FULL_ERROR": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    return common | (CPU_ENVIRONMENT if resources.platform == "cpu" else {})


def runtime_environment(resources: Resources, stage: str, run: str) -> dict[str, dict[str, str]]:
    """Return the runtime environment of a stage's Ray job.

    Args:
        stage: the stage's folder in the run.
        run: the run's folder, as every node of the cluster sees it.
    """
    places = {RUN_VARIABLE: run, METRICS_PATH_VARIABLE: f"{run}/{stage}/metrics.jsonl"}
    return {"env_vars": environment(resources) | places}


def devices_of_the_driver(kind: str, resources: Resources) -> int:
    """Return the GPUs that a job's own process needs on its node: torchrun takes them there, Ray's actors do not."""
    return resources.gpus_per_node if kind == "sft" and resources.platform == "cuda" else 0


def command(kind: str, stage: str, resources: Resources) -> str:
    """Return `command.sh`: grpo starts or joins Ray; sft is one process for each device of one node.

    A grpo stage takes the step of a checkpoint to go on from. verl empties the metrics file when it starts, and would start
    again over checkpoints of its own, so both refuse where something of the stage is left.
    """
    torchrun = f"-m torch.distributed.run --standalone --nnodes=1 --nproc-per-node={resources.gpus_per_node}"
    main = f"-m {GRPO_MODULE}" if kind == "grpo" else f"{torchrun} -m {SFT_MODULE}"
    exports = "".join(f"export {name}={value}\n" for name, value in environment(resources).items())
    return f"""#!/bin/sh
# The stage {stage} of this run; written by crossthink, runs from anywhere.
set -eu
cd "$(dirname "$0")/.."
{_guard(stage)}{_going_on(stage) if kind == "grpo" else ""}PYTHON="${{PYTHON:-python}}"
{exports}export {RUN_VARIABLE}="$PWD"
export {METRICS_PATH_VARIABLE}="$PWD/{stage}/metrics.jsonl"
exec "$PYTHON" {main} --config-path "$PWD/{stage}" --config-name config \\
    hydra/job_logging=stdout hydra.run.dir={stage} hydra.output_subdir=null "$@"
"""


def arguments(after: int) -> list[str]:
    """Return what `command.sh` is called with to go on after a step; nothing, if it is to begin."""
    return [str(after)] if after else []


def _guard(stage: str) -> str:
    left = f"[ -e {stage}/outcomes ] || [ -e {stage}/metrics.jsonl ]"
    return f"""if {left} || {{ [ $# -eq 0 ] && [ -e {stage}/checkpoints ]; }}; then
    echo "$PWD/{stage}: this stage was started before; go on with it by: crossthink run resume $(basename "$PWD")" >&2
    exit 3
fi
"""


def _going_on(stage: str) -> str:
    """The step of a checkpoint, if one is given, as what Hydra takes."""
    given = " ".join(f"'{key}={value}'" for key, value in resumption(stage, "'\"$1\"'").items())
    return f"""# From the checkpoint of a step, if one is given.
if [ $# -gt 0 ]; then set -- {given}; fi
"""


def submission(kind: str, stage: str, resources: Resources) -> str:
    """Return `submit.sh`: the stage as a job of the Ray cluster whose address is given."""
    devices = devices_of_the_driver(kind, resources)
    asked = f"--entrypoint-num-gpus {devices} " if devices else ""
    variables = json.dumps(runtime_environment(resources, stage, "$FOLDER"))
    return f"""#!/bin/sh
# The stage {stage} of this run on a Ray cluster: sh {stage}/submit.sh http://HEAD:8265
set -eu
cd "$(dirname "$0")/.."
FOLDER="$(printf %s "$PWD" | sed 's/[\\\\"]/\\\\&/g')"
ENVIRONMENT="$(cat <<END
{variables}
END
)"
exec ray job submit --address "${{1:?expected the address of the cluster, such as http://HEAD:8265}}" {asked}\\
    --runtime-env-json "$ENVIRONMENT" -- sh "$PWD/{stage}/command.sh"
"""
