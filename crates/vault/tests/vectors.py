"""How vectors.json was made: the format of docs/vault-format.md once more, in Python with the `cryptography`
package, so that the Rust code is checked against something other than itself. Run by hand when the format changes:

    python3 crates/vault/tests/vectors.py > crates/vault/tests/vectors.json
"""

import base64
import hashlib
import hmac
import json
import struct
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def field(data):
    return struct.pack(">Q", len(data)) + data


def context(purpose, owner, row, provider, origin, version):
    owner = b"system" if owner is None else owner.bytes
    fields = [purpose.encode(), owner, row, provider.encode(), origin.encode(), struct.pack(">I", version)]
    return b"".join(map(field, fields))


HASHES = {1: hashes.SHA512(), 2: hashes.SHA256()}


def seal(algorithm, key, kek_id, dek_version, ctx, plaintext, salt, nonce):
    head = b"OwnK" + bytes([1, algorithm, len(kek_id)]) + kek_id.encode() + struct.pack(">I", dek_version)
    bound = head + ctx
    okm = HKDF(HASHES[algorithm], 64, salt, bound).derive(key)
    return head + salt + nonce + okm[32:] + AESGCM(okm[:32]).encrypt(nonce, plaintext, bound)


def filler(label, length):
    return hashlib.shake_256(label.encode()).digest(length)


def vector(algorithm, name, kek_id, owner, dek_version, secret):
    kek, dek = filler(name + " kek", 32), filler(name + " dek", 32)
    fresh = {part: filler(name + " " + part, n) for part, n in
             [("dek salt", 32), ("dek nonce", 12), ("salt", 32), ("nonce", 12)]}
    text = base64.b64encode(kek).decode()
    if kek_id is None:
        kek_id = hashlib.sha256(b"ownkey kek id v1\0" + kek).hexdigest()[:8]
    else:
        text = f"{kek_id}:{text}"
    dek_context = context("dek", owner, b"", "", "", dek_version)
    row = secret.get("credential")
    secret_context = context(secret["purpose"], owner, uuid.UUID(row).bytes if row else b"",
                             secret.get("provider", ""), secret.get("origin", ""), secret["version"])
    plaintext = secret["plaintext"].encode()
    check = hmac.new(kek, b"ownkey kek check value v1\0" + kek_id.encode(), hashlib.sha256).hexdigest()
    return {
        "name": name, "algorithm": algorithm, "keyring": text, "kek_id": kek_id, "check_value": check,
        "workspace": owner.hex if owner else None, "dek": dek.hex(), "dek_version": dek_version,
        "dek_salt": fresh["dek salt"].hex(), "dek_nonce": fresh["dek nonce"].hex(),
        "wrapped_dek": seal(algorithm, kek, kek_id, dek_version, dek_context, dek,
                            fresh["dek salt"], fresh["dek nonce"]).hex(),
        **secret, "salt": fresh["salt"].hex(), "nonce": fresh["nonce"].hex(),
        "sealed": seal(algorithm, dek, "", dek_version, secret_context, plaintext,
                       fresh["salt"], fresh["nonce"]).hex(),
    }


WORKSPACE = uuid.UUID("0192f3a4-b5c6-7788-99aa-bbccddeeff00")
CREDENTIAL = "0192f3a4b5c678889aabbccddeeff011"

print(json.dumps([vector(algorithm, *case) for algorithm in HASHES for case in [
    ("anthropic key", "2026-11", WORKSPACE, 1, {
        "purpose": "provider_key", "credential": CREDENTIAL, "provider": "anthropic",
        "origin": "https://api.anthropic.com:443", "version": 1, "plaintext": "sk-ant-api03-not-a-real-key"}),
    ("openai key at a local address, key ring without a name", None, WORKSPACE, 7, {
        "purpose": "provider_key", "credential": CREDENTIAL, "provider": "openai",
        "origin": "http://[::1]:9102", "version": 4294967295, "plaintext": "sk-proj-not-a-real-key"}),
    ("pepper", "k", None, 1, {"purpose": "pepper", "version": 3, "plaintext": "a pepper of the installation"}),
    ("empty secret", "k", None, 2, {"purpose": "audit", "version": 0, "plaintext": ""}),
]], indent=1))
