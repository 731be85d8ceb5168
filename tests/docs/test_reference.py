"""Every key that may be written is described, in words that come from the code."""

from __future__ import annotations

from tests.docs.reference import PAGE, page


def test_the_reference_page_is_what_the_schema_says() -> None:
    assert PAGE.read_text() == page()


def test_each_row_of_a_table_is_one_line() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| ")]
    assert rows
    assert [row for row in rows if not row.endswith(" |")] == []
