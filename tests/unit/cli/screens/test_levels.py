"""Why this stop: said of the stop alone, whatever else refuses the entry."""

from __future__ import annotations

import pytest

from robson.cli.screens import arm
from robson.cli.screens.line import UNICODE, Page, text_of
from tests.unit.cli.screens import arm_documents as arms
from tests.unit.cli.screens.documents import Doc, changed

SMALL = {"code": "size_too_small", "message": "risk leaves 0.00001 BTC", "numbers": {}}
FITS, NOT = "so the stop is 1.5 times", "does not either"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (arms.ATR_STOP, FITS),
        (arms.NO_STOP, NOT),
        (changed(arms.ATR_STOP, preview__plan=None, preview__denials=[SMALL]), FITS),
    ],
)
def test_the_average_range_is_blamed_only_when_the_stop_is_refused(
    document: Doc, said: str
) -> None:
    shown = " ".join(text_of(line).strip() for line in arm.arm(document, Page(100, UNICODE)))

    assert (FITS in shown, NOT in shown) == (said == FITS, said == NOT)
