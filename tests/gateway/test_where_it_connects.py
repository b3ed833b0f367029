"""Which addresses are dialled: names that lie, change their mind, or stand for what is within a network."""

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from recorder import CANARY, QUICK, Clock, gateway, ok, page, recorder, refusal

from extractors.errors import GatewayError, LinkRefused, Unreachable, Untrusted
from extractors.gateway import ONCE, Credential, Gateway, Network
from extractors.places import next_page, reference_url
from smartapp.web.service import now

PUBLIC = "93.184.216.34"


def standing_for(*addresses: str, ranges: Sequence[str] = ()) -> Network:
    return Network(tuple(map(ip_network, ranges)), lambda _host, _port: list(addresses))


@pytest.mark.requirement("R46")
@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254",
     "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "::1", "fe80::1",
     "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
     "192.0.0.0", "192.0.0.192", "192.0.0.255", "::ffff:192.0.0.192", "fec0::1", "feff::1",
     "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::"],
)  # fmt: skip
def test_a_name_that_stands_for_an_address_within_a_network_is_not_dialled(address: str) -> None:
    with pytest.raises(LinkRefused, match="private network"):
        standing_for(address).addresses("ehr.example", 443)


@pytest.mark.requirement("R46")
@pytest.mark.parametrize(
    "address",
    [PUBLIC, "172.15.255.255", "172.32.0.1", "192.0.1.0", "191.255.255.255", "2606:4700::1111", "64:ff9b::5db8:d822"],
)
def test_a_name_that_stands_for_a_public_address_is_dialled_there(address: str) -> None:
    assert standing_for(address).addresses("ehr.example", 443) == (address,)


@pytest.mark.requirement("R46")
def test_one_private_address_among_public_ones_refuses_them_all() -> None:
    with pytest.raises(LinkRefused):
        standing_for(PUBLIC, "10.0.0.1").addresses("ehr.example", 443)


@pytest.mark.requirement("R46")
@pytest.mark.parametrize(("address", "dialled"), [("10.20.0.0", True), ("10.20.255.255", True), ("10.21.0.0", False)])
def test_a_range_that_is_registered_is_the_practice_s_own(address: str, dialled: bool) -> None:
    network = standing_for(address, ranges=["10.20.0.0/16"])
    if dialled:
        assert network.addresses("ehr.example", 443) == (address,)
    else:
        with pytest.raises(LinkRefused):
            network.addresses("ehr.example", 443)


@pytest.mark.requirement("R46")
@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1", "::ffff:169.254.169.254", "192.0.0.192", "fec0::1"],
)
def test_what_is_no_machine_s_own_address_cannot_be_registered(address: str) -> None:
    with pytest.raises(LinkRefused):
        standing_for(address, ranges=["0.0.0.0/0", "::/0"]).addresses("ehr.example", 443)


@pytest.mark.requirement("R46")
@pytest.mark.parametrize(("host", "dialled"), [
    ("localhost", True), ("127.0.0.1", True), ("127.0.0.2", True), ("localhost.ehr.example", False), ("127.1", False),
    ("0x7f000001", False), ("2130706433", False), ("::ffff:127.0.0.1", False),
])  # fmt: skip
def test_this_machine_is_dialled_by_its_own_name_or_number_alone(host: str, dialled: bool) -> None:
    network = standing_for("127.0.0.1")
    if dialled:
        assert network.addresses(host, 80) == ("127.0.0.1",)
    else:
        with pytest.raises(LinkRefused):
            network.addresses(host, 80)


@pytest.mark.requirement("R46")
@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_a_registered_range_opens_this_machine_to_no_other_name(address: str) -> None:
    network = standing_for(address, ranges=["0.0.0.0/0", "127.0.0.0/8", "::/0"])
    with pytest.raises(LinkRefused):
        network.addresses("ehr.example", 443)
    assert network.addresses("localhost", 443) == (address,)


@pytest.mark.requirement("R46")
def test_this_machine_s_own_name_may_not_stand_for_another() -> None:
    with pytest.raises(LinkRefused):
        standing_for("192.168.1.1").addresses("localhost", 80)


@pytest.mark.requirement("R46")
def test_ranges_are_read_as_they_are_written_and_a_wrong_one_is_refused() -> None:
    assert Network.of(["10.20.0.0/16", "fd00::/8"]).ranges == (ip_network("10.20.0.0/16"), ip_network("fd00::/8"))
    with pytest.raises(ValueError, match="host bits"):
        Network.of(["10.20.0.1/16"])


@pytest.mark.requirement("R46")
@given(st.ip_addresses())
def test_no_address_that_the_standard_library_calls_private_passes(address: object) -> None:
    try:
        network = standing_for(str(address)).addresses("ehr.example", 443)
    except LinkRefused:
        return
    assert address.is_global  # type: ignore[attr-defined]
    assert network == (str(address),)


class Rebinding:
    """A name that is public when it is looked at, and this machine the next time."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, _host: str, _port: int) -> list[str]:
        self.asked += 1
        return [self.answers[min(self.asked, len(self.answers)) - 1]]


@pytest.mark.requirement("R46", "R41")
def test_a_name_that_is_rebound_is_dialled_at_the_address_that_was_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver, dialled = Rebinding(PUBLIC, "127.0.0.1"), list[object]()

    def connect(_self: socket.socket, address: object) -> None:
        dialled.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    asking = Gateway(QUICK, network=Network(resolve=resolver), patience=ONCE)
    token = Credential(f"Bearer {CANARY}", "https://ehr.example/fhir")
    with pytest.raises(Unreachable):
        asking.get("https://ehr.example/fhir/Task", token)
    assert dialled == [(PUBLIC, 443)]
    assert resolver.asked == 1
    with pytest.raises(LinkRefused, match=r"^ehr\.example: it lies in a private network"):
        asking.get("https://ehr.example/fhir/Task", token)
    assert dialled == [(PUBLIC, 443)]


@pytest.mark.requirement("R46")
def test_a_refused_address_is_not_tried_again_and_no_packet_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: dialled.append(address))
    clock = Clock()
    asking = Gateway(QUICK, patience=clock.patience())
    for url in ("https://10.0.0.1/fhir", "https://169.254.169.254/latest/meta-data", "https://[::ffff:127.0.0.1]/fhir",
                "https://2130706433/fhir", "https://[::1]x/fhir"):  # fmt: skip
        with pytest.raises(LinkRefused):
            asking.get(url)
    assert dialled == []
    assert clock.waits == []


@pytest.mark.requirement("R46")
def test_of_several_addresses_the_one_that_answers_is_used() -> None:
    with recorder(ok(b"{}")) as server:
        network = Network(resolve=lambda _host, _port: ["127.0.0.254", "127.0.0.1"])
        asking = Gateway(QUICK, network=network, patience=ONCE)
        assert asking.get(f"http://localhost:{server.port}/fhir").status == 200
    assert f"Host: localhost:{server.port}" in server.heard[0]


@pytest.mark.requirement("R40", "R50")
def test_a_name_that_is_not_known_is_no_connection() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror("nobody of the name secret")

    for resolver in (unknown, lambda _host, _port: []):
        with pytest.raises(Unreachable, match=r"ehr\.example") as refused:
            Gateway(QUICK, network=Network(resolve=resolver), patience=ONCE).get("https://ehr.example/fhir")
        assert "secret" not in str(refused.value)


@pytest.mark.requirement("R41", "R42", "R43", "R44")
@pytest.mark.parametrize("trick", [
    "http://127.0.0.1:{other}/fhir/Task?page=2", "http://localhost:{other}/fhir", "//127.0.0.1:{other}/fhir/Task",
    "http://localhost:{own}/fhir/Task", "http://127.0.0.1:{own}/fhirx/Task", "http://127.0.0.1:{own}/fhir/../Task",
    "http://127.0.0.1:{own}/fhir/%2e%2e/admin", "http://127.0.0.1:{own}@127.0.0.1:{other}/fhir",
    "http://127.0.0.1:{own}\\@127.0.0.1:{other}/fhir", "http://127.0.0.1.evil.example:{own}/fhir",
    "https://127.0.0.1:{own}/fhir/Task", "file:///etc/passwd", "http://127.0.0.1:{own}\t/fhir", "ftp://127.0.0.1/fhir",
])  # fmt: skip
def test_no_next_link_reference_or_url_takes_the_token_elsewhere(trick: str) -> None:
    with recorder(ok(page())) as own, recorder(ok(page())) as other:
        link = trick.format(own=own.port, other=other.port)
        token = Credential(f"Bearer {CANARY}", own.base)
        gateway().get(f"{own.base}/Task", token)
        with pytest.raises(LinkRefused):
            next_page(link, f"{own.base}/Task", own.base)
        assert reference_url(link, own.base) is None
        with pytest.raises(GatewayError):
            gateway().get(link if "://" in link else f"http:{link}", token)
        assert other.heard == []
        assert [CANARY in request for request in own.heard] == [True]


@pytest.mark.requirement("R41", "R45")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_the_token_nowhere(status: int) -> None:
    with recorder(ok(page())) as other:
        for target in (f"{other.base}/Task", "https://evil.example/", "/fhir/Task?again"):
            with recorder(refusal(status, f"Location: {target}")) as own:
                with pytest.raises(LinkRefused, match="redirect"):
                    gateway().get(f"{own.base}/Task", Credential(f"Bearer {CANARY}", own.base))
                assert len(own.heard) == 1
        assert other.heard == []


@contextmanager
def tls_server(context: ssl.SSLContext) -> Iterator[int]:
    """One that answers any number of connections over TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                    with context.wrap_socket(connection, server_side=True) as safe:
                        safe.recv(65536)
                        safe.sendall(ok(b"{}"))
                except OSError:
                    continue

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            socket.create_connection(listener.getsockname()).close()
            serving.join()


def certified(folder: Path, name: str = "localhost", *, expired: bool = False) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS by a certificate that signs itself, and the file that makes it trusted."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    ends = now() - timedelta(days=1) if expired else now() + timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now() - timedelta(days=2)).not_valid_after(ends)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    bundle, chain = folder / "ca.pem", folder / "server.pem"
    bundle.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(bundle.read_bytes() + private)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chain)
    return tls, bundle


def over_tls(port: int, bundle: Path | None, clock: Clock) -> int:
    network = Network(resolve=lambda _host, _port: ["127.0.0.1"])
    return Gateway(QUICK, bundle, network, patience=clock.patience()).get(f"https://localhost:{port}/fhir").status


@pytest.mark.requirement("R46", "R47")
def test_a_certificate_is_checked_for_the_name_although_an_address_is_dialled(tmp_path: Path) -> None:
    tls, bundle = certified(tmp_path)
    with tls_server(tls) as port:
        assert over_tls(port, bundle, Clock()) == 200


@pytest.mark.requirement("R47")
@pytest.mark.parametrize("fault", ["another name", "expired", "signed by itself"])
def test_a_certificate_that_is_wrong_is_not_accepted_and_not_tried_again(tmp_path: Path, fault: str) -> None:
    tls, bundle = certified(
        tmp_path, "other.example" if fault == "another name" else "localhost", expired=fault == "expired"
    )
    clock = Clock()
    with tls_server(tls) as port, pytest.raises(Untrusted, match="certificate"):
        over_tls(port, None if fault == "signed by itself" else bundle, clock)
    assert clock.waits == []


@pytest.mark.requirement("R47")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_before_1_2_is_not_spoken(tmp_path: Path) -> None:
    tls, bundle = certified(tmp_path)
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1
    with tls_server(tls) as port, pytest.raises(GatewayError):
        over_tls(port, bundle, Clock())
