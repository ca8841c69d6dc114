"""Verifies the DKIM signature of mails with dkimpy, which shares no code with the program.

verify-dkim.py DOMAIN SELECTOR PUBLIC-KEY.der FILE-OR-FOLDER...   every .eml must be signed by that key
"""
import base64
import pathlib
import sys

import dkim

domain, selector, key = sys.argv[1:4]
record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(pathlib.Path(key).read_bytes())
name = f"{selector}._domainkey.{domain}.".encode()
paths = [found for path in sys.argv[4:] for found in ([pathlib.Path(path)] if path.endswith(".eml") else sorted(pathlib.Path(path).glob("*.eml")))]
failed = []
for path in paths:
    mail = path.read_bytes()
    try:
        is_good = dkim.verify(mail, dnsfunc=lambda asked, timeout=5: record if asked == name else None)
    except dkim.DKIMException as error:
        print(f"error: {path.name}: {error}", file=sys.stderr)
        is_good = False
    # A verifier that takes everything would verify nothing.
    changed = mail.replace(b"\nSubject: ", b"\nSubject: x", 1)
    is_blind = dkim.verify(changed, dnsfunc=lambda asked, timeout=5: record if asked == name else None)
    if not is_good or is_blind:
        failed.append(path)
        print(f"error: {path.name}: {'a changed subject verifies' if is_blind else 'the signature does not verify'}", file=sys.stderr)
print(f"signatures verified by dkimpy: {len(paths) - len(failed)} of {len(paths)}")
sys.exit(1 if failed or not paths else 0)
