"""
Who sends the generated requests: the operator, a tenant’s backend and a user of it.

Among the requests are those that end a credential: signing out, suspending the tenant, revoking the key. From then on
everything would be refused at the door and nothing behind it tried, so whoever is turned away gets new credentials.
"""

import os
import threading
import uuid

import found
import requests
import schemathesis

BASE = os.environ["CVAULT_FUZZ_URL"]
ADMIN = {"Authorization": "Bearer " + os.environ["CVAULT_FUZZ_ADMIN_KEY"]}
PASSWORD = "correct horse battery staple"
# RFC 7517, appendix A.1. Somebody's example: its private half signs nothing here.
EC_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}
# Far above what a run sends: it looks for faults behind the limits.
LIMITS = {"authRateLimit": 1_000_000, "authRateWindowSeconds": 1}


def post(path, body, headers):
    answer = requests.post(BASE + path, json=body, headers=headers, timeout=30)
    if not answer.ok:
        raise RuntimeError(f"{path}: {answer.text}")
    return answer.json()


class Callers:
    """A tenant with a key and a user, made when they are first needed and again when they have been ended."""

    def __init__(self):
        self.lock = threading.Lock()
        self.doubted = False
        self.key = None
        self.token = None

    def renew(self):
        if self.key is not None:
            headers = {"X-API-Key": self.key, "Authorization": f"Bearer {self.token}"}
            if requests.get(BASE + "/api/v1/me", headers=headers, timeout=30).status_code == 200:
                return
        found.forget()
        tenant = post("/api/v1/admin/tenants", {"name": f"fuzz {uuid.uuid4()}", **LIMITS}, ADMIN)
        found.remember("tenants", tenant)
        keys = f"/api/v1/admin/tenants/{tenant['id']}/api-keys"
        self.key = post(keys, {"name": "fuzz", "mode": "live"}, ADMIN)["key"]
        backend = {"X-API-Key": self.key}
        user = {"email": f"{uuid.uuid4()}@example.com", "password": PASSWORD}
        self.token = post("/api/v1/auth/register", user, backend)["accessToken"]
        self.furnish(backend)

    def furnish(self, backend):
        """One of everything that is too hard to make by chance, and one more for each that a request may end."""
        app = {**backend, "Authorization": f"Bearer {self.token}"}
        for n in range(3):
            found.remember("devices", post("/api/v1/devices", {"deviceName": f"phone {n}"}, app))
            user = {"email": f"{uuid.uuid4()}@example.com"}
            found.remember("users", post("/api/v1/tenant/users", user, backend))
            endpoint = {"url": f"https://hooks.example/{n}"}
            found.remember("webhook-endpoints", post("/api/v1/tenant/webhook-endpoints", endpoint, backend))
            provider = {
                "name": f"ours {n}",
                "issuer": f"https://{n}.example",
                "audiences": ["fuzz"],
                "algorithms": ["ES256"],
                "jwks": {"keys": [EC_KEY]},
            }
            found.remember("identity-providers", post("/api/v1/tenant/identity-providers", provider, backend))

    def headers(self, schemes):
        with self.lock:
            if self.key is None or self.doubted:
                self.renew()
                self.doubted = False
            known = {
                "AdminKey": ADMIN,
                "ApiKey": {"X-API-Key": self.key},
                "UserToken": {"Authorization": f"Bearer {self.token}"},
            }
        return {name: value for scheme in schemes for name, value in known[scheme].items()}


callers = Callers()


@schemathesis.auth(refresh_interval=None)
class Credentials:
    def get(self, case, context):
        security = context.operation.definition.raw.get("security") or [{}]
        return callers.headers(security[0])

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), **data}


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code in (401, 403):
        callers.doubted = True
