"""Are documents what their JSON Schema says? Schema and documents are the commit's."""

from __future__ import annotations

import json
from typing import Any

import yaml

from hostkit.tasks.checking.finding import Finding, failed, passed, unknown
from hostkit.tasks.checking.tree import Tree
from hostkit.tasks.checks import JsonSchemaCheck
from hostkit.words import counted


def check_documents(check: JsonSchemaCheck, tree: Tree) -> Finding:
    """Judge every file by the schema. A schema that is not there, or is none, cannot tell anything."""
    from jsonschema import SchemaError  # noqa: PLC0415 - 100 ms, only for a plan that asks for it
    from jsonschema.validators import validator_for  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    if check.against not in tree.blobs:
        return unknown(f"there is no schema {check.against}")
    schema, wrong = read_document(check.against, tree.text(check.against))
    if wrong:
        return unknown(f"the schema {check.against} cannot be read: {wrong}")
    if lost := tree.unmatched(check.files):
        return failed(f"no file is covered by {', '.join(lost)}")
    kind = validator_for(schema) if isinstance(schema, dict | bool) else None
    if kind is None:
        return unknown(f"the schema {check.against} is no schema")
    try:
        kind.check_schema(schema)
        judge = kind(schema, registry=Registry())  # an empty one: nothing is fetched
        paths = tree.matching(check.files)
        for path in paths:
            document, wrong = read_document(path, tree.text(path))
            if wrong:
                return failed(f"{path}: {wrong}")
            for error in judge.iter_errors(document):
                return failed(f"{path}: {error.json_path}: {error.message[:200]}")
    except SchemaError as error:
        return unknown(f"the schema {check.against} is no schema: {error.json_path}: {error.message[:200]}")
    except Unresolvable as error:
        return unknown(f"the schema {check.against} refers to what is not in it: {error}")
    return passed(f"{counted(len(paths), 'file')} valid")


def read_document(path: str, text: str) -> tuple[Any, str]:
    """Return what a JSON or YAML text says, and what is wrong with it or ""."""
    try:
        if path.endswith((".yaml", ".yml")):
            return yaml.safe_load(text), ""
        return json.loads(text), ""
    except json.JSONDecodeError as error:
        return None, f"line {error.lineno}: {error.msg}"
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return None, str(error).splitlines()[0]
