"""Which build service this process runs in, from the variables that the service sets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class BuildService(StrEnum):
    NONE = "none"
    GITHUB = "github"
    AZURE_DEVOPS = "azure-devops"


@dataclass(frozen=True)
class Build:
    """`summary` is the file that GitHub shows as a step's summary, `folder` one for files of our own."""

    service: BuildService
    summary: Path | None = None
    folder: Path | None = None


def build_around(service: BuildService | None, environment: Mapping[str, str] = os.environ) -> Build:
    """The build around this process; `service` None finds out which one it is."""
    if service is None:
        service = _service_in(environment)
    summary = environment.get("GITHUB_STEP_SUMMARY") if service is BuildService.GITHUB else None
    folder = environment.get("AGENT_TEMPDIRECTORY") if service is BuildService.AZURE_DEVOPS else None
    return Build(service, Path(summary) if summary else None, Path(folder) if folder else None)


def _service_in(environment: Mapping[str, str]) -> BuildService:
    if environment.get("GITHUB_ACTIONS") == "true":
        return BuildService.GITHUB
    if environment.get("TF_BUILD", "").lower() == "true":
        return BuildService.AZURE_DEVOPS
    return BuildService.NONE
