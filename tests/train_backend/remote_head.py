"""A stage as a job of a Ray cluster: a real head on loopback, with its job server and its token, and no trainer.

Ray reads whether there are tokens once in a process, so `test_remote.py` runs these in a process of their own.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from ray.job_submission import JobStatus

from crossthink.errors import UserError
from train_backend.backend import RenderedStage
from train_backend.plan import Plan, Resources
from train_backend.verl import commands
from train_backend.verl.backend import VerlBackend
from train_backend.verl.remote import launch_on_ray

RESOURCES = Resources(platform="cuda", nodes=2, gpus_per_node=8, stall_seconds=60)
WAIT_SECONDS = 120


def free_port() -> int:
    """A port below those that Ray gives to its workers."""
    for port in range(6400, 9900, 7):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Ray head of one logical CPU, with a token of its own; it ends with the module."""
    folder = Path(tempfile.mkdtemp(prefix="ct", dir="/tmp"))  # Ray's sockets need a short path
    port = free_port()
    start = ["start", "--head", "--block", "--num-cpus=1", "--disable-usage-stats", f"--temp-dir={folder}"]
    places = ["--dashboard-host=127.0.0.1", f"--dashboard-port={port}", f"--port={port + 1}"]
    places += [f"--dashboard-agent-listen-port={port + 2}"]
    ray = str(Path(sys.executable).with_name("ray"))
    with (folder / "head.log").open("wb") as log:
        process = subprocess.Popen([ray, *start, *places], stdout=log, stderr=log, start_new_session=True)
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                break
        time.sleep(0.2)
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


def stage_of(run: Path, script: str) -> RenderedStage:
    stage = RenderedStage("grpo", run / "grpo", steps=1, headline="reward")
    stage.folder.mkdir(parents=True)
    stage.command.write_text(script)
    return stage


def test_a_job_has_the_runs_folder_in_every_process_and_its_output_is_the_log(head: str, tmp_path: Path) -> None:
    run = tmp_path / "a run"
    stage = stage_of(run, 'echo "in $CROSSTHINK_RUN"; echo "{}" > "$VERL_FILE_LOGGER_PATH"; exit 3')
    result = launch_on_ray(stage, RESOURCES, head, lambda: None)
    assert (result.exit_code, result.stalled) == (3, False)
    assert f"in {run}" in stage.log.read_text()
    assert stage.metrics.read_text() == "{}\n"


def test_the_submission_script_does_the_same_by_rays_own_command(head: str, tmp_path: Path) -> None:
    run = tmp_path / "a run"
    stage = stage_of(run, 'echo "in $CROSSTHINK_RUN, $TOKENIZERS_PARALLELISM"')
    (stage.folder / "submit.sh").write_text(commands.submission("grpo", "grpo", RESOURCES))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    submit = ["sh", str(stage.folder / "submit.sh")]
    done = subprocess.run([*submit, head], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"in {run}, false" in done.stdout
    assert subprocess.run(submit, capture_output=True, check=False).returncode != 0


def test_a_job_without_progress_is_stopped_with_what_it_started(head: str, tmp_path: Path) -> None:
    stage = stage_of(tmp_path, f'echo $$ > "{tmp_path}/pid"; echo waiting; sleep 600')
    resources = RESOURCES.model_copy(update={"stall_seconds": 4.0})
    result = launch_on_ray(stage, resources, head, lambda: None)
    assert result.stalled and not result.succeeded
    assert "waiting" in stage.log.read_text()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_ctrl_c_stops_the_job(head: str, tmp_path: Path) -> None:
    stage = stage_of(tmp_path, f'echo $$ > "{tmp_path}/pid"; sleep 600')

    def interrupt_once_it_runs() -> None:
        if (tmp_path / "pid").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch_on_ray(stage, RESOURCES, head, interrupt_once_it_runs)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_cluster_that_asks_for_another_token_says_so(
    head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "from train_backend.verl.remote import _client; import sys; _client(sys.argv[1])"
    environment = {**os.environ, "RAY_AUTH_TOKEN": "another-token-0123456789-0123456789"}
    done = subprocess.run(
        [sys.executable, "-c", program, head], env=environment, capture_output=True, text=True, check=False
    )
    assert "the cluster asks for its token; put it into the environment as RAY_AUTH_TOKEN" in done.stderr


class ShakyServer:
    """A job server that is silent for a while, in the words of Ray's client and of its HTTP library, and then answers."""

    def __init__(self, silent: int, status: str = "SUCCEEDED") -> None:
        self.silent, self.status, self.stopped = silent, JobStatus(status), False

    def _answer(self) -> None:
        if self.silent > 0:
            self.silent -= 1
            raise [RuntimeError("Request failed with status code 503"), requests.ConnectionError("reset")][
                self.silent % 2
            ]

    def submit_job(self, **job: object) -> str:
        return "job"

    def get_job_info(self, job: str) -> SimpleNamespace:
        self._answer()
        return SimpleNamespace(status=self.status, message="", driver_exit_code=0)

    def get_job_logs(self, job: str) -> str:
        self._answer()
        return "all of it"

    def stop_job(self, job: str) -> None:
        self.stopped = True
        self._answer()


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("train_backend.verl.remote.time.sleep", lambda seconds: None)
    monkeypatch.setattr("train_backend.verl.remote.LOG_SECONDS", 0.0)
    monkeypatch.setattr("train_backend.verl.remote.STOP_SECONDS", 0.1)


@pytest.mark.usefixtures("no_waiting")
def test_a_job_outlives_a_job_server_that_is_silent_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("train_backend.verl.remote._client", lambda address: ShakyServer(silent=7))
    stage = stage_of(tmp_path, "")
    result = launch_on_ray(stage, RESOURCES, "http://HEAD:8265", lambda: None)
    assert result.succeeded and stage.log.read_text() == "all of it"
    assert not (stage.folder / "job.json").exists()
    assert [record.message.count("does not answer") for record in caplog.records] == [1]


@pytest.mark.usefixtures("no_waiting")
def test_a_job_server_that_stays_silent_is_a_stall_and_the_job_is_stopped_as_far_as_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ShakyServer(silent=10**9, status="RUNNING")
    monkeypatch.setattr("train_backend.verl.remote._client", lambda address: server)
    resources = RESOURCES.model_copy(update={"stall_seconds": 0.1})
    result = launch_on_ray(stage_of(tmp_path, ""), resources, "http://HEAD:8265", lambda: None)
    assert result.stalled and result.exit_code == 1 and server.stopped


@pytest.mark.usefixtures("no_waiting")
def test_a_job_that_outlived_the_machine_that_submitted_it_keeps_its_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ShakyServer(silent=0, status="RUNNING")
    monkeypatch.setattr("train_backend.verl.remote._client", lambda address: server)
    stage, backend = stage_of(tmp_path, ""), VerlBackend()

    def the_submitter_is_gone() -> None:
        server.silent = 10**9
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch_on_ray(stage, RESOURCES, "http://HEAD:8265", the_submitter_is_gone)
    with pytest.raises(UserError, match=r"job\.json: whether Ray job job still runs cannot be asked"):
        backend.rewind(stage, tmp_path / "aside")
    server.silent = 0
    with pytest.raises(UserError, match="ray job stop --address http://HEAD:8265 job"):
        backend.rewind(stage, tmp_path / "aside")
    server.status = JobStatus("STOPPED")
    assert backend.rewind(stage, tmp_path / "aside") == 0
    assert not (stage.folder / "job.json").exists()


def test_an_address_where_nothing_answers_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--ray-address http://127\.0\.0\.1:9: no Ray job server answers"):
        launch_on_ray(stage_of(tmp_path, ""), RESOURCES, "http://127.0.0.1:9", lambda: None)


def test_the_test_platform_does_not_go_to_a_cluster(tmp_path: Path) -> None:
    plan = Plan.model_validate(
        {
            "name": "test",
            "model": {"tiny": {}},
            "stages": [{"kind": "grpo", "batch_size": 4, "max_prompt_length": 8, "max_response_length": 8}],
            "resources": {"platform": "cpu"},
        }
    )
    with pytest.raises(UserError, match=r"resources\.platform is cpu, a test platform"):
        VerlBackend().launch(stage_of(tmp_path, ""), plan, lambda: None, "http://127.0.0.1:9")


def test_only_a_warm_start_asks_for_devices_on_the_node_of_its_own_process() -> None:
    assert commands.devices_of_the_driver("sft", RESOURCES) == 8
    assert commands.devices_of_the_driver("grpo", RESOURCES) == 0
    assert "--entrypoint-num-gpus 8" in commands.submission("sft", "sft", RESOURCES)
