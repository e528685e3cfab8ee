"""Who may not: wrong passwords, dead tokens, the wrong role."""
import base64
import json

import pytest

from installation import ADMIN
from rest import Rest, fetch


GUARD = {"name": "guard", "password": "guards-password"}


@pytest.fixture(scope="module")
def serving(enrolled_template, tmp_path_factory):
    installation = enrolled_template.copy_to(tmp_path_factory.mktemp("bad-access"))
    running = installation.serve()
    running.rest.login(*ADMIN)
    made = running.rest.post("/users", GUARD | {"role": "operator"})
    assert made.status == 201, made
    yield running
    installation.close()


@pytest.fixture
def operator(serving):
    return Rest(serving.address).login(GUARD["name"], GUARD["password"])


def test_a_wrong_password_is_refused_and_throttled(serving):
    guess = {"name": "nobody", "password": "a-wrong-guess"}
    answers = [serving.rest.post("/auth/login", guess)]
    while answers[-1].status == 401 and len(answers) < 12:
        answers.append(serving.rest.post("/auth/login", guess))
    answer = answers[-1]
    assert len(answers) > 1 and answer.status == 429, answers
    assert int(answer.headers["Retry-After"]) > 0 and "try again in" in answer.json["detail"]


def test_one_wrong_password_says_no_more_than_needed(serving):
    wrong = serving.rest.post("/auth/login", GUARD | {"password": "not-the-password"})
    assert wrong.status == 401 and wrong.json["detail"] == "the name or the password is wrong"
    assert serving.rest.get("/system").status == 200


def test_only_a_trusted_proxy_names_the_client(enrolled_template, tmp_path_factory):
    installation = enrolled_template.copy_to(tmp_path_factory.mktemp("proxy"))
    forwarded = {"Content-Type": "application/json", "X-Forwarded-For": "127.0.0.1, 203.0.113.7"}
    body = json.dumps({"name": ADMIN[0], "password": ADMIN[1]}).encode()

    def address_of_login():
        server = installation.serve()
        login = fetch(server.address + "/api/v1/auth/login", "POST", forwarded, body)
        assert login.status == 200, login
        rest = Rest(server.address).login(*ADMIN)
        entries = rest.get("/audit?action=auth.login&limit=2").json["items"]
        server.terminate()
        return entries[1]["detail"]["address"]

    assert address_of_login() == "127.0.0.1"
    installation.set("api", trusted_proxies=["127.0.0.0/8"])
    assert address_of_login() == "203.0.113.7"
    installation.close()


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


FORGERIES = {
    "tampered": tampered,
    "unsigned": unsigned,
    "cut": lambda token: token[:-2],
    "nonsense": lambda token: "x",
    "absent": lambda token: None,
}


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_forged_token_is_refused(serving, kind):
    check_refused(serving.address, FORGERIES[kind](serving.rest.token))


def test_a_token_of_another_installation_is_refused(serving, installation):
    token = installation.setup_database()
    other = installation.serve()
    name, password = ADMIN
    account = {"token": token, "name": name, "password": password}
    assert other.rest.post("/auth/setup", account).status == 201
    check_refused(serving.address, other.rest.login(name, password).token)


def test_a_logged_out_token_is_refused(serving):
    tokens = Rest(serving.address).post("/auth/login", GUARD).json
    out = Rest(serving.address).post("/auth/logout", {"refresh_token": tokens["refresh_token"]})
    assert out.status == 204, out
    check_refused(serving.address, tokens["access_token"])


def test_a_spent_refresh_token_ends_its_family(serving):
    client = Rest(serving.address)
    first = client.post("/auth/login", GUARD).json["refresh_token"]
    exchanged = client.post("/auth/refresh", {"refresh_token": first})
    assert exchanged.status == 200, exchanged
    second = exchanged.json["refresh_token"]
    assert client.post("/auth/refresh", {"refresh_token": first}).status == 401
    assert client.post("/auth/refresh", {"refresh_token": second}).status == 401


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
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "admin" in answer.json["detail"]


@pytest.mark.parametrize("path", [
    "/users", "/criminals", "/cameras", "/camera-groups", "/incidents", "/system", "/audit",
    "/cameras/x/snapshot.jpg", "/cameras/x/live.mjpeg", "/incidents/x/media/crop"])
def test_no_route_is_open(serving, path):
    check_refused(serving.address, None)
    assert fetch(f"{serving.address}/api/v1{path}").status == 401


def test_the_local_socket_is_for_its_owner_only(serving):
    socket = next(serving.installation.data.glob("*.sock"))
    assert socket.stat().st_mode & 0o077 == 0
