"""Definitions with anything in any place: the metadata API refuses them with a code, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.emulator import start
from tests.emulator.protocol.caller import NOW, Api
from tests.emulator.protocol.definitions import NAMESPACE, column, label, one_to_many, table

SEEDED = settings(
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
OPTIONS = {"Options": [{"Value": 1, "Label": label("A")}, {"Label": label("B")}]}
WHOLE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("EntityDefinitions", table("new_Bank", column("Integer", "new_I", MinValue=0, MaxValue=9))),
    ("CreateEntities", {"Entities": [table("new_Bank")]}),
    ("EntityDefinitions(LogicalName='account')/Attributes", column("Picklist", "new_P", OptionSet=OPTIONS)),
    ("EntityDefinitions(LogicalName='account')/Attributes", column("Money", "new_M", PrecisionSource=2)),
    ("EntityDefinitions(LogicalName='account')/Keys", {"SchemaName": "new_k", "KeyAttributes": ["name"]}),
    (
        "RelationshipDefinitions",
        one_to_many("account", "contact", "new_L", CascadeConfiguration={"Delete": "Restrict"}),
    ),
    (
        "RelationshipDefinitions",
        {
            "@odata.type": f"{NAMESPACE}ManyToManyRelationshipMetadata",
            "SchemaName": "new_both",
            "Entity1LogicalName": "account",
            "Entity2LogicalName": "contact",
        },
    ),
    (
        "GlobalOptionSetDefinitions",
        {"@odata.type": f"{NAMESPACE}OptionSetMetadata", "Name": "new_set", **OPTIONS},
    ),
)
NAMES = st.sampled_from(
    [
        "new_x",
        "NEW_X",
        "x",
        "new_" + "y" * 200,
        "msdyn_x",
        'new_"; --',
        "new_ü",
        "account",
        "name",
        "",
        "new_x\n",
    ]
)
ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        NAMES,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["Value", "LocalizedLabels", "Label", "Options", "@odata.type"]),
            inner,
            max_size=2,
        ),
    ),
    max_leaves=4,
)


def _places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for name, value in items:
        yield (*path, name)
        if isinstance(value, dict | list):
            yield from _places(value, (*path, name))


def _with(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    first, *rest = path
    inside = value if not rest else _with(content[first], tuple(rest), value)
    if isinstance(content, dict):
        return content | {first: inside}
    return [inside if position == first else one for position, one in enumerate(content)]


@st.composite
def definitions(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """One that is right, with something else in one or two of its places."""
    path, content = draw(st.sampled_from(WHOLE))
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.sampled_from(list(_places(content))))
        content = _with(content, place, draw(ANYTHING))
    return path, content


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with start(None, now=NOW) as running:
        caller = Api(running)
        yield caller
        caller.session.close()


@pytest.mark.parametrize(("path", "content"), WHOLE, ids=lambda one: one if isinstance(one, str) else "")
def test_each_of_them_is_right_as_it_stands(api: Api, path: str, content: dict[str, Any]) -> None:
    """Else what is changed in it would prove little."""
    before = api.emulator.store.image()
    answer = api.send("POST", path, content)
    api.emulator.store.restore(before)
    assert answer.status_code == 204, answer.text


@SEEDED
@given(definition=definitions())
def test_any_definition(api: Api, definition: tuple[str, dict[str, Any]]) -> None:
    """It is taken, or refused with a code and a message; then the schema is the one that it was."""
    path, content = definition
    store = api.emulator.store
    before, image = store.schema, store.image()
    answer = api.send("POST", path, content)
    assert answer.status_code in (204, 400, 404, 412, 501), (path, content, answer.text)
    if answer.status_code == 204:
        assert api.get("$metadata").status_code == 200
        store.restore(image)
    else:
        assert answer.json()["error"]["message"]
        assert store.schema is before
