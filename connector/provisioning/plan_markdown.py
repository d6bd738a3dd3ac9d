"""The plan for the page of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from connector.model.shown_text import in_markdown
from connector.provisioning.change import Change, Plan
from connector.provisioning.report import SIGNS, difference, summary


def plan_as_markdown(plan: Plan, title: str, url: str) -> Iterator[str]:
    """Lines. Headings begin at the third level, below those of the page that they stand on."""
    sign = "❌" if plan.refusals else "✏️" if plan.changes else "✅"
    yield f"### {sign} {in_markdown(title)}: {in_markdown(summary(plan))}"
    yield ""
    yield f"Environment `{url}`"
    yield ""
    for refusal in plan.refusals:
        yield f"- **Refused:** {in_markdown(refusal.message)} {in_markdown(refusal.hint)}".rstrip()
    if plan.changes:
        yield "| | what | table | record | columns |"
        yield "| --- | --- | --- | --- | --- |"
        yield from (_row(change) for change in plan.changes)
        yield ""
        yield f"Digest `{plan.digest}`"
    if plan.refusals or plan.changes:
        yield ""
    for note in plan.notes:
        yield f"- {in_markdown(note)}"
    if plan.notes:
        yield ""


def failure_as_markdown(title: str, url: str, message: str) -> Iterator[str]:
    """An environment for which there is no plan."""
    yield f"### ❌ {in_markdown(title)}: no plan"
    yield ""
    if url:
        yield f"Environment `{url}`"
        yield ""
    yield in_markdown(message)
    yield ""


def _row(change: Change) -> str:
    columns = "<br>".join(
        f"{in_markdown(item.column)} {in_markdown(difference(change, item))}" for item in change.fields
    )
    name = f"{in_markdown(change.name)} `{change.id}`"
    return f"| {SIGNS[change.action]} | {change.action.value} | {change.table} | {name} | {columns} |"
