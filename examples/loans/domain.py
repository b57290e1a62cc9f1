"""Loan applications of a bank, as its own log tells them: steps of the application, of offers, of the work on them.

`loan-applications.csv.gz` is the log of the BPI Challenge 2012 (B.F. van Dongen, 4TU.ResearchData,
doi 10.4121/uuid:3926db30-f712-4394-aebc-75976070e91f): 262,200 events of 13,087 applications.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

import eventfold as ef
from eventfold.imports import Mapping


class Step(ef.Event):
    """What every row of the log says."""

    amount: Decimal
    registered_at: datetime
    transition: Literal["SCHEDULE", "START", "COMPLETE"]
    resource: str | None = None


class Submitted(Step, name="A_SUBMITTED"): ...


class PartlySubmitted(Step, name="A_PARTLYSUBMITTED"): ...


class Preaccepted(Step, name="A_PREACCEPTED"): ...


class Accepted(Step, name="A_ACCEPTED"): ...


class Finalized(Step, name="A_FINALIZED"): ...


class Approved(Step, name="A_APPROVED"): ...


class Registered(Step, name="A_REGISTERED"): ...


class Activated(Step, name="A_ACTIVATED"): ...


class Declined(Step, name="A_DECLINED"): ...


class Cancelled(Step, name="A_CANCELLED"): ...


class OfferSelected(Step, name="O_SELECTED"): ...


class OfferCreated(Step, name="O_CREATED"): ...


class OfferSent(Step, name="O_SENT"): ...


class OfferSentBack(Step, name="O_SENT_BACK"): ...


class OfferAccepted(Step, name="O_ACCEPTED"): ...


class OfferCancelled(Step, name="O_CANCELLED"): ...


class OfferDeclined(Step, name="O_DECLINED"): ...


class CompletingApplication(Step, name="W_Completeren aanvraag"): ...


class CallingAboutOffers(Step, name="W_Nabellen offertes"): ...


class CallingAboutMissingPapers(Step, name="W_Nabellen incomplete dossiers"): ...


class Validating(Step, name="W_Valideren aanvraag"): ...


class HandlingLeads(Step, name="W_Afhandelen leads"): ...


class AssessingFraud(Step, name="W_Beoordelen fraude"): ...


class ChangingContract(Step, name="W_Wijzigen contractgegevens"): ...


STAGES: dict[type[Step], str] = {
    Submitted: "submitted",
    PartlySubmitted: "partly submitted",
    Preaccepted: "preaccepted",
    Accepted: "accepted",
    Finalized: "finalized",
    Approved: "approved",
    Registered: "registered",
    Activated: "activated",
    Declined: "declined",
    Cancelled: "cancelled",
}
STEPS: list[type[Step]] = Step.__subclasses__()

ROWS = Mapping(
    stream=("case:concept:name",),
    category="application",
    type=("concept:name",),
    time="time:timestamp",
    data=(
        "amount=case:AMOUNT_REQ",
        "registered_at=case:REG_DATE",
        "transition=lifecycle:transition",
        "resource=org:resource",
    ),
)
