"""What a person may write in ``tasks.yaml``; :mod:`hostkit.tasks.read` turns it into records."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

RungWord = Literal["linked", "rendered", "wired", "timed", "soaked"]
FidelityWord = Literal["virtual", "simulated", "board"]
SCHEMA_ID = "urn:hostkit:tasks:1"
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[0-9][A-Za-z0-9_-]*)*$", max_length=64)]
Argv = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
EnvName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*\*?$")]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Paths = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
Percent = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]
SqlDialect = Literal["bigquery", "clickhouse", "duckdb", "mysql", "oracle", "postgres", "sqlite", "tsql"]
Attempts = Annotated[int, Field(ge=1, le=100)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class GateModel(_Strict):
    """What a board must show."""

    env: str = Field(min_length=1, description="PlatformIO environment")
    board: str = Field("any", min_length=1, description="a board of boards.toml, or any")
    min_rung: RungWord = Field("wired", description="how much must be shown")
    min_fidelity: FidelityWord = Field("virtual", description="how near to silicon")


GateOrNone = Annotated[
    Annotated[GateModel, Tag("board")] | Annotated[Literal["none"], Tag("none")],
    Discriminator(lambda value: "none" if isinstance(value, str) else "board"),
]


class GateCheckModel(GateModel):
    """The same, in the list of checks."""

    type: Literal["gate"]


class _Timed(_Strict):
    timeout_s: Seconds | None = Field(
        None, description="it is ended after that, which is no pass; else that of defaults"
    )


class CommandCheckModel(_Timed):
    """A command that must end with an exit code, run in a worktree of the claimed commit."""

    type: Literal["command"]
    argv: Argv = Field(description="program and arguments; no shell")
    exit: Annotated[int, Field(ge=0, le=255)] = Field(0, description="the exit code that passes")


class FileExistsCheckModel(_Timed):
    """Files that the commit must have."""

    type: Literal["file_exists"]
    files: Paths = Field(description="whole paths from the top of the repository")


class SqlSyntaxCheckModel(_Timed):
    """Files that must be SQL."""

    type: Literal["sql_syntax"]
    files: Paths = Field(description="globs; each must cover a file, each file must have a statement")
    dialect: SqlDialect = Field(description="whose SQL it is")


class JsonSchemaCheckModel(_Timed):
    """Files (JSON, or YAML by their names) that must be what a schema says."""

    type: Literal["json_schema"]
    files: Paths = Field(description="globs; each must cover a file")
    against: str = Field(min_length=1, description="path of the schema, in the commit as well")


class PytestCheckModel(_Timed):
    """Pytest must pass, and run something."""

    type: Literal["pytest"]
    args: list[str] = Field(default_factory=list, description="paths and options for pytest")
    min_executed: Count = Field(1, description="fewer tests than that is a fail; skipped ones do not count")


class CoverageCheckModel(_Timed):
    """A command must end with 0 and write a coverage report that reaches a floor."""

    type: Literal["coverage"]
    argv: Argv = Field(description="program and arguments; {report} is the path that it writes to")
    floor: Percent = Field(description="percent of lines (and branches, where measured) that must be run")
    include: list[str] = Field(
        default_factory=list, description="globs of the files that count; empty: all in the report"
    )


class SizeCheckModel(_Timed):
    """An env's firmware must build within its budgets and these."""

    type: Literal["size"]
    env: str = Field(min_length=1, description="PlatformIO environment")
    max_flash: Count | None = Field(None, description="bytes of flash")
    max_ram: Count | None = Field(None, description="bytes of RAM")


AnyCheckModel = (
    GateCheckModel
    | CommandCheckModel
    | FileExistsCheckModel
    | SqlSyntaxCheckModel
    | JsonSchemaCheckModel
    | PytestCheckModel
    | CoverageCheckModel
    | SizeCheckModel
)
CheckModel = Annotated[AnyCheckModel, Field(discriminator="type")]
CHECK_MODELS: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(AnyCheckModel)
}
"""What a check's type may be, and the model of each."""


class RunModel(_Strict):
    """A plain command, where its argv alone does not say all of it."""

    argv: Argv = Field(description="program and arguments; no shell")
    exit: Annotated[int, Field(ge=0, le=255)] = Field(0, description="the exit code that is wanted")
    inputs: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list, description="globs of what it reads; empty: anything of the checkout"
    )
    timeout_s: Seconds = Field(3600.0, description="it is ended after that, which is a failure")


ArgvOrRun = Annotated[
    Annotated[Argv, Tag("argv")] | Annotated[RunModel, Tag("run")],
    Discriminator(lambda value: "argv" if isinstance(value, list) else "run"),
]


class BudgetModel(_Strict):
    """What an agent may use over all tasks."""

    flashes_per_hour: Count | None = Field(None, description="boards flashed for it within an hour")
    wall_s: Seconds | None = Field(None, description="its time at work, over every attempt ever made")


class AgentModel(_Strict):
    """A program that does tasks."""

    argv: Argv = Field(description="program and arguments, with placeholders; no shell")
    timeout_s: Seconds = Field(3600.0, description="it is ended after that")
    env: list[EnvName] | None = Field(
        None, description="names of the environment that it may see, * at the end; left out: all of it"
    )
    concurrent: Count | None = Field(None, description="how many of it may be at work at once")
    budget: BudgetModel = Field(BudgetModel.model_validate({}), description="what it may use over all tasks")


class DefaultsModel(_Strict):
    """What holds for every task that does not say it itself."""

    agent: str = Field("", description="a name from agents")
    gate: GateModel | None = Field(None, description="what a board must show; a task opts out: gate: none")
    attempts: Attempts = Field(3, description="how often the agent may be started")
    check_timeout_s: Seconds = Field(600.0, description="a check is ended after that, which is no pass")


class LimitsModel(_Strict):
    """What the whole plan may use."""

    attempts: Attempts | None = Field(None, description="the most that a task may ask for")
    concurrent: Count | None = Field(None, description="tasks at work at once, whatever --jobs says")
    wall_s: Seconds | None = Field(None, description="of one run: what is at work then is stopped")
    flashes_per_hour: Count | None = Field(None, description="boards flashed for this project in an hour")
    same_cause: Count = Field(3, description="attempts in a row that end alike, and no more are made")
    worktrees_mb: Seconds | None = Field(
        None, description="10^6 bytes of worktrees: beyond that no further one is made"
    )
    keep_days: Seconds = Field(14.0, description="a worktree without work in it stays that long")


class TaskModel(_Strict):
    """One task."""

    id: Id = Field(description="letters, digits, - and _; a digit may follow a point, as in 1.2")
    title: str = Field(min_length=1, description="one line for people")
    brief: str = Field("", description="what the agent is told")
    needs: list[str] = Field(default_factory=list, description="ids that must be verified first")
    files: list[str] = Field(
        default_factory=list,
        description="globs of what may change; empty: anything; of a command: what it writes",
    )
    run: ArgvOrRun | None = Field(
        None, description="a command that is the whole task: in the checkout, with no agent and no commit"
    )
    gate: GateOrNone | None = Field(
        None, description="what a board must show; left out: that of defaults; none: no board"
    )
    checks: list[CheckModel] = Field(default_factory=list, description="further checks")
    agent: str = Field(
        "", description="a name from agents; may be left out when there is only one, or a default"
    )
    attempts: Attempts | None = Field(
        None, description="how often the agent may be started; a command: once, if left out"
    )
    hours: float | None = Field(None, ge=0, allow_inf_nan=False, description="what it is thought to take")
    group: str = Field("", description="a name from groups, for reading")
    incomplete: list[str] = Field(
        default_factory=list, description="what a person has still to settle; until then it never starts"
    )


class GroupModel(_Strict):
    """Tasks that belong together. A hint for readers, unless it is a barrier."""

    title: str = Field("", description="one line for people")
    after: list[str] = Field(default_factory=list, description="groups that come before it")
    barrier: bool = Field(False, description="true: its tasks need every task of the groups in after")


class PlanModel(_Strict):
    """A whole file."""

    version: Literal[1]
    target: str = Field("main", min_length=1, description="the branch that verified work goes into")
    target_gate: GateModel | None = Field(
        None, description="what a board must show of every commit that the target goes to"
    )
    defaults: DefaultsModel = Field(
        DefaultsModel.model_validate({}), description="what holds for tasks that do not say it themselves"
    )
    limits: LimitsModel = Field(LimitsModel.model_validate({}), description="what the whole plan may use")
    reports: str = Field(
        "docs/09-reports",
        description="folder of the checkout for the log of a run and a page a task; empty: none",
    )
    agents: dict[Id, AgentModel] = Field(
        default_factory=dict, description="name to program; none where all tasks are commands"
    )
    groups: dict[Id, GroupModel] = Field(default_factory=dict, description="name to what it is")
    tasks: list[TaskModel] = Field(min_length=1, description="the tasks, in the order they are shown")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``tasks.yaml``, for editors; the reader itself says more."""
    schema = PlanModel.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}
