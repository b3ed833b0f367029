"""Answers made to exhaust, to deceive or to be taken for whole: what is accepted is right, or nothing is."""

import gzip
import json
import zlib
from collections.abc import Iterator
from itertools import repeat

import pytest
from recorder import QUICK, Clock, gateway, head, ok, page, recorder

from extractors.errors import GatewayError, Oversized, Unreachable
from extractors.gateway import Answer, Limits, Proof

BODY = page(entry=[{"resource": {"resourceType": "Task", "id": str(n)}} for n in range(50)])
PACKED = gzip.compress(BODY)
RAW = zlib.compressobj(wbits=-15)
DEFLATED = RAW.compress(BODY) + RAW.flush()
CHUNKED = head("Transfer-Encoding: chunked")
ENCODED = "Content-Encoding: gzip"


def asked(said: bytes | Iterator[bytes], limits: Limits = QUICK) -> Answer:
    with recorder(said) as server:
        return gateway(limits=limits, tries=1).get(f"{server.base}/Task")


def chunks(body: bytes, size: int = 700) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.requirement("R65")
@pytest.mark.parametrize(
    ("said", "proof"),
    [
        (ok(BODY), Proof.LENGTH),
        (CHUNKED + chunks(BODY), Proof.CHUNKS),
        (ok(PACKED, ENCODED), Proof.LENGTH),
        (ok(PACKED, "Content-Encoding: x-gzip"), Proof.LENGTH),
        (head(ENCODED) + PACKED, Proof.PACKING),
        (head(ENCODED) + gzip.compress(BODY[:99]) + gzip.compress(BODY[99:]), Proof.PACKING),
        (head(ENCODED) + PACKED + b"\0" * 20, Proof.PACKING),
        (ok(zlib.compress(BODY), "Content-Encoding: deflate"), Proof.LENGTH),
        (ok(DEFLATED, "Content-Encoding: deflate"), Proof.LENGTH),
        (head("Content-Encoding: deflate") + DEFLATED, Proof.PACKING),
        (ok(BODY, ENCODED), Proof.LENGTH),
        (ok(BODY, "Content-Encoding: deflate"), Proof.LENGTH),
        (ok(PACKED), Proof.LENGTH),
        (ok(PACKED, "Content-Encoding: identity"), Proof.LENGTH),
        (head() + BODY, Proof.NONE),
    ],
    ids=["length", "chunks", "gzip", "x-gzip", "gzip to the end", "two members", "padding", "zlib", "raw deflate",
         "raw to the end", "no gzip inside", "no deflate inside", "gzip untold", "gzip denied", "to the end"],
)  # fmt: skip
def test_a_body_is_read_by_what_it_is_and_its_proof_is_told(said: bytes, proof: Proof) -> None:
    answer = asked(said)
    assert answer.body == BODY
    assert answer.proof is proof


@pytest.mark.requirement("R65")
@pytest.mark.parametrize(
    "said",
    [
        ok(BODY[:-1], length=len(BODY)),
        CHUNKED + chunks(BODY)[:-5],
        CHUNKED + chunks(BODY)[:1000],
        CHUNKED + chunks(BODY)[: chunks(BODY).index(b"\r\n", 3) + 2],
        head(ENCODED) + PACKED[:-1],
        head(ENCODED) + PACKED[:-9],
        head(ENCODED) + gzip.compress(BODY[:99]) + gzip.compress(BODY[99:])[:-1],
        head("Content-Encoding: deflate") + zlib.compress(BODY)[:-1],
        head("Content-Encoding: deflate") + DEFLATED[:-1],
        ok(PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], ENCODED),
        head(ENCODED) + PACKED + b"more",
        ok(zlib.compress(BODY) + b"more", "Content-Encoding: deflate"),
        b"",
        b"HTTP/1.1 200",
        head("Content-Encoding: gzip")[:-2],
        head("Content-Type: text/plain")[:-9],
        b"SSH-2.0-OpenSSH\r\n",
    ],
    ids=["length", "no last chunk", "within a chunk", "after a chunk", "gzip by a byte", "gzip trailer",
         "second member", "zlib", "raw deflate", "checksum", "after gzip", "after zlib", "nothing", "status", "head",
         "header", "no HTTP"],
)  # fmt: skip
def test_a_body_that_is_cut_or_damaged_is_never_accepted(said: bytes) -> None:
    with pytest.raises(Unreachable):
        asked(said)


@pytest.mark.requirement("R65")
@pytest.mark.parametrize("cut", range(0, len(PACKED), 17))
def test_wherever_a_gzip_is_cut_it_is_not_taken_for_whole(cut: int) -> None:
    said = head(ENCODED) + PACKED[:cut]
    if cut < 2:
        assert asked(said).proof is Proof.NONE
    else:
        with pytest.raises(Unreachable):
            asked(said)


@pytest.mark.requirement("R63", "R65")
@pytest.mark.parametrize("cut", range(0, len(BODY), 100))
def test_a_cut_that_nothing_tells_shows_in_the_json(cut: int) -> None:
    answer = asked(head() + BODY[:cut])
    assert answer.proof is Proof.NONE
    with pytest.raises(GatewayError, match="expected JSON"):
        answer.document()


@pytest.mark.requirement("R65")
@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br", "compress"])
def test_a_packing_that_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(GatewayError, match="packed") as refused:
        asked(ok(b"\x8b\x02\x80", f"Content-Encoding: {encoding}"))
    assert encoding not in str(refused.value)


@pytest.mark.requirement("R48")
@pytest.mark.parametrize(("size", "fits"), [(len(BODY), True), (len(BODY) - 1, False)])
def test_a_body_may_reach_its_limit_unpacked_and_not_pass_it(size: int, fits: bool) -> None:
    limits = Limits(size=size)
    if fits:
        assert asked(ok(PACKED, ENCODED), limits).body == BODY
    else:
        with pytest.raises(Oversized):
            asked(ok(PACKED, ENCODED), limits)


@pytest.mark.requirement("R48")
@pytest.mark.parametrize(("packed", "fits"), [(len(BODY), True), (len(BODY) - 1, False)])
def test_a_body_may_reach_its_limit_as_it_travels_and_not_pass_it(packed: int, fits: bool) -> None:
    limits = Limits(packed=packed)
    if fits:
        assert asked(ok(BODY), limits).body == BODY
    else:
        with pytest.raises(Oversized, match="as it travels"):
            asked(ok(BODY), limits)


@pytest.mark.requirement("R48")
def test_a_bomb_is_stopped_by_its_ratio_before_its_size() -> None:
    bomb = gzip.compress(b" " * 12_000_000)
    assert len(bomb) * 200 < 12_000_000
    with pytest.raises(Oversized, match="200 times"):
        asked(ok(bomb, ENCODED))


@pytest.mark.requirement("R48")
@pytest.mark.parametrize(("loose", "fits"), [(200_000, True), (199_999, False)])
def test_a_small_body_may_be_as_repetitive_as_it_likes(loose: int, fits: bool) -> None:
    said = ok(gzip.compress(b" " * 200_000), ENCODED)
    if fits:
        assert len(asked(said, Limits(loose=loose)).body) == 200_000
    else:
        with pytest.raises(Oversized, match="times"):
            asked(said, Limits(loose=loose))


@pytest.mark.requirement("R48")
@pytest.mark.parametrize(
    "said",
    [
        lambda: (head(), *repeat(b"x" * 65536, 10_000)),
        lambda: (CHUNKED, *repeat(b"10000\r\n" + b"x" * 65536 + b"\r\n", 10_000)),
        lambda: (head(ENCODED), *repeat(gzip.compress(b"") * 3000, 10_000)),
    ],
    ids=["to the end", "chunks", "empty members"],
)
def test_an_endless_body_is_stopped_while_it_comes(said: object) -> None:
    assert callable(said)
    with pytest.raises(Oversized):
        asked(said(), Limits(size=1_000_000, packed=2_000_000))


@pytest.mark.requirement("R48")
@pytest.mark.parametrize(
    "said",
    [
        (b"HTTP/1.1 200 OK\r\n", *repeat(b"X-Flood: " + b"y" * 1000 + b"\r\n", 90), b"Content-Length: 2\r\n\r\n{}"),
        (b"HTTP/1.1 200 OK\r\nX-Flood: " + b"y" * 65_000, b"\r\nX-More: " + b"y" * 2000 + b"\r\n\r\n"),
        (*repeat(b"HTTP/1.1 100 Continue\r\n\r\n", 4000), ok(b"{}")),
    ],
    ids=["many", "long", "to be continued"],
)
def test_a_flood_of_headers_is_stopped(said: tuple[bytes, ...]) -> None:
    with pytest.raises(GatewayError):
        asked(iter(said))


@pytest.mark.requirement("R48")
def test_many_headers_within_the_limit_are_read() -> None:
    said = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %b\r\n" % (n, b"y" * 600) for n in range(90))
    assert asked(said + b"Content-Length: 2\r\n\r\n{}").body == b"{}"


@pytest.mark.requirement("R48")
@pytest.mark.parametrize("limit", [2000, 200])
def test_the_head_has_a_limit_of_its_own(limit: int) -> None:
    said = ok(BODY, "X-Long: " + "y" * 1000)
    if limit > 1500:
        assert asked(said, Limits(head=limit)).body == BODY
    else:
        with pytest.raises(Oversized, match="headers"):
            asked(said, Limits(head=limit))


@pytest.mark.requirement("R63")
@pytest.mark.parametrize(
    "body",
    [b'{"a":' * 100 + b"1" + b"}" * 100, b"[" * 200_000, b'{"a": NaN}', b'{"a": 1, "a": 2}', b'{"a": "\xff"}',
     b'{"a": ' + b"1" * 5000 + b"}", json.dumps({"a": 1}).encode("utf-16"), b"<html>", b"", b"[]"],
    ids=["deep", "very deep", "NaN", "twice", "not UTF-8", "digits", "UTF-16", "HTML", "empty", "array"],
)  # fmt: skip
def test_a_document_that_is_no_guarded_json_object_is_refused_without_its_content(body: bytes) -> None:
    with pytest.raises(GatewayError, match="expected JSON") as refused:
        asked(ok(body)).document()
    assert "html" not in str(refused.value)


@pytest.mark.requirement("R50", "R65")
def test_a_page_that_broke_off_is_asked_for_again_as_a_whole() -> None:
    clock = Clock()
    with recorder(ok(BODY[:99], length=len(BODY)), head(ENCODED) + PACKED[:99], ok(BODY)) as server:
        assert gateway(clock).get(f"{server.base}/Task").body == BODY
        assert len(server.heard) == 3
    assert "range:" not in "".join(server.heard).lower()
    assert clock.waits == [1, 2]
