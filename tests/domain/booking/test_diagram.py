from pathlib import Path

from bookingd.domain.booking.diagram import diagram


def test_the_page_shows_the_lifecycle_as_the_table_has_it(checkout: Path) -> None:
    """After a change: put what `diagram()` returns between the page's fences."""
    page = (checkout / "docs" / "lifecycle.md").read_text()

    assert f"```mermaid\n{diagram()}\n```" in page
