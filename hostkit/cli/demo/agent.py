"""A scripted agent: ``python -m hostkit.cli.demo.agent TASK`` edits files and commits, as any agent would."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hostkit.cli.demo.changes import CHANGES, apply
from hostkit.errors import HostkitError
from hostkit.process import SystemRunner
from hostkit.tasks.git import Git


def work(task: str, worktree: Path) -> None:
    """Make the change of a task and commit it."""
    change = CHANGES[task]
    apply(change, worktree)
    commit_all(Git(worktree, SystemRunner()), task, change.subject)


def commit_all(git: Git, task: str, *message: str) -> None:
    """Commit everything in a worktree, a paragraph of the message each; also when nothing differs.

    The commit is dated by the one before it: the same work on the same base is the same commit, whose
    build is known then.
    """
    date = f"{int(git.run('show', '-s', '--format=%ct', 'HEAD').split()[-1]) + 60} +0000"
    name = {"NAME": f"agent for {task}", "EMAIL": "agent@localhost", "DATE": date}
    who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in name.items()}
    git.run("add", "-A")
    paragraphs = [word for each in message for word in ("-m", each)]
    git.run("commit", "--quiet", "--allow-empty", *paragraphs, env=who)


def main() -> int:
    """Read the task's id from the command line, and where to work from the environment."""
    try:
        work(sys.argv[1], Path(os.environ["HOSTKIT_WORKTREE"]))
    except HostkitError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    print(f"committed: {CHANGES[sys.argv[1]].subject}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
