"""One typed check, as a process: ``python -m hostkit.tasks.checking COMMIT RECORD``, in a worktree of it.

The last line is the reason. Exit code 0: pass, 1: fail, anything else: it cannot be told.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hostkit.clock import SystemClock
from hostkit.errors import HostkitError
from hostkit.process import SystemRunner
from hostkit.tasks.checking.covering import Means, check_coverage
from hostkit.tasks.checking.documents import check_documents
from hostkit.tasks.checking.files import check_files
from hostkit.tasks.checking.finding import Finding, unknown
from hostkit.tasks.checking.size import check_size
from hostkit.tasks.checking.sql import check_sql
from hostkit.tasks.checking.suite import check_suite
from hostkit.tasks.checking.tree import read_tree
from hostkit.tasks.checks import (
    CoverageCheck,
    FileExistsCheck,
    JsonSchemaCheck,
    PytestCheck,
    SizeCheck,
    SqlSyntaxCheck,
    TypedCheck,
    check_from,
)
from hostkit.tasks.git import Git


def find_out(check: TypedCheck, commit: str) -> Finding:
    """Make a check in the working directory, which has the commit checked out; "": whatever it holds."""
    runner, env = SystemRunner(), dict(os.environ)
    git = Git(Path.cwd(), runner)
    if commit and (git.resolve("HEAD") != commit or git.changed_paths()):
        return unknown(f"what is checked out is not {commit[:12]} alone")
    match check:
        case FileExistsCheck():
            return check_files(check, read_tree(git, commit))
        case SqlSyntaxCheck():
            return check_sql(check, read_tree(git, commit))
        case JsonSchemaCheck():
            return check_documents(check, read_tree(git, commit))
        case SizeCheck():
            return check_size(check, runner, env)
    with tempfile.TemporaryDirectory(prefix="hostkit-check-") as folder:
        match check:
            case PytestCheck():
                return check_suite(check, runner, env, Path(folder))
            case CoverageCheck():
                return check_coverage(check, Means(runner, SystemClock(), env, Path(folder)))


def main(arguments: Sequence[str]) -> int:
    """Make the check of a command line, print its reason and return the exit code of its verdict."""
    try:
        finding = find_out(check_from(json.loads(arguments[1])), arguments[0])
    except HostkitError as error:
        finding = unknown(error.message)
    print(finding.reason, flush=True)
    return finding.verdict.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
