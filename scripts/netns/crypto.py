"""The primitives of libp2p's Noise handshake and of certificates, in plain Python.

For tests only: none of it is constant-time.

X25519 (RFC 7748), Ed25519 signatures (RFC 8032), ChaCha20-Poly1305 (RFC 8439). `check` computes vectors of those RFCs.
"""

import hashlib
import hmac
import struct

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def x25519(scalar, point=(9).to_bytes(32, "little")):
    number = int.from_bytes(scalar, "little") & ~7 & (1 << 254) - 1 | 1 << 254
    x1 = int.from_bytes(point, "little") & (1 << 255) - 1
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for bit in reversed(range(255)):
        swap ^= number >> bit & 1
        if swap:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = number >> bit & 1
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb = d * a, c * b
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        aa, bb = a * a % P, b * b % P
        x2, z2 = aa * bb % P, (aa - bb) * (aa + 121665 * (aa - bb)) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def add(one, other):
    a, b = (one[1] - one[0]) * (other[1] - other[0]) % P, (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def base_point():
    y = 4 * pow(5, P - 2, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if x & 1:
        x = P - x
    return x, y, 1, x * y % P


BASE = base_point()


def times(scalar, point=BASE):
    product = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            product = add(product, point)
        point, scalar = add(point, point), scalar >> 1
    return product


def packed(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def number_of(seed):
    scalar = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return scalar & ~7 & (1 << 254) - 1 | 1 << 254


def public_key(seed):
    return packed(times(number_of(seed)))


def sign(seed, message):
    public, prefix = public_key(seed), hashlib.sha512(seed).digest()[32:]
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % ORDER
    half = packed(times(nonce))
    challenge = int.from_bytes(hashlib.sha512(half + public + message).digest(), "little") % ORDER
    return half + ((nonce + challenge * number_of(seed)) % ORDER).to_bytes(32, "little")


def rotate(word, by):
    return (word << by & 0xFFFFFFFF) | word >> 32 - by


def quarter(s, a, b, c, d):
    s[a] = s[a] + s[b] & 0xFFFFFFFF
    s[d] = rotate(s[d] ^ s[a], 16)
    s[c] = s[c] + s[d] & 0xFFFFFFFF
    s[b] = rotate(s[b] ^ s[c], 12)
    s[a] = s[a] + s[b] & 0xFFFFFFFF
    s[d] = rotate(s[d] ^ s[a], 8)
    s[c] = s[c] + s[d] & 0xFFFFFFFF
    s[b] = rotate(s[b] ^ s[c], 7)


def block(key, counter, nonce):
    begin = [
        0x61707865,
        0x3320646E,
        0x79622D32,
        0x6B206574,
        *struct.unpack("<8I", key),
        counter,
        *struct.unpack("<3I", nonce),
    ]
    state = list(begin)
    for _ in range(10):
        for column in (
            (0, 4, 8, 12),
            (1, 5, 9, 13),
            (2, 6, 10, 14),
            (3, 7, 11, 15),
            (0, 5, 10, 15),
            (1, 6, 11, 12),
            (2, 7, 8, 13),
            (3, 4, 9, 14),
        ):
            quarter(state, *column)
    return struct.pack("<16I", *((one + other) & 0xFFFFFFFF for one, other in zip(state, begin)))


def stream(key, nonce, text):
    keys = b"".join(block(key, 1 + at, nonce) for at in range((len(text) + 63) // 64))
    return bytes(one ^ other for one, other in zip(text, keys))


def tag(key, nonce, known, text):
    one_time = block(key, 0, nonce)
    r = int.from_bytes(one_time[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    message = (
        known + bytes(-len(known) % 16) + text + bytes(-len(text) % 16) + struct.pack("<QQ", len(known), len(text))
    )
    total = 0
    for at in range(0, len(message), 16):
        total = (total + int.from_bytes(message[at : at + 16] + b"\1", "little")) * r % (2**130 - 5)
    return (total + int.from_bytes(one_time[16:32], "little") & (1 << 128) - 1).to_bytes(16, "little")


def seal(key, nonce, known, text):
    sealed = stream(key, nonce, text)
    return sealed + tag(key, nonce, known, sealed)


def unseal(key, nonce, known, sealed):
    text = sealed[:-16]
    if not hmac.compare_digest(tag(key, nonce, known, text), sealed[-16:]):
        raise ValueError("a frame was changed on its way")
    return stream(key, nonce, text)


def check():
    """Vectors of the RFCs."""
    alice = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    assert x25519(alice).hex() == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"  # RFC 7748, 6.1
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")  # RFC 8032, 7.1, test 2
    assert public_key(seed).hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert sign(seed, b"\x72").hex().startswith("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da")
    key, nonce = bytes(range(0x80, 0xA0)), bytes.fromhex("070000004041424344454647")  # RFC 8439, 2.8.2
    text = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen "
        b"would be it."
    )
    known = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    sealed = seal(key, nonce, known, text)
    assert sealed[:8].hex() == "d31a8d34648e60db" and sealed[-16:].hex() == "1ae10b594f09e26a7e902ecbd0600691"
    assert unseal(key, nonce, known, sealed) == text
