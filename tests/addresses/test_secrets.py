"""What is written down holds no passwords."""

import pytest

from geoseg.addresses.secrets import without_secrets


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ortho.tif", "ortho.tif"),
        ("a.tif?sig=x, band 1: failed", "a.tif, band 1: failed"),
        ("https:/me:pw@host/a.tif?sig=x", "https:/host/a.tif"),
        ("C:/me@home/a.tif", "C:/me@home/a.tif"),
        ("what? why #1.tif", "what? why #1.tif"),
        ("https://host/a.tif", "https://host/a.tif"),
        ("https://user:pass@host:8080/a.tif", "https://host:8080/a.tif"),
        ("https://user:p@ss?w#rd@host/a.tif", "https://host/a.tif"),
        ("https://host/a.tif?sig=abc&se=2026", "https://host/a.tif"),
        ("https://host/a.tif#token", "https://host/a.tif"),
        ("/vsicurl/https://u:p@host/a.tif?x=1", "/vsicurl/https://host/a.tif"),
        ("/vsicurl?header.Authorization=abc&url=https%3A%2F%2Fhost", "/vsicurl"),
        ("PG:dbname=town password='a b' user=me", "PG:dbname=town password=... user=me"),
        ("PG:dbname=town password=x user=me", "PG:dbname=town password=... user=me"),
        ("--set aws_secret_access_key=abc", "--set aws_secret_access_key=..."),
        ("see https://a:b@c/d?e and https://f/g?h.", "see https://c/d and https://f/g"),
    ],
)
def test_urls_keep_their_host_and_path_alone(text: str, left: str) -> None:
    assert without_secrets(text) == left
