"""Who may not: wrong passwords, dead tokens, the wrong role."""
import base64
import json

import pytest

from installation import ADMIN
from rest import Rest, fetch


@pytest.fixture(scope="module")
def serving(enrolled_template, tmp_path_factory):
    installation = enrolled_template.copy_to(tmp_path_factory.mktemp("bad-access"))
    running = installation.serve()
    running.rest.login(*ADMIN)
    made = running.rest.post("/users", {"name": "guard", "password": "guards-password", "role": "operator"})
    assert made.status == 201, made
    yield running
    installation.close()


@pytest.fixture
def operator(serving):
    return Rest(serving.address).login("guard", "guards-password")


def test_a_wrong_password_is_refused_and_throttled(serving):
    statuses = [Rest(serving.address).post("/auth/login", {"name": "nobody", "password": "guess-number-1"}).status]
    for _ in range(12):
        answer = Rest(serving.address).post("/auth/login", {"name": "nobody", "password": "guess-number-2"})
        statuses.append(answer.status)
        if answer.status == 429:
            break
    assert statuses[0] == 401 and statuses[-1] == 429, statuses
    assert int(answer.headers["Retry-After"]) > 0 and "try again in" in answer.json["detail"]


def test_one_wrong_password_says_no_more_than_needed(serving):
    wrong = Rest(serving.address).post("/auth/login", {"name": "guard", "password": "not-the-password"})
    assert wrong.status == 401 and wrong.json["detail"] == "the name or the password is wrong"
    assert serving.rest.get("/system").status == 200


def tampered(token):
    """The same token with a later end and another role, and the old signature."""
    head, claims, signature = token.split(".")
    padded = claims + "=" * (-len(claims) % 4)
    changed = json.loads(base64.urlsafe_b64decode(padded))
    changed["exp"] = changed["exp"] + 86_400
    encoded = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    return f"{head}.{encoded}.{signature}"


def unsigned(token):
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{head}.{token.split('.')[1]}."


def check_refused(address, token):
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    answer = fetch(f"{address}/api/v1/system", headers=headers)
    assert answer.status == 401, answer
    assert answer.json["code"] == "unauthorised" and "log in" in answer.json["detail"]


@pytest.mark.parametrize("forge", [tampered, unsigned, lambda token: token[:-2], lambda token: "x", lambda token: None],
                         ids=["tampered", "unsigned", "cut", "nonsense", "absent"])
def test_a_forged_token_is_refused(serving, forge):
    check_refused(serving.address, forge(serving.rest.token))


def test_a_token_of_another_installation_is_refused(serving, installation):
    token = installation.setup_database()
    other = installation.serve()
    name, password = ADMIN
    assert other.rest.post("/auth/setup", {"token": token, "name": name, "password": password}).status == 201
    check_refused(serving.address, other.rest.login(name, password).token)


def test_a_logged_out_token_is_refused(serving):
    tokens = Rest(serving.address).post("/auth/login", {"name": "guard", "password": "guards-password"}).json
    out = Rest(serving.address).post("/auth/logout", {"refresh_token": tokens["refresh_token"]})
    assert out.status == 204, out
    check_refused(serving.address, tokens["access_token"])


def test_a_spent_refresh_token_ends_its_family(serving):
    client = Rest(serving.address)
    first = client.post("/auth/login", {"name": "guard", "password": "guards-password"}).json
    second = client.post("/auth/refresh", {"refresh_token": first["refresh_token"]})
    assert second.status == 200, second
    assert client.post("/auth/refresh", {"refresh_token": first["refresh_token"]}).status == 401
    assert client.post("/auth/refresh", {"refresh_token": second.json["refresh_token"]}).status == 401


@pytest.mark.parametrize("method, path, body", [
    ("GET", "/users", None),
    ("POST", "/users", {"name": "x", "password": "long-enough-1", "role": "admin"}),
    ("POST", "/criminals", {"name": "x"}),
    ("DELETE", "/criminals/x", None),
    ("POST", "/cameras", {"name": "x", "url": "rtsp://127.0.0.1/x"}),
    ("POST", "/camera-groups", {"name": "x"}),
    ("GET", "/audit", None),
])
def test_an_operator_on_an_admin_route_is_refused(operator, method, path, body):
    answer = operator.send(method, path, body)
    assert answer.status == 403, answer
    assert answer.headers["Content-Type"] == "application/problem+json" and "admin" in answer.json["detail"]


@pytest.mark.parametrize("path", ["/users", "/criminals", "/cameras", "/camera-groups", "/incidents", "/system",
                                  "/audit", "/cameras/x/snapshot.jpg", "/incidents/x/media/crop"])
def test_no_route_is_open(serving, path):
    check_refused(serving.address, None)
    assert fetch(f"{serving.address}/api/v1{path}").status == 401


def test_the_local_socket_is_for_its_owner_only(serving):
    socket = next(serving.installation.data.glob("*.sock"))
    assert socket.stat().st_mode & 0o077 == 0
