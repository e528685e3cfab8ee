"""The two ends of an alert: a webhook receiver and a mail server, on loopback, in this process."""
import base64
import datetime
import email
import email.policy
import hashlib
import hmac
import http.server
import ipaddress
import json
import ssl
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from waiting import free_port

SECRET_KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(SECRET_KEY).decode()
MAIL_USER = "vigil"
MAIL_PASSWORD = "a-mail-password"


def signature_is_valid(headers, body):
    """Standard Webhooks: HMAC-SHA-256 over "id.timestamp.body", and a timestamp of now."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(SECRET_KEY, signed, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return fresh and any(hmac.compare_digest(expected, given)
                         for given in headers["webhook-signature"].split(" "))


class WebhookReceiver:
    """Answers 204 and keeps what came; after behave("refuse") 503, after behave("hang") nothing."""

    def __init__(self):
        self._lock = threading.Lock()
        self._mode = "accept"
        self._attempts = []
        self._released = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/alerts"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def behave(self, mode):
        with self._lock:
            self._mode = mode

    @property
    def attempts(self):
        """Every message that arrived: {"id", "at", "body", "signed", "accepted"}; at: seconds since 1970."""
        with self._lock:
            return list(self._attempts)

    @property
    def accepted(self):
        return [attempt for attempt in self.attempts if attempt["accepted"]]

    def close(self):
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def _take(self, headers, body):
        with self._lock:
            mode = self._mode
            self._attempts.append({"id": headers["webhook-id"],
                                   "at": time.time(),
                                   "body": json.loads(body),
                                   "signed": signature_is_valid(headers, body),
                                   "accepted": mode == "accept"})
        return mode

    def _handler(receiver):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mode = receiver._take(self.headers, body)
                if mode == "hang":
                    receiver._released.wait()
                    return
                self.send_response(204 if mode == "accept" else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        return Handler


def make_certificate(folder):
    """A self-signed certificate of 127.0.0.1 and its key, as PEM files in `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback mail server")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"),
                                         x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (x509.CertificateBuilder()
                   .subject_name(name).issuer_name(name)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=1))
                   .add_extension(names, critical=False)
                   .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
                   .sign(key, hashes.SHA256()))
    certificate_file, key_file = folder / "mail.pem", folder / "mail.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM,
                                           serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()))
    return certificate_file, key_file


class MailServer:
    """Takes mail only after STARTTLS and a login, as real ones do."""

    def __init__(self, folder):
        self.certificate, key = make_certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self._lock = threading.Lock()
        self._mails = []
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port,
                                      tls_context=context, require_starttls=True,
                                      auth_required=True, authenticator=self._check_login)
        self._controller.start()
        self.url = f"smtp://127.0.0.1:{self.port}"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        with self._lock:
            self._mails.append({"from": envelope.mail_from, "to": envelope.rcpt_tos, "mail": mail,
                                "encrypted": session.ssl is not None})
        return "250 OK"

    @property
    def mails(self):
        with self._lock:
            return list(self._mails)

    def close(self):
        self._controller.stop()

    @staticmethod
    def _check_login(server, session, envelope, mechanism, data):
        right = data.login == MAIL_USER.encode() and data.password == MAIL_PASSWORD.encode()
        return AuthResult(success=right, handled=False)  # the server itself answers
