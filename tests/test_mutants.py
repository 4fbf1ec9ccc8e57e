"""The mutants of the benchmark still fit the code that they break."""

from __future__ import annotations

import pytest
from conftest import REPOSITORY
from mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_its_text_and_its_tests_are_there(mutant: Mutant) -> None:
    code = (REPOSITORY / "geoseg" / mutant.file).read_text(encoding="utf-8")
    assert code.count(mutant.old) == 1
    path, _, test = mutant.tests.partition("::")
    text = (REPOSITORY / "tests" / path).read_text(encoding="utf-8")
    assert not test or f"def {test}(" in text
