"""Names that every store takes, and names that none does; see `eventfold.events.names`."""

BAD_TYPES = [
    "'; DROP TABLE x;--",
    *(
        "",
        " Noted",
        "Noted ",
        "Noted\u3000",
        "x" * 129,
        "\u5be9" * 129,
        "$closed",
        "_x",
        "{x}",
        "\u0308r",
        "\u00abx\u00bb",
    ),
    *(
        "Tu\u0308r",
        "a\nb",
        "a\0b",
        "a\u2028b",
        "a\ud800b",
        "a\ue000b",
        "a\u0378b",
        "a\U0010ffffb",
        "a\u0600b",
    ),
    *(
        "a\u200bb",
        "a\u00adb",
        "a\u202eb",
        "a\u200fb",
        "a\u2066b",
        "a\u061cb",
        "a\ufe0fb",
        "a\u2800b",
        "a\u3164b",
    ),
    *("a\u200d", "a\u200c1", "1\u200da", "a\u200d\u200cb", "a \u200db", "\u200da"),
]
"""Of event types: at the wrong place, not in NFC, invisible, of another direction, not assigned, joining nothing."""

GOOD_TYPES = [
    *(
        "SRM: Created",
        "W_Completeren aanvraag",
        "a",
        "9",
        "x" * 128,
        "A(b)&+,/.:",
        "Rechnung prüfen",
        "审批",
        "承認\u3000済み",
    ),
    *(
        "Approve?",
        "50 % paid",
        "Pay o'clock",
        "l\u2019été",
        'say "yes"',
        "back\\slash",
        "a; DROP TABLE x;--",
        "a=1 | b#2",
    ),
    *(
        "\u05d0\u05d9\u05e9\u05d5\u05e8",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "क्\u200dष",
        "ශ්\u200dරී",
        "स्वीकृति",
    ),
    *(
        "\u0663 x",
        "\u2167 b",
        "Betrag > 500 €",
        "a \u2013 b \u2026",
        "done ✅",
        "\U00020000" * 128,
        "x[y]<z>",
        "a~b^c`d$e@f*g!",
    ),
]

GOOD_STREAMS = [
    *("\u05e2\u05e8-\u05d0\u05d1", "\u0633\u0641-\u0645\u06cc\u200c\u062e\u0648", "注文-審査\u3000中"),
    "a&'\"-50 % \u2013 \u00bbx\u00ab",
]

HIDDEN = [
    *(
        "\u200b",
        "\u202e",
        "\u2066",
        "\u00ad",
        "\u3164",
        "\ufe0f",
        "\U000e0041",
        "\u200d",
        "\u0600",
        "\ue000",
        "\u0378",
    ),
]
"""What no name of a new stream has, and one that is stored may have."""
