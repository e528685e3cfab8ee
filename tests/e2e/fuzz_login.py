"""Loaded by Schemathesis (SCHEMATHESIS_HOOKS): keeps its login fresh, for an access token lives ten minutes and a
long run would otherwise test little but refusals."""
import json
import os
import urllib.request

import schemathesis

REFRESH_SECONDS = 240


@schemathesis.auth(refresh_interval=REFRESH_SECONDS, retry_on=[])
class Login:
    def __init__(self):
        self._refresh_token = os.environ["VIGIL_FUZZ_REFRESH_TOKEN"]

    def get(self, case, context):
        # Not by a password: guesses of the fuzzer slow down logins from here.
        body = json.dumps({"refresh_token": self._refresh_token}).encode()
        request = urllib.request.Request(os.environ["VIGIL_FUZZ_ADDRESS"] + "/api/v1/auth/refresh", data=body,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            tokens = json.load(response)
        self._refresh_token = tokens["refresh_token"]
        return tokens["access_token"]

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"
