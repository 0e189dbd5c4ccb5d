"""The program that measures how far a confidence is off."""

from __future__ import annotations

import pytest

from benchmarks.agent.calibration import Claim, card_of, ece, report_of


def test_the_error_is_the_mean_distance_of_confidence_and_share_over_bins_by_their_claims() -> None:
    # 0.9-1.0: four claims of 0.95, three right: 4 x |0.95 - 0.75| = 0.8. 0.2-0.3: one of 0.2, wrong: 0.2. In all 1.0 of 5 claims.
    assert ece([(0.95, True)] * 3 + [(0.95, False), (0.2, False)]) == pytest.approx(0.2)
    assert ece([(1.0, True)]) == 0.0
    assert ece([]) == 0.0


def test_a_claim_without_a_confidence_does_not_count_and_the_card_says_how_many_did() -> None:
    claims = [Claim("confirmed", 0.95, True, True), Claim("rejected", 0.25, False, False), Claim("unverified", None, True, True)]
    card = card_of(claims, 1_000_000)
    # |0.95 - 1| and |0.25 - 0|, of two claims; always certain: |1 - 0.5|.
    assert (card.qa_type, card.metric, card.figure, card.baseline, card.tests) == ("tal_confidence", "confidence ECE", 0.15, 0.5, 2)
    assert report_of(claims)[:4] == [
        "confirmed: 1 claims, 1 right as first made, 1 as told",
        "rejected: 1 claims, 0 right as first made, 0 as told",
        "unverified: 1 claims, 1 right as first made, 1 as told",
        "ECE 0.150 on 2 claims; saying certain every time 0.500",
    ]
