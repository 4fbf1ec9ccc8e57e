"""Tables for notebooks."""

from geoseg.pages.notebook import table_html


def test_everything_is_escaped() -> None:
    told = table_html([("<b>", "a & <script>")], ["<i>note"])
    assert "<script>" not in told
    assert "<b>" not in told
    assert "<i>" not in told
    assert "&lt;b&gt;" in told
    assert "a &amp; &lt;script&gt;" in told
    assert told.count("<tr>") == 1
