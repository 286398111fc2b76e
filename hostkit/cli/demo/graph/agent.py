"""A scripted agent: ``python -m hostkit.cli.demo.graph.agent TASK`` edits files and commits.

Where its task has a blunder it makes that first, and does the right thing only once its brief says why that
came to nothing: it reads the file that every agent gets, and knows nothing else of what happened.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hostkit.cli.demo.agent import commit_all
from hostkit.cli.demo.changes import Change, apply
from hostkit.cli.demo.graph.work import Work, read_work
from hostkit.errors import HostkitError
from hostkit.process import SystemRunner
from hostkit.tasks.git import Git


def act(work: Work, brief: str, worktree: Path, base: str) -> str:
    """Do the work in a worktree, from ``base`` on, and commit it; return the subject of the commit.

    Whatever an earlier attempt left is undone first: a later commit says how the files should be now.
    """
    git = Git(worktree, SystemRunner())
    git.run("read-tree", "--reset", "-u", base)
    git.run("clean", "-qfd")
    knows = not work.blunder or work.learns in brief
    subject = f"{work.task}: {'as asked' if knows else 'a first try'}"
    apply(Change(subject, work.edits if knows else work.blunder), worktree)
    commit_all(git, work.task, subject, _signature(work.task))
    return subject


def main() -> int:
    """Read the task's id from the command line, and the rest from the environment that every agent gets."""
    task, worktree = sys.argv[1], Path(os.environ["HOSTKIT_WORKTREE"])
    try:
        git = Git(worktree, SystemRunner())
        brief = Path(os.environ["HOSTKIT_BRIEF"]).read_text(encoding="utf-8")
        print(f"committed: {act(read_work()[task], brief, worktree, _origin(git, task))}")
    except HostkitError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    return 0


def _signature(task: str) -> str:
    return f"Done by the scripted agent for {task}."


def _origin(git: Git, task: str) -> str:
    """Return what the task's work began with: the newest commit here that is not the agent's own."""
    pattern = f"--grep=^{_signature(task)}$"
    return git.run("log", "-1", "--format=%H", "--first-parent", "--invert-grep", pattern, "HEAD").split()[-1]


if __name__ == "__main__":
    sys.exit(main())
