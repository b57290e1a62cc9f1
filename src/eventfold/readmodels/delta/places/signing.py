"""How a container is reached and who signs in there: variables of the environment, by a closed list."""

import os
from collections.abc import Mapping

from eventfold.errors import ConfigInvalid
from eventfold.readmodels.address import Address

ENDPOINT = "AZURE_STORAGE_ENDPOINT"
KEY = "AZURE_STORAGE_ACCOUNT_KEY"
SAS = "AZURE_STORAGE_SAS_TOKEN"
_VARIABLES = {
    KEY: "account_key",
    SAS: "sas_token",
    "AZURE_TENANT_ID": "tenant_id",
    "AZURE_CLIENT_ID": "client_id",
    "AZURE_CLIENT_SECRET": "client_secret",
    "AZURE_FEDERATED_TOKEN_FILE": "federated_token_file",
    "AZURE_AUTHORITY_HOST": "authority_host",
    "AZURE_USE_AZURE_CLI": "use_azure_cli",
    "IDENTITY_ENDPOINT": "msi_endpoint",
}
"""Variable -> what both libraries call it. They choose by what is there: key, workload identity, client secret, shared
access signature, Azure CLI, managed identity."""
_SECRETS = ("account_key", "sas_token", "client_secret")
_LOOPBACK = ("http://127.0.0.1:", "http://localhost:", "http://[::1]:")
HOW = (
    f"sign in by Entra ID (on Azure by the managed identity, elsewhere by AZURE_TENANT_ID, AZURE_CLIENT_ID and"
    f" AZURE_CLIENT_SECRET, or after `az login` by AZURE_USE_AZURE_CLI=true), or by {KEY} or {SAS}"
)


def read_options(address: Address, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The options of both libraries, all of them text; secrets are among them.

    Args:
        address: of the lake.
        environment: its variables.

    Raises:
        ConfigInvalid: the endpoint is no address that may be used.
    """
    # else a variable that is left over would win over all the rest
    options = {"account_name": address.account, "use_emulator": "false"}
    for variable, name in _VARIABLES.items():
        if value := environment.get(variable, "").strip():
            options[name] = value
    if endpoint := environment.get(ENDPOINT, "").strip():
        if not endpoint.startswith(("https://", *_LOOPBACK)) or "?" in endpoint or "@" in endpoint:
            raise ConfigInvalid(
                f"{ENDPOINT} is no endpoint: write https://HOST, or http://127.0.0.1:PORT/ACCOUNT for Azurite on this"
                " machine.",
                key="lake",
            )
        options["endpoint"] = endpoint
        if endpoint.startswith("http://"):
            options["allow_http"] = "true"
    return options


def secrets_in(options: Mapping[str, str]) -> list[str]:
    """The texts that nobody may see."""
    found = [options[name] for name in _SECRETS if name in options]
    signatures = [
        part.partition("=")[2] for text in found for part in text.split("&") if part.startswith("sig=")
    ]
    return [text for text in (*found, *signatures) if text]
