"""The keeper's trouble as a scope: too little room ends by itself, a failed journal does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from robson.api.document.status import daemon as document_of
from robson.api.translate.status import daemon as translated
from robson.daemon.keeper import DISK_LOW, JOURNAL_FAILED, Keeper
from robson.domain.errors import StoreError
from robson.domain.values import ExchangeNs
from tests.contract.bad_days import held


@pytest.mark.parametrize(
    ("failed", "code", "ends"),
    [(None, DISK_LOW, True), (StoreError("SQLITE_FULL"), JOURNAL_FAILED, False)],
)
def test_only_what_is_over_by_itself_says_so(
    failed: StoreError | None, code: str, *, ends: bool
) -> None:
    nobody: Any = None
    journal: Any = SimpleNamespace(failed=failed)
    watch: Any = SimpleNamespace(look=lambda: None)
    keeper = Keeper(journal, watch, nobody, inbox=nobody, clock=nobody, flat=nobody, fatal=nobody)
    fact = keeper.degraded("trouble", ExchangeNs(5))
    [told] = document_of(translated(held(degraded=(fact,)).daemon), "door")["degraded"]

    assert (told["code"], told["auto_clear"]) == (code, ends)
