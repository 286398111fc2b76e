"""Are the files there? In the commit: what a check before this one made does not count."""

from __future__ import annotations

from hostkit.tasks.checking.finding import Finding, failed, passed
from hostkit.tasks.checking.tree import Tree
from hostkit.tasks.checks import FileExistsCheck
from hostkit.words import counted


def check_files(check: FileExistsCheck, tree: Tree) -> Finding:
    """Say which of the files the commit does not have."""
    missing = [
        f"{path} is {tree.odd[path]}" if path in tree.odd else f"there is no {path}"
        for path in check.files
        if path not in tree.blobs
    ]
    return failed("; ".join(missing)) if missing else passed(f"{counted(len(check.files), 'file')} there")
