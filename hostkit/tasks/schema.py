"""What a person may write in ``tasks.yaml``; :mod:`hostkit.tasks.read` turns it into records."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

RungWord = Literal["linked", "rendered", "wired", "timed", "soaked"]
FidelityWord = Literal["virtual", "simulated", "board"]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Argv = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class GateModel(_Strict):
    """What a board must show."""

    env: str = Field(min_length=1, description="PlatformIO environment")
    board: str = Field("any", min_length=1, description="a board of boards.toml, or any")
    min_rung: RungWord = Field("wired", description="how much must be shown")
    min_fidelity: FidelityWord = Field("virtual", description="how near to silicon")


class GateCheckModel(GateModel):
    """The same, in the list of checks."""

    type: Literal["gate"]


class CommandCheckModel(_Strict):
    """A command that must end with exit code 0, run in the task's worktree."""

    type: Literal["command"]
    argv: Argv = Field(description="program and arguments; no shell")
    timeout_s: Seconds = Field(600.0, description="it is ended after that, which is no pass")


CheckModel = Annotated[GateCheckModel | CommandCheckModel, Field(discriminator="type")]


class AgentModel(_Strict):
    """A program that does tasks."""

    argv: Argv = Field(description="program and arguments, with placeholders; no shell")
    timeout_s: Seconds = Field(3600.0, description="it is ended after that")


class TaskModel(_Strict):
    """One task."""

    id: Id = Field(description="letters, digits, - and _")
    title: str = Field(min_length=1, description="one line for people")
    brief: str = Field("", description="what the agent is told")
    needs: list[str] = Field(default_factory=list, description="ids that must be verified first")
    files: list[str] = Field(default_factory=list, description="globs of what may change; empty: anything")
    gate: GateModel | None = Field(None, description="what a board must show")
    checks: list[CheckModel] = Field(default_factory=list, description="further checks")
    agent: str = Field("", description="a name from agents; may be left out when there is only one")
    attempts: int = Field(3, ge=1, le=100, description="how often the agent may be started")


class PlanModel(_Strict):
    """A whole file."""

    version: Literal[1]
    target: str = Field("main", min_length=1, description="the branch that verified work goes into")
    agents: dict[Id, AgentModel] = Field(min_length=1, description="name to program")
    tasks: list[TaskModel] = Field(min_length=1, description="the tasks, in the order they are shown")
