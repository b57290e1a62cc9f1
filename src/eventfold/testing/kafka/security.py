"""The listener that speaks as Azure Event Hubs does: SASL over TLS, PLAIN by connection string or OAUTHBEARER by token.

Of a token it looks at the form and the times alone: an unsecured JSON Web Token will do.
"""

import os
import secrets
import subprocess
from pathlib import Path

import msgspec

from eventfold.testing.kafka.jars import KafkaMissing, needs

USER = "$ConnectionString"
_PEM = "ca.pem"
_BEARER = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"


class Secured(msgspec.Struct, frozen=True):
    """What a client needs.

    Attributes:
        password: the connection string, which Event Hubs takes as the password.
        authority: the file with the certificate that signs the broker's.
        settings: of the broker.
    """

    password: str
    authority: Path
    settings: dict[str, str]

    def client(self, port: int) -> dict[str, str]:
        """The settings of a client."""
        return {
            "bootstrap.servers": f"localhost:{port}",
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "PLAIN",
            "sasl.username": USER,
            "sasl.password": self.password,
            "ssl.ca.location": str(self.authority),
        }


def secured(folder: Path) -> Secured:
    """A certificate in a folder, a connection string, and the settings of the listener.

    Raises:
        KafkaMissing: Java has no keytool here, or it failed.
    """
    needs("keytool")
    word = secrets.token_hex(16)
    store, authority = folder / "broker.p12", folder / _PEM
    common = ["-alias", "broker", "-keystore", str(store), "-storepass:env", "STOREPASS"]
    names = ["-dname", "CN=localhost", "-ext", "san=dns:localhost,ip:127.0.0.1", "-validity", "30"]
    kind = ["-keyalg", "EC", "-groupname", "secp256r1", "-storetype", "PKCS12"]
    _keytool(word, "-genkeypair", *common, *kind, *names)
    _keytool(word, "-exportcert", "-rfc", "-file", str(authority), *common)
    key = secrets.token_hex(16)
    password = f"Endpoint=sb://localhost/;SharedAccessKeyName=tests;SharedAccessKey={key}"
    login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    return Secured(
        password,
        authority,
        {
            "sasl.enabled.mechanisms": "PLAIN,OAUTHBEARER",
            "listener.name.sasl_ssl.plain.sasl.jaas.config": f'{login} "user_{USER}"="{password}";',
            "listener.name.sasl_ssl.oauthbearer.sasl.jaas.config": f"{_BEARER} required;",
            "ssl.keystore.location": str(store),
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.password": word,
            "ssl.client.auth": "none",
        },
    )


def _keytool(word: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - a list, and no shell
        ["keytool", *arguments],  # noqa: S607 - the one on the path
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "STOREPASS": word},
        timeout=60,
    )
    if done.returncode != 0:
        raise KafkaMissing(
            f"keytool could not make a certificate: {(done.stdout + done.stderr)[-500:].strip()}"
        )
