"""How a stage is started: `command.sh`, which runs wherever the run's folder is."""

from train_backend.plan import Resources
from train_backend.process import RUN_VARIABLE

ENVIRONMENT = {
    "TOKENIZERS_PARALLELISM": "false",
    # the log is a file
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
}
CPU_ENVIRONMENT = {
    # A folder on this machine is the only model there is.
    "HF_HUB_OFFLINE": "1",
}


def command(stage: str, resources: Resources) -> str:
    """Return `command.sh`: one process on a CPU, one for each device on a GPU machine.

    Also for a single device: TRL refuses a process that sees several.
    """
    torchrun = f"-m torch.distributed.run --standalone --nnodes=1 --nproc-per-node={resources.gpus_per_node} "
    on_cpu = resources.platform == "cpu"
    variables = ENVIRONMENT | (CPU_ENVIRONMENT if on_cpu else {})
    exports = "".join(f"export {name}={value}\n" for name, value in variables.items())
    return f"""#!/bin/sh
# The stage {stage} of this run; written by crossthink, runs from anywhere.
set -eu
cd "$(dirname "$0")/.."
if [ -e {stage}/outcomes ] || [ -e {stage}/checkpoints ] || [ -e {stage}/metrics.jsonl ]; then
    echo "$PWD/{stage}: this stage was started before; go on with the run by: crossthink run resume $(basename "$PWD")" >&2
    exit 3
fi
PYTHON="${{PYTHON:-python}}"
{exports}export {RUN_VARIABLE}="$PWD"
exec "$PYTHON" {"" if on_cpu else torchrun}-m train_backend.trl.main {stage}
"""
