"""Checks a ledger export: python3 audit-verify.py export.ndjson "<verifier key>". Written from docs/audit.md alone."""
import base64, hashlib, json, re, sys

sha, b64 = (lambda *parts: hashlib.sha256(b"".join(parts)).digest()), base64.b64decode
# A number stays as it is written: RFC 8785 writes 0.000001 where Python would write 1e-06.
lines = [json.loads(text, parse_float=lambda number: "\0" + number) for text in open(sys.argv[1], encoding="utf-8")]
start, peaks, heads = lines[0]["from"], [], 0
for root in lines[0]["prefix"]:
    peaks.append((1 << (start - sum(n for n, _ in peaks)).bit_length() - 1, b64(root)))
for line in lines[1:]:
    if "hash" in line:
        assert line["sequence"] == start, f"record {start} is missing or out of place"
        assert "leaf" in line and b64(line["hash"]) == sha(b"\0", line["leaf"].encode()), f"record {start} was altered or removed"
        if "payload" in line:
            text = json.dumps(line["payload"]["value"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            text = re.sub(r'"\\u0000([^"]*)"', r"\1", text)
            digest = sha(base64.urlsafe_b64decode(line["payload"]["nonce"] + "=="), text.encode())
            assert json.loads(line["leaf"])["payload"] + "=" == base64.urlsafe_b64encode(digest).decode(), f"payload {start}"
        peaks, start = peaks + [(1, b64(line["hash"]))], start + 1
        while len(peaks) > 1 and peaks[-1][0] == peaks[-2][0]:
            (n, left), (_, right) = peaks[-2:]
            peaks[-2:] = [(2 * n, sha(b"\1", left, right))]
    if "checkpoint" in line:
        text, signature = line["checkpoint"].split("\n\n\u2014 ")
        origin, size, root = text.split("\n")
        top = peaks[-1][1]
        for _, left in peaks[-2::-1]:
            top = sha(b"\1", left, top)
        assert (int(size), b64(root)) == (start, top), f"the records before {start} are not the ones that were signed"
        name, key = sys.argv[2].split("+", 2)[0], b64(sys.argv[2].split("+", 2)[2])
        assert origin == name and b64(signature.split()[1])[:4] == sha(name.encode(), b"\n", key)[:4], "another key"
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(b64(signature.split()[1])[4:], (text + "\n").encode())
            heads += 1
        except ImportError:
            print("without the package cryptography the signature itself is not checked")
assert lines[-1].get("end") == start, f"cut off after record {start - 1}"
print(f"{start - lines[0]['from']} records, {heads} signed heads: unaltered")
