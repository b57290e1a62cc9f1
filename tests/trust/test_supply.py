"""No secret stands in the tree, and no locked package has a known hole."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.plugins.base import BasePlugin, RegexBasedDetector
from detect_secrets.settings import default_settings, get_plugins, transient_settings

from tests.architecture.test_no_addresses import tracked
from tests.architecture.tree import ROOT
from tests.trust.figures import record

MADE_UP = {
    "docs/site/settings.py": "what a variable that holds secrets is",
    "tests/bus/public/test_target.py": "the name of a variable that holds a password, and a password in a URL",
    "docs/howto/send-mail.md": "the name of a variable that holds a password",
    "docs/reference/settings.md": "the name of a variable that holds a password",
    "tests/app/test_live.py": "a password in a URL that must be masked",
    "tests/bus/feed/test_arrow.py": "the key of the stand-in",
    "tests/readmodels/lakecopy/test_chunks.py": "the key of the stand-in",
    "tests/readmodels/lakecopy/test_rows.py": "a word in the data of an event",
    "tests/readmodels/lakecopy/test_through.py": "the key of the stand-in",
    "tests/bus/test_java.py": "a password that has to be quoted",
    "tests/bus/test_open.py": "a password in a URL that is refused",
    "src/eventfold/bus/kafka/security.py": "the name of a variable",
    "tests/handlers/targets/test_own.py": "a password that no text may show",
    "tests/doors/health/test_logs.py": "a password in a URL that no log may show",
    "tests/doors/test_cli.py": "a password in a URL that must be masked",
    "tests/doors/test_config_targets.py": "secrets that no answer and no error may show",
    "tests/doors/test_config.py": "secrets that a configuration file must not hold",
    "tests/aggregates/test_normal.py": "hashes of normal forms",
    "tests/errors/catalogue.py": "a password in a URL that is refused",
    "tests/errors/conftest.py": "a key that no text may show",
    "tests/handlers/campaign/test_killed.py": "the key of the stand-in",
    "tests/handlers/targets/mailserver.py": "the password of a mail server of tests",
    "tests/handlers/targets/test_hostile_smtp.py": "a password that no text may show",
    "tests/handlers/targets/test_open.py": "a secret that no text may show",
    "tests/handlers/targets/test_smtp.py": "a password that is wrong",
    "tests/handlers/targets/test_webhook.py": "a password in a URL that is sent as a header",
    "tests/imports/settling/test_holding_back.py": "the key of the stand-in",
    "tests/imports/settling/test_rivals.py": "the key of the stand-in",
    "tests/readmodels/stored/log-1.sql": "ids of events",
    "tests/readmodels/stored/state-1.sql": "ids of events and fingerprints",
    "tests/readmodels/declaring/test_definitions.py": "the fingerprint of a definition",
    "src/eventfold/readmodels/delta/places/signing.py": "the name of a variable that holds a key",
    "tests/readmodels/delta/places/test_address.py": "a password in an address that is refused",
    "tests/readmodels/delta/places/test_app.py": "a key that is wrong",
    "tests/store/cosmos/conftest.py": "the key of the stand-in",
    "tests/store/cosmos/test_faults.py": "a key that is wrong",
    "tests/readmodels/synapse/test_scripts.py": "a password and a signature in an address that is refused",
    "tests/trust/corpus/config.txt": "a secret that a configuration file must not hold",
    "tests/trust/test_supply.py": "the control below",
}
STAMPS = "/_eventfold/cursor/"
"""Where stamps of Delta tables stand, with ids of events."""

LOCKED = ROOT / "requirements" / "dev.txt"


def secrets(files: Iterable[Path], root: Path) -> Iterator[tuple[str, str]]:
    """Place and kind of whatever looks like a secret.

    Only detectors that see something in a file as a whole are asked about each of its lines, which takes long.
    """
    with default_settings():
        detectors = [(type(detector).__name__, _of_many_lines(detector)) for detector in get_plugins()]
        asked = defaultdict(list)
        for file in files:
            text = file.read_text("utf-8", errors="replace")
            asked[tuple(name for name, sees in detectors if sees(str(file), text))].append(file)
    for names, some in asked.items():
        if names:
            with transient_settings({"plugins_used": [{"name": name} for name in names]}):
                yield from _scanned(some, root)


def _of_many_lines(detector: BasePlugin) -> Callable[[str, str], bool]:
    """Whether a detector of secrets in a line may find one in any line of a text."""
    if isinstance(detector, RegexBasedDetector):
        patterns = [re.compile(one.pattern, one.flags | re.MULTILINE) for one in detector.denylist]
        return lambda _, text: any(pattern.search(text) for pattern in patterns)
    return lambda name, text: bool(detector.analyze_line(filename=name, line=text))


def _scanned(files: Iterable[Path], root: Path) -> Iterator[tuple[str, str]]:
    found = SecretsCollection(root=str(root))
    for file in files:
        found.scan_file(str(file.relative_to(root)))
    for place, secret in found:
        yield place, f"{place}:{secret.line_number} {secret.type}"


def every_file() -> list[Path]:
    return [file for file in tracked(ROOT) if LOCKED.parent not in file.parents]


@pytest.mark.slow
def test_no_secret_stands_in_the_tree() -> None:
    files = every_file()
    found = list(secrets(files, ROOT))
    assert [what for place, what in found if place not in MADE_UP and STAMPS not in place] == []
    assert {place for place, _ in found} >= set(MADE_UP) & {f.relative_to(ROOT).as_posix() for f in files}
    record("secrets", files=len(files), unexplained=0, made_up=len(found))


@pytest.mark.nightly
def test_all_detectors_on_all_files_find_nothing_else() -> None:
    with default_settings():
        found = set(_scanned(every_file(), ROOT))
    assert found == set(secrets(every_file(), ROOT))


def test_control_a_secret_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('password = "correct-horse-battery-staple"\n')
    ((place, what),) = secrets([tmp_path / "a.py"], tmp_path)
    assert (place, what.split()[-2:]) == ("a.py", ["Secret", "Keyword"])


def test_control_a_pattern_is_found_wherever_it_stands_in_a_line(tmp_path: Path) -> None:
    token = "AKC" + "a1" * 8
    for name, text in {"a.txt": token, "b.txt": f"x\n{token}\ny\n", "c.txt": f"x\n={token}"}.items():
        (tmp_path / name).write_text(text)
    found = {place for place, what in secrets(sorted(tmp_path.iterdir()), tmp_path) if "Artifactory" in what}
    assert found == {"a.txt", "b.txt", "c.txt"}


@pytest.mark.nightly
def test_no_locked_package_has_a_known_hole() -> None:
    command = [sys.executable, "-m", "pip_audit", "-r", str(LOCKED), "--require-hashes", "--disable-pip"]
    done = subprocess.run(
        [*command, "-f", "json", "--progress-spinner", "off"], check=False, capture_output=True, text=True
    )
    if not done.stdout.strip():
        pytest.skip(f"no answer of the list of known holes: .venv/bin/{' '.join(command[2:])}")
    packages = json.loads(done.stdout)["dependencies"]
    known = [package for package in packages if "vulns" in package]
    if not known:
        pytest.skip(f"the registry in use has no list of known holes: .venv/bin/{' '.join(command[2:])}")
    record("known-holes", packages=len(known), holes=0)
    assert [package for package in known if package["vulns"]] == []
