"""A client of the REST API on urllib."""
import json
import urllib.error
import urllib.request
import uuid


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


def fetch(url, method="GET", headers=None, body=None, timeout=30):
    """An Answer whatever the status; urllib's own errors only where nothing answers."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, refusal.headers, refusal.read())


def photo_form(photo, fields=None):
    """(content type, body) of multipart/form-data with `photo` as the field named file."""
    boundary = uuid.uuid4().hex
    parts = []
    for name, value in (fields or {}).items():
        parts.append(part_head(boundary, f'name="{name}"') + f"{value}\r\n".encode())
    parts.append(part_head(boundary, 'name="file"; filename="photo"') + photo)
    parts.append(f"\r\n--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)


def part_head(boundary, parameters):
    return f"--{boundary}\r\nContent-Disposition: form-data; {parameters}\r\n\r\n".encode()


class Rest:
    """Requests below /api/v1 with the token of `login`."""

    def __init__(self, address):
        self._base = address + "/api/v1"
        self.token = None

    def login(self, name, password):
        tokens = self.post("/auth/login", {"name": name, "password": password})
        assert tokens.status == 200, tokens
        self.token = tokens.json["access_token"]
        return self

    def get(self, path):
        return self.send("GET", path)

    def post(self, path, body=None):
        return self.send("POST", path, body)

    def patch(self, path, body):
        return self.send("PATCH", path, body)

    def delete(self, path):
        return self.send("DELETE", path)

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        return self._fetch(method, path, data, "application/json")

    def upload_photo(self, person_id, photo):
        content_type, body = photo_form(photo)
        return self._fetch("POST", f"/criminals/{person_id}/upload-photo", body, content_type)

    def search(self, photo, **fields):
        content_type, body = photo_form(photo, fields)
        return self._fetch("POST", "/criminals/search-by-image", body, content_type)

    def found_names(self, photo):
        """Names of the candidates that pass, over all faces of the photo."""
        answer = self.search(photo)
        assert answer.status == 200, answer
        return {candidate["name"] for face in answer.json["faces"]
                for candidate in face["candidates"] if candidate["passes"]}

    def _fetch(self, method, path, data, content_type):
        headers = {"Content-Type": content_type} if data is not None else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return fetch(self._base + path, method, headers, data)
