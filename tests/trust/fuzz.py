"""Fuzzes one decoder, led by coverage: `python -m tests.trust.fuzz DECODER CORPUS-FOLDER [libFuzzer options]`."""

import os
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["eventfold"], enable_loader_override=False):
    from tests.trust.decoders import DECODERS, corpus, harmless


def main(name: str, folder: str, *options: str) -> None:
    """Starts from the kept corpus; libFuzzer ends the process."""
    for number, content in enumerate(corpus(name)):
        (Path(folder) / f"kept-{number}").write_bytes(content)
    decoder = DECODERS[name]

    def one(content: bytes) -> None:
        harmless(decoder, content)

    atheris.Setup([sys.argv[0], *options, folder], one)
    atheris.Fuzz()


if __name__ == "__main__":
    os.environ["EVENTFOLD_DEBUG"] = ""
    main(*sys.argv[1:])
