"""The tree of errors: every branch has an answer, and no status stands below api/."""

from pathlib import Path

from api.errors import STATUS
from hub.errors import HubError

ROOT = Path(__file__).parents[3]


def branches(kind: type[HubError]) -> set[type[HubError]]:
    return {kind}.union(*(branches(child) for child in kind.__subclasses__()))


def test_every_error_has_one_status_and_one_code() -> None:
    known = branches(HubError) - {HubError}
    assert known == set(STATUS)
    codes = [kind.code for kind in known]
    assert len(set(codes)) == len(codes)


def test_every_error_says_what_the_caller_can_do() -> None:
    for kind in branches(HubError):
        assert kind.__doc__


def test_no_expected_error_stands_outside_the_tree() -> None:
    outside = {
        path.relative_to(ROOT).as_posix()
        for folder in ("devices", "people", "announcements", "camera", "scheduler", "api")
        for path in (ROOT / folder).rglob("*.py")
        if "HTTPException(" in path.read_text(encoding="utf-8")
    }
    # A body that is too large is found while the framework reads it, in the framework's own terms.
    assert outside == {"api/edge.py"}
