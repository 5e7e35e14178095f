"""A terminal, a pipe or a locale that fails is no failure of a run, nor of a command."""

import io
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from nasframe.cli.streams import fit_streams
from nasframe.run.interrupt import raise_at_signals
from nasframe.run.lasting_output import LastingOutput
from nasframe.run.progress import BarProgress, LineProgress, choose_progress

ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}


class Failing(io.StringIO):
    """A terminal that fails from some write on."""

    def __init__(self, writes):
        super().__init__()
        self.writes = writes

    def write(self, text):
        self.writes -= 1
        if self.writes < 0:
            raise OSError(5, "Input/output error")
        return super().write(text)


@pytest.mark.parametrize("kind", [LineProgress, BarProgress])
@pytest.mark.parametrize("writes", [0, 1, 3])
def test_progress_goes_on_quietly_when_its_terminal_is_lost_and_says_why_once(kind, writes):
    progress = kind(Console(file=LastingOutput(Failing(writes)), force_terminal=kind is BarProgress))
    for phase in ("search", "retrain"):
        progress.begin(phase, 2, 0)
        progress.advance(2, {"loss": 1.0})
        progress.workers(["idle"])
        progress.say("A sentence.")
        progress.end()
    assert progress.take_loss() == "[Errno 5] Input/output error"
    assert progress.take_loss() == ""


def test_a_closed_output_is_a_lost_one(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    progress = choose_progress(quiet=False)
    stream.close()
    progress.say("A sentence.")
    assert "closed file" in progress.take_loss()


PROGRAM = """
import sys
from nasframe.run.progress import choose_progress
progress = choose_progress(quiet=False)
progress.begin("search", 4, 0)
for step in range(1, 5):
    progress.say("x" * 5000)
progress.end()
print("left over", end="")
sys.stderr.write(progress.take_loss())
"""


def python(program, **options):
    return subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, check=False, **options)


def test_a_full_device_neither_fails_a_program_nor_its_end():
    with Path("/dev/full").open("w") as full:
        done = python(PROGRAM, stdout=full)
    assert done.returncode == 0 and done.stderr == "[Errno 28] No space left on device"


def test_a_pipe_that_nobody_reads_neither_fails_a_program_nor_its_end():
    reading, writing = os.pipe()
    os.close(reading)
    done = python(PROGRAM, stdout=writing)
    os.close(writing)
    assert done.returncode == 0 and "Broken pipe" in done.stderr


def test_a_terminal_that_is_closed_neither_ends_a_program_nor_one_that_it_started():
    master, slave = pty.openpty()
    program = (
        "import contextlib, subprocess, sys, time\n"
        "from nasframe.run.interrupt import raise_at_signals\n"
        "from nasframe.run.progress import choose_progress\n"
        "with raise_at_signals():\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()'], stdin=subprocess.PIPE)\n"
        "    progress = choose_progress(quiet=False)\n"
        "    progress.begin('search', 9, 0)\n"
        "    with contextlib.suppress(OSError):\n"
        "        sys.stdin.readline()\n"  # which ends when the terminal does, or fails if it is read later
        "    progress.say('gone')\n"
        "    progress.end()\n"
        "    child.stdin.close()\n"
        "    sys.stderr.write(f'{child.wait()} {progress.take_loss()}')\n"
    )
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=_own_terminal
    )
    os.close(slave)
    os.read(master, 1)  # the bar is there
    os.close(master)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert said.decode() == "0 [Errno 5] Input/output error"


def _own_terminal():
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_sighup_does_nothing_to_a_run_and_its_handler_is_put_back():
    before = signal.getsignal(signal.SIGHUP)
    with raise_at_signals():
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGHUP) is before


def test_a_character_that_the_locale_lacks_is_written_plainly(monkeypatch):
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    fit_streams()
    stream.write("space × strategy – 3 … ü")
    stream.flush()
    assert written.getvalue() == b"space x strategy - 3 ... \\xfc"


def test_the_list_of_runs_can_be_read_in_a_locale_of_ascii(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "status.json").write_text('{"state": "done"}')
    command = [sys.executable, "-m", "nasframe", "runs", str(tmp_path)]
    done = subprocess.run(command, env={**os.environ, **ASCII}, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "space x strategy x evaluator" in done.stdout, done.stderr


def test_a_command_that_cannot_write_its_output_says_so(tmp_path):
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "nasframe", "runs", str(tmp_path)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and done.stderr == "error: the output: No space left on device\n"
