"""`ownkey` as a person or a job uses it against a server: with an address and a platform key."""

import os
import pty
import subprocess
import termios

from .process import binary, wait_for


def variables(url: str, key: str | None) -> dict:
    """All that such a process knows."""
    known = {"PATH": f"{binary('OWNKEY_BIN', 'ownkey').parent}:{os.environ['PATH']}", "OWNKEY_URL": url}
    return known | ({"OWNKEY_API_KEY": key} if key else {})


def ownkey(url: str, key: str | None, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess:
    """A command to its end, without a terminal."""
    command = [str(binary("OWNKEY_BIN", "ownkey")), *arguments]
    options = {"input": stdin, "capture_output": True, "text": True, "timeout": 60}
    return subprocess.run(command, env=variables(url, key), **options)


def at_a_terminal(url: str, key: str, arguments: list[str], question: str, answer: str, hidden=False) -> tuple[int, str]:
    """A command at a terminal that asks something: how it ended, and all that the screen showed. What it asks for without
    showing it is typed as people type it, once the prompt is there and the terminal shows nothing any more."""
    command = [str(binary("OWNKEY_BIN", "ownkey")), *arguments]
    child, terminal = pty.fork()
    if child == 0:
        os.execve(command[0], command, variables(url, key))
    shown, answered = b"", False
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
            if question.encode() in shown and not answered:
                wait_for(lambda: hidden != shows_input(terminal), "the terminal is as it must be")
                os.write(terminal, answer.encode() + b"\n")
                answered = True
    except OSError:
        pass  # The other side of a terminal is closed so.
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode(errors="replace")


def shows_input(terminal: int) -> bool:
    """Whether a terminal repeats what is typed."""
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
