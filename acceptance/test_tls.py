"""TLS in the binary: official SDKs over it, renewal, refusals, and what a handshake may cost."""

import contextlib
import json
import signal
import socket
import ssl
import time

import anthropic
import httpx
import httpx2
import openai
import pytest

from harness.api import LOCAL, PATHS, call_body, call_headers
from harness.certificates import Authority, Pair, openssl
from harness.process import free_port
from harness.server import ON_POSTGRES, Server, new_kek
from harness.sim import PROVIDERS, provider_key

each_provider = pytest.mark.parametrize("provider", PROVIDERS)
# Far longer than anything here takes.
PATIENCE_S = 30


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates") / "authority")


def configure(server: Server, authority: Authority, more: str = "") -> Server:
    """Gives a server a certificate, by paths that start at its configuration's folder."""
    server.pair = authority.issue(server.folder / "tls")
    file = server.folder / "ownkey.toml"
    files = 'tls_cert = "tls/cert.pem"\ntls_key = "tls/key.pem"\n'
    file.write_text(file.read_text().replace("[server]\n", f"[server]\n{files}{more}"))
    server.url = f"https://localhost:{server.port}"
    return server


@pytest.fixture(scope="module")
def secured(tmp_path_factory, sim, authority):
    server = configure(Server(tmp_path_factory.mktemp("tls"), sim), authority).start()
    yield server
    server.stop()


@pytest.fixture
def new_secured(new_server, authority):
    return lambda more="", **options: configure(new_server(**options), authority, more)


def shake_hands(server: Server, context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
    return context.wrap_socket(plain, server_hostname="localhost")


def shown(server: Server, authority: Authority) -> bytes:
    """The certificate that a new connection is shown."""
    with shake_hands(server, authority.trusting()) as connection:
        return connection.getpeercert(binary_form=True)


def closed_after(connection: socket.socket) -> float:
    """How long it takes until the server has closed the connection."""
    begun = time.monotonic()
    with connection:
        connection.settimeout(PATIENCE_S)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(4096):
                pass
    return time.monotonic() - begun


# ---------------------------------------------------------------- callers


@each_provider
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
def test_the_official_sdks_speak_over_it(secured, authority, provider, version):
    workspace = secured.operator.create_workspace()
    workspace.put_key(provider, provider_key(provider), expect=201)
    versions = []
    note = lambda response: versions.append((response.http_version, response.headers["x-ownkey-payer"]))
    options = {"trust_env": False, "event_hooks": {"response": [note]}}
    http = httpx2.Client(verify=authority.trusting(), http2=version == "HTTP/2", **options)
    asked = call_body(provider, "Hello [[sim:chunks n=5]]")
    with http:
        if provider == "openai":
            sdk = openai.OpenAI(base_url=f"{secured.url}/v1", api_key=workspace.secret, http_client=http, max_retries=0)
            whole = sdk.chat.completions.create(**asked).choices[0].message.content
            chunks = list(sdk.chat.completions.create(**asked, stream=True))
            streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        else:
            sdk = anthropic.Anthropic(base_url=secured.url, api_key=workspace.secret, http_client=http, max_retries=0)
            whole = sdk.messages.create(**asked).content[0].text
            with sdk.messages.stream(**asked) as stream:
                streamed = "".join(stream.text_stream)
    assert whole and streamed == whole
    assert versions == [(version, "byok")] * 2
    assert {receipt["outcome"] for receipt in workspace.receipts()} == {"complete"}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_only_the_two_newer_versions_are_spoken(secured, authority):
    versions = ssl.TLSVersion
    for version, spoken in ((versions.TLSv1_1, None), (versions.TLSv1_2, "TLSv1.2"), (versions.TLSv1_3, "TLSv1.3")):
        context = authority.trusting()
        # Else the library here refuses the old one by itself.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        if spoken:
            with shake_hands(secured, context) as connection:
                assert connection.version() == spoken
        else:
            with pytest.raises(ssl.SSLError, match="alert"):
                shake_hands(secured, context)


def test_who_does_not_know_the_authority_does_not_connect(secured):
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(secured, ssl.create_default_context())
    assert httpx.get(f"{secured.url}/healthz", **LOCAL).status_code == 200


def test_a_wrong_base_url_is_told_as_it_is_over_tls(secured, authority):
    for http2 in (False, True):
        with httpx.Client(verify=authority.trusting(), http2=http2, trust_env=False) as http:
            said = http.post(f"{secured.url}/chat/completions").json()["error"]["message"]
            assert said.endswith(f"it is {secured.url}/v1."), said


def test_the_admin_listener_stays_plain(new_secured):
    port = free_port()
    new_secured(f'admin_listen = "127.0.0.1:{port}"\n').start()
    assert httpx.get(f"http://127.0.0.1:{port}/healthz", **LOCAL).status_code == 200


def test_it_opens_the_listener_to_the_network(new_secured):
    server = new_secured()
    file = server.folder / "ownkey.toml"
    file.write_text(file.read_text().replace("127.0.0.1:", "0.0.0.0:", 1))
    server.start()
    assert server.operator.create_workspace().ask("openai").status_code == 200
    asked = server.run("vault", "rotate")
    assert asked.returncode == 0, asked.stderr


# ---------------------------------------------------------------- time and room


def test_half_a_handshake_is_bounded_and_costs_only_itself(new_secured):
    server = new_secured(limits={"header_read_s": 1}).start()
    workspace = server.operator.create_workspace()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    hello = outgoing.read()
    for sent in (b"", hello[:1], hello[:-1], hello):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(sent)
        assert workspace.ask("openai").status_code == 200
        assert closed_after(connection) < 10
    # Whoever speaks something else is told at once.
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
    closed_after(connection)
    assert workspace.ask("openai").status_code == 200


def test_time_for_the_head_begins_with_the_connection(new_secured, authority):
    server = new_secured(limits={"header_read_s": 1, "connection_idle_s": 3600}).start()
    assert closed_after(shake_hands(server, authority.trusting())) < 10


def test_handshakes_take_room_like_any_connection(new_secured):
    server = new_secured(limits={"connections": 2, "header_read_s": 2}).start()
    begun = time.monotonic()
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(2)]
    assert httpx.get(f"{server.url}/healthz", timeout=PATIENCE_S, **LOCAL).status_code == 200
    assert time.monotonic() - begun > 1.9
    for connection in silent:
        connection.close()


def test_a_stop_lets_open_streams_end_and_waits_for_no_handshake(new_secured):
    server = new_secured(limits={"header_read_s": 3600}).start()
    workspace = server.operator.create_workspace()
    half = socket.create_connection(("127.0.0.1", server.port))
    half.sendall(b"\x16\x03\x01")
    body = json.dumps(call_body("openai", "[[sim:chunks n=10 delay_ms=100]]", stream=True)).encode()
    options = {"headers": call_headers("openai", workspace.secret), "timeout": PATIENCE_S, **LOCAL}
    with httpx.stream("POST", server.url + PATHS["openai"], content=body, **options) as answer:
        pieces = answer.iter_bytes()
        first = next(pieces)
        server.process.child.send_signal(signal.SIGTERM)
        whole = first + b"".join(pieces)
    assert whole.rstrip().endswith(b"data: [DONE]")
    assert server.process.wait() == 0
    half.close()


# ---------------------------------------------------------------- renewal


def test_a_renewed_certificate_is_shown_after_sighup_and_open_calls_go_on(new_secured, authority, tmp_path):
    server = new_secured().start()
    workspace = server.operator.create_workspace()
    before = server.pair.der()
    assert shown(server, authority) == before
    body = json.dumps(call_body("openai", "[[sim:chunks n=20 delay_ms=50]]", stream=True)).encode()
    options = {"headers": call_headers("openai", workspace.secret), "timeout": PATIENCE_S}
    with httpx.Client(verify=authority.trusting(), trust_env=False) as http:
        with http.stream("POST", server.url + PATHS["openai"], content=body, **options) as answer:
            pieces = answer.iter_bytes()
            first = next(pieces)
            server.pair.replace_by(authority.issue(tmp_path / "renewed", "rsa"))
            # A certificate that merely lies there is not shown.
            assert shown(server, authority) == before != server.pair.der()
            assert "not valid" not in server.reload()
            assert shown(server, authority) == server.pair.der()
            assert (first + b"".join(pieces)).rstrip().endswith(b"data: [DONE]")
        # The connection stays too.
        again = http.post(server.url + PATHS["openai"], content=body.replace(b"true", b"false"), **options)
        assert again.status_code == 200


def test_a_pair_that_is_not_valid_changes_nothing(new_secured, authority, tmp_path):
    server = new_secured().start()
    before = server.pair.der()
    other, key = authority.issue(tmp_path / "other"), server.pair.key.read_text()
    for spoil, reason in (
        (lambda: server.pair.key.write_text(other.key.read_text()), "not that of the (first) certificate"),
        (lambda: server.pair.key.write_text("no key"), "no usable PEM private key"),
        (lambda: server.pair.key.write_text(key) and server.pair.key.chmod(0o644), "can be read by others"),
        (lambda: server.pair.key.unlink(), "cannot read the TLS key file"),
    ):
        spoil()
        told = server.reload()
        assert "nothing was changed" in told and reason in told, told
        assert shown(server, authority) == before
    assert key.splitlines()[1] not in server.output()


# ---------------------------------------------------------------- start


@pytest.mark.parametrize("form", ["pkcs8", "pkcs1", "sec1"])
def test_keys_of_each_form_will_do(new_secured, authority, form):
    server = new_secured()
    if form == "pkcs1":
        server.pair = authority.issue(server.folder / "tls", "rsa")
        openssl("rsa", "-traditional", "-in", server.pair.key, "-out", server.pair.key)
    elif form == "sec1":
        openssl("ec", "-in", server.pair.key, "-out", server.pair.key)
    server.pair.key.chmod(0o600)
    begins = {"pkcs8": "PRIVATE KEY", "pkcs1": "RSA PRIVATE KEY", "sec1": "EC PRIVATE KEY"}[form]
    assert server.pair.key.read_text().startswith(f"-----BEGIN {begins}-----")
    checked = server.run("check")
    assert checked.returncode == 0 and "TLS: ok" in checked.stdout, checked.stderr
    assert shown(server.start(), authority) == server.pair.der()


def swap_key(pair: Pair, authority: Authority):
    pair.key.write_text(authority.issue(pair.key.parent / "other").key.read_text())


def encrypt_key(pair: Pair, _):
    encrypted = pair.key.with_suffix(".encrypted")
    openssl("pkcs8", "-topk8", "-in", pair.key, "-out", encrypted, "-passout", "pass:secret")
    pair.key.write_text(encrypted.read_text())


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (swap_key, "not that of the (first) certificate"),
        (encrypt_key, "not encrypted"),
        (lambda pair, _: pair.key.chmod(0o640), "can be read by others"),
        (lambda pair, _: pair.cert.write_text("none"), "no usable PEM certificate"),
        (lambda pair, _: pair.cert.unlink(), "cannot read the TLS certificate"),
    ],
    ids=["other key", "encrypted key", "open key", "no certificate", "no file"],
)
def test_what_can_not_be_used_stops_the_start(new_secured, authority, spoil, reason):
    server = new_secured()
    spoil(server.pair, authority)
    for command in ("check", "serve"):
        refused = server.run(command)
        assert refused.returncode != 0 and reason in refused.stderr, (command, refused.stderr)
    assert not list(server.data.iterdir()), "nothing was made"


def test_one_without_the_other_is_a_mistake(new_server):
    server = new_server(variables={"OWNKEY_SERVER__TLS_CERT": "cert.pem"})
    for command in ("check", "serve"):
        refused = server.run(command)
        assert refused.returncode != 0 and "`tls_key` is not" in refused.stderr


# ---------------------------------------------------------------- the operator's commands


@pytest.mark.skipif(ON_POSTGRES, reason="there `backup` only prints the call of pg_dump")
def test_commands_ask_the_running_server_over_tls_and_trust_one_certificate(new_secured, authority, tmp_path):
    server = new_secured().start()
    workspace = server.operator.create_workspace()
    workspace.put_key("openai", provider_key("openai"), expect=201)
    done = server.run("backup", tmp_path / "copy.db")
    assert done.returncode == 0 and (tmp_path / "copy.db").stat().st_size > 0, done.stderr

    server.write_kek(f"new:{new_kek()},{server.kek_file.read_text().strip()}")
    assert "not valid" not in server.reload()
    rotated = server.run("vault", "rotate")
    assert rotated.returncode == 0 and "under the KEK `new`" in rotated.stdout, rotated.stderr
    assert workspace.ask("openai").headers["x-ownkey-payer"] == "byok"

    # Whoever has the port must have the configured certificate: another one of the same authority won't do.
    server.pair.replace_by(authority.issue(tmp_path / "renewed"))
    refused = server.run("vault", "rotate")
    assert refused.returncode != 0 and "does not show the configured certificate" in refused.stderr
    assert "SIGHUP" in refused.stderr
    assert "not valid" not in server.reload()
    assert server.run("vault", "rotate").returncode == 0
