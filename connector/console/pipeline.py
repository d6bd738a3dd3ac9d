"""What `verify` leaves for a pipeline: report files, and what a build service reads from stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from connector import __version__
from connector.console.output import Envelope, Format, Layout, write
from connector.errors import SettingsError, UsageError
from connector.settings.build_service import Build, BuildService, build_around
from connector.verification.formats.azure_devops import as_azure_devops
from connector.verification.formats.github import as_github
from connector.verification.formats.junit import as_junit
from connector.verification.formats.markdown import as_markdown
from connector.verification.formats.sarif import as_sarif
from connector.verification.report import as_json
from connector.verification.verify import Report

SUMMARY = "projops-verify.md"
_PROGRAM_FORMATS: Final = {"json": Format.JSON, "jsonl": Format.JSONL}
_TEXTS: Final[Mapping[str, Callable[[Report], Iterable[str]]]] = {
    "junit": as_junit,
    "sarif": lambda report: as_sarif(report, __version__),
    "markdown": lambda report: _lines(as_markdown(report)),
}


def destinations(given: list[str]) -> dict[Path, str]:
    """FORMAT=FILE, each, as file → format. Raises UsageError."""
    formats = (*_TEXTS, *_PROGRAM_FORMATS)
    found: dict[Path, str] = {}
    for text in given:
        form, sign, name = (part.strip() for part in text.partition("="))
        if form not in formats or not sign or not name:
            raise UsageError(
                f"--report {text!r} is not FORMAT=FILE.",
                f"Formats are {', '.join(formats)}, for example --report junit=verify.xml.",
            )
        path = Path(name)
        if path in found:
            raise UsageError(f"--report names {name} twice.", "Give each report a file of its own.")
        found[path] = form
    return found


def build_of(ci: str, form: Format) -> Build:
    """The build service to talk to. Raises UsageError for a strange one, or when stdout is not free."""
    try:
        build = build_around(None if ci == "auto" else BuildService(ci))
    except ValueError:
        names = ", ".join(("auto", *BuildService))
        raise UsageError(f"--ci {ci!r} is no build service that is known here.", f"Use {names}.") from None
    if form is not Format.TABLE:
        if ci == build.service.value and build.service is not BuildService.NONE:
            raise UsageError(
                f"--ci {ci} and -o {form.value} both want stdout.",
                f"Write the result to a file instead: --report {form.value}=FILE.",
            )
        return Build(BuildService.NONE)
    return build


def write_reports(files: Mapping[Path, str], report: Report, layout: Layout, envelope: Envelope) -> None:
    """Raises SettingsError for a file that cannot be written."""
    for path, form in files.items():
        try:
            with path.open("w", encoding="utf-8", newline="\n") as file:
                if form in _TEXTS:
                    file.writelines(_TEXTS[form](report))
                else:
                    write(file, _PROGRAM_FORMATS[form], layout, envelope, layout.stream_of(as_json(report)))
        except OSError as error:
            raise SettingsError(
                f"The report {path} cannot be written: {error.strerror}.",
                "Name a file in a folder that exists.",
            ) from None


def tell_build(build: Build, report: Report) -> None:
    """Annotations on stdout, the summary where the service takes it. Raises SettingsError."""
    try:
        _tell_build(build, report)
    except OSError as error:
        if error.filename is None:
            raise
        raise SettingsError(
            f"The build's summary {error.filename} cannot be written: {error.strerror}.",
            "Mend GITHUB_STEP_SUMMARY or AGENT_TEMPDIRECTORY, or say --ci none.",
        ) from None


def _tell_build(build: Build, report: Report) -> None:
    if build.service is BuildService.GITHUB:
        if build.summary is not None:
            with build.summary.open("a", encoding="utf-8", newline="\n") as file:
                file.writelines(_lines(as_markdown(report)))
        sys.stdout.writelines(_lines(as_github(report)))
    elif build.service is BuildService.AZURE_DEVOPS:
        summary = None
        if build.folder is not None:
            summary = build.folder.resolve() / SUMMARY
            summary.write_text("".join(_lines(as_markdown(report))), encoding="utf-8", newline="\n")
        sys.stdout.writelines(_lines(as_azure_devops(report, summary)))


def _lines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line + "\n"
