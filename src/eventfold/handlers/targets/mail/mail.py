"""`Mail`: what a handler returns for a mail server."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from eventfold.errors import EffectRefused
from eventfold.handlers.targets.mail.addresses import address_of, one_line

if TYPE_CHECKING:
    from email.message import EmailMessage

MOST = 100
"""Addresses of one mail: what every server takes."""

SUBJECT = 500  # characters


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail. Two are equal if they say the same.

        @ef.notify(OrderShipped, to="mail")
        def shipped(event: OrderShipped, message: ef.Message) -> ef.Mail:
            return ef.Mail(to=event.email, subject="On its way", text=f"Parcel {event.tracking_number} left today.")

    Args:
        to: an address, `ada@example.org` or `Ada <ada@example.org>`, or several.
        subject: one line.
        text: as plain text.
        html: the same as HTML, for those who read it. What comes from events is escaped by whoever writes it;
            `MailTemplates` does.
        sender: an address; None = that of the target.
        reply_to: an address; None = the sender.
        cc: addresses that all recipients see.
        bcc: addresses that none sees.

    Raises:
        EffectRefused: one of these cannot be sent; a line end in an address or the subject, for example, which would
            begin a header of somebody else's.
    """

    to: Sequence[str] | str
    subject: str
    text: str
    html: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    cc: Sequence[str] | str = ()
    bcc: Sequence[str] | str = ()

    def __post_init__(self) -> None:
        """Looks at all of it: what could not be sent is known where it is made."""
        for name in ("to", "cc", "bcc"):
            given = getattr(self, name)
            if not isinstance(given, Iterable):
                raise EffectRefused(
                    f"{name}= of a mail is an address or several, as texts, not {given!r:.60}."
                )
            listed = (given,) if isinstance(given, str) else tuple(given)[: MOST + 1]
            for address in listed:
                address_of(address, name)
            msgspec.structs.force_setattr(self, name, listed)
        if not self.to or len(self.to) + len(self.cc) + len(self.bcc) > MOST:
            raise EffectRefused(f"A mail has 1 to {MOST} addresses, of which one stands in to=.")
        one_line(self.subject, "subject", SUBJECT)
        for address in (self.sender, self.reply_to):
            if address is not None:
                address_of(address, "sender or reply_to")
        _check_text(self.text)
        if self.html is not None:
            _check_text(self.html)

    @property
    def recipients(self) -> list[str]:
        """Every address it goes to, each once, without names."""
        given = (*self.to, *self.cc, *self.bcc)
        return list(dict.fromkeys(address_of(each, "to").addr_spec for each in given))

    def written(self, sender: str, message_id: str) -> "EmailMessage":
        """The mail as it goes out.

        Args:
            sender: where the mail names none.
            message_id: the same at every repeat.
        """
        from email.message import EmailMessage
        from email.policy import SMTP
        from email.utils import format_datetime

        found = EmailMessage(SMTP.clone(cte_type="7bit"))  # not every server takes 8 bits
        found["From"] = address_of(self.sender or sender, "sender")
        found["To"] = [address_of(each, "to") for each in self.to]
        if self.cc:
            found["Cc"] = [address_of(each, "cc") for each in self.cc]
        if self.reply_to:
            found["Reply-To"] = address_of(self.reply_to, "reply_to")
        found["Subject"] = self.subject
        found["Date"] = format_datetime(datetime.now(UTC))
        found["Message-ID"] = message_id
        found["Auto-Submitted"] = "auto-generated"  # so that absence notes do not answer
        found.set_content(self.text)
        if self.html is not None:
            found.add_alternative(self.html, subtype="html")
        return found


def _check_text(text: object) -> None:
    try:
        if isinstance(text, str) and "\0" not in text and text.encode() is not None:
            return
    except UnicodeEncodeError:
        pass
    raise EffectRefused("text= and html= of a mail are texts, without NULs and halves of letters.")
