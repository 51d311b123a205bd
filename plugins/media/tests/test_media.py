"""The plugin can be installed, found by its entry point and chosen by a tenant."""

from importlib.metadata import entry_points


def test_the_entry_point_gives_the_manifest() -> None:
    [found] = [each for each in entry_points(group="truffles_gateway") if each.name == "media"]
    assert found.load().name == "media"
