"""What an app can find out about the authorization server before it asks for anything."""

from extractors.decode import Json
from smartapp.demo_ehr.clients import AuthMethod
from smartapp.demo_ehr.scopes import PLAIN
from smartapp.demo_ehr.signatures import ASSERTION_ALGORITHMS

_BACKEND = ("system/*.rs", "system/*.read")
_CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-ehr-patient",
    "context-standalone-patient",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
)


def smart_configuration(base: str, *, backends: bool = False) -> Json:
    """The discovery document of SMART App Launch 2.2."""
    return {
        "issuer": base,
        "jwks_uri": f"{base}/jwks",
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "revocation_endpoint": f"{base}/revoke",
        "grant_types_supported": ["authorization_code", "refresh_token", *(["client_credentials"] if backends else [])],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": [
            *PLAIN,
            "patient/*.rs",
            "user/*.rs",
            "patient/*.read",
            "user/*.read",
            *(_BACKEND if backends else []),
        ],
        "token_endpoint_auth_methods_supported": [method.value for method in AuthMethod],
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "capabilities": list(_CAPABILITIES),
    }
