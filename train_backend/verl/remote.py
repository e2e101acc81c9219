"""Run one rendered stage as a job of a Ray cluster, by the address of its job server, and watch it from here.

The run's folder is on storage that every node sees under the same path as this machine does. So progress and metrics are
read from the files, as on one machine; Ray is asked only whether the job has ended, and for its log. Ctrl-C, SIGTERM and
a stall stop the job, and with it every worker that Ray started for it. A job server that does not answer for a while ends
nothing: the job counts as running until it answers again, or until the files stand still for `stall_seconds`.
"""

import json
import logging
import shlex
import time
from collections.abc import Callable
from typing import Any, TypeVar

from crossthink.errors import UserError
from crossthink.files import write_json
from train_backend.backend import RenderedStage, StageResult
from train_backend.plan import Resources
from train_backend.process import sigterm_raises, watch
from train_backend.verl import commands

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

LOG_SECONDS = 30.0
"""Between two copies of the job's log while it runs; the last is made when it has ended."""
JOB_FILE = "job.json"
"""In a stage's folder, which job of which cluster is at it; gone when it is known to be over."""
SUBMIT_SECONDS = 60.0
"""That a cluster gets to take the job."""
STOP_SECONDS = 60.0
"""That a stopped job gets to end."""


def launch_on_ray(
    stage: RenderedStage, resources: Resources, address: str, each_second: Callable[[], None], after: int = 0
) -> StageResult:
    """Submit `command.sh` as a job and wait for its end; the job's output goes to the stage's log.

    Args:
        after: step from whose checkpoint it goes on, if not 0.

    Raises:
        UserError: no job server of Ray answers at the address, or it asks for a token.
    """
    started = time.monotonic()
    client = _client(address)
    run = stage.folder.parent.absolute()
    with sigterm_raises():
        job = _submit(
            client,
            entrypoint=shlex.join(["sh", f"{run}/{stage.name}/command.sh", *commands.arguments(after)]),
            runtime_env=commands.runtime_environment(resources, stage.name, str(run)),
            entrypoint_num_gpus=commands.devices_of_the_driver(stage.kind, resources),
            metadata={"run": run.name, "stage": stage.name},
        )
        write_json(stage.folder / JOB_FILE, {"address": address, "job": job})
        follower = _Follower(client, job, stage)
        try:
            stalled = watch(follower.has_ended, stage, resources.stall_seconds, each_second)
        finally:
            follower.stop()
            if follower.is_over():
                (stage.folder / JOB_FILE).unlink()
    return StageResult(follower.exit_code, stalled, time.monotonic() - started)


def refuse_living_job(stage: RenderedStage) -> None:
    """Leave a stage to the job that is at it: one outlives the machine that submitted it.

    Raises:
        UserError: its job runs, or the cluster does not say.
    """
    place = stage.folder / JOB_FILE
    if not place.exists():
        return
    said = json.loads(place.read_bytes())
    address, job = said["address"], said["job"]
    try:
        is_over = _client(address).get_job_info(job).status.is_terminal()
    except (UserError, RuntimeError, OSError) as error:
        raise UserError(
            f"{place}: whether Ray job {job} still runs cannot be asked ({error}). Remove this file if it is over"
        ) from None
    if not is_over:
        raise UserError(
            f"{stage.folder}: Ray job {job} is still at it. Wait for its end, or stop it with: ray job stop --address"
            f" {address} {job}"
        )
    place.unlink()


class _Follower:
    """One job as seen from here; none of its questions raises when the job server does not answer."""

    def __init__(self, client: Any, job: str, stage: RenderedStage) -> None:
        self._client, self._job, self._stage = client, job, stage
        self._copied = time.monotonic()
        self._info: Any = None
        self._is_answered = True

    def has_ended(self) -> bool:
        time.sleep(1)
        if time.monotonic() - self._copied > LOG_SECONDS:
            self._copy_log()
        return self.is_over()

    def is_over(self) -> bool:
        """Whether the job has ended, as far as the server said."""
        self._info = self._asked(lambda: self._client.get_job_info(self._job)) or self._info
        return self._info is not None and bool(self._info.status.is_terminal())

    def stop(self) -> None:
        """Stop the job if it runs, wait until it is over, and keep its log; all of it as far as the server answers."""
        if not self.is_over():
            self._asked(lambda: self._client.stop_job(self._job))
            until = time.monotonic() + STOP_SECONDS
            while not self.has_ended() and time.monotonic() < until:
                pass
        self._copy_log()

    @property
    def exit_code(self) -> int:
        """The command's own; 1 when Ray could not start it, stopped it, or did not say how it ended."""
        if self._info is not None and self._info.status == "SUCCEEDED":
            return 0
        return int(getattr(self._info, "driver_exit_code", None) or 1)

    def _copy_log(self) -> None:
        """Copy everything that the job has printed, and what Ray says of its end."""
        self.is_over()
        info, printed = self._info, self._asked(lambda: self._client.get_job_logs(self._job))
        self._copied = time.monotonic()
        if info is None or printed is None:
            return
        said = "" if info.status == "SUCCEEDED" or not info.message else f"\nRay job {self._job}: {info.message}\n"
        self._stage.log.write_text(printed + said, encoding="utf-8")

    def _asked(self, question: Callable[[], Answer]) -> Answer | None:
        """Return the server's answer; None, said once for each silence, when it has none (Ray's client raises both)."""
        try:
            answer = question()
        except (RuntimeError, OSError) as error:
            if self._is_answered:
                fault = (str(error) or type(error).__name__).splitlines()[0]
                log.warning("Ray job %s: the job server does not answer (%s); it is asked again", self._job, fault)
            self._is_answered = False
            return None
        self._is_answered = True
        return answer


def _submit(client: Any, **job: Any) -> Any:
    """Submit a job; a head that has just started takes none until its agent is up.

    Raises:
        UserError: the job server refuses it for `SUBMIT_SECONDS`.
    """
    until = time.monotonic() + SUBMIT_SECONDS
    while True:
        try:
            return client.submit_job(**job)
        except RuntimeError as error:
            if time.monotonic() > until:
                raise UserError(f"--ray-address: the cluster takes no job: {error}") from None
            time.sleep(1)


def _client(address: str) -> Any:
    from ray.exceptions import AuthenticationError
    from ray.job_submission import JobSubmissionClient

    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        return JobSubmissionClient(address)
    except (ConnectionError, RuntimeError, ValueError) as error:
        fault = str(error).splitlines()[0]
        raise UserError(
            f"--ray-address {address}: no Ray job server answers ({fault}); expected an address such as http://HEAD:8265"
        ) from None
    except AuthenticationError:
        raise UserError(
            f"--ray-address {address}: the cluster asks for its token; put it into the environment as RAY_AUTH_TOKEN"
        ) from None
