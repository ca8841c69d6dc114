"""Reads mails as they arrived, with Python's own parser: what every mail must be, whoever made it.

read-mails.py FOLDER OUT REPORT.json...   every .eml of the folder; numbers are looked up in the reports

OUT/<market>-<period>-<who>.html is each mail's HTML part as its reader sees it, its pictures beside it, for .ci/pages.
"""
import email
import email.policy
import email.utils
import json
import pathlib
import re
import sys

folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
reports = [json.loads(pathlib.Path(path).read_text()) for path in sys.argv[3:]]
out.mkdir(parents=True, exist_ok=True)
problems, roles, count = [], set(), 0


def figures(text):
    return {found.rstrip(".,") for found in re.findall(r"\d[\d.,\u202f]*", text)}


def words_of(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from words_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words_of(inner)
    elif isinstance(value, str):
        yield value


def keep(name, html, pictures):
    """What a mail program shows: the HTML part with its pictures in place."""
    for number, part in enumerate(pictures):
        picture = f"{name}-{number}.png"
        (out / picture).write_bytes(part.get_content())
        html = html.replace(f"cid:{part['Content-ID'].strip('<>')}", picture)
    page = out / f"{name}.html"
    if page.exists():
        problems.append(f"two mails are {name}")
    page.write_text(html)


for path in sorted(folder.glob("*.eml")):
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    if mail["List-Id"] is None:
        continue  # a notice to the owner
    count += 1
    wrong = lambda text: problems.append(f"{path.name} to {mail['To']}: {text}")
    for name in ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "List-Id", "List-Unsubscribe"]:
        if not mail[name]:
            wrong(f"no {name}")
    if mail.defects:
        wrong(f"defects {mail.defects}")
    if mail.get_content_type() != "multipart/alternative":
        wrong(f"is {mail.get_content_type()}")
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    if text is None or html is None:
        wrong("a part is missing")
        continue
    text, html = text.get_content(), html.get_content()
    if len(html.encode()) > 60_000:
        wrong(f"HTML of {len(html.encode())} bytes")
    pictures = [part for part in mail.walk() if part.get_content_maintype() == "image"]
    shown = re.findall(r"<img [^>]*>", html)
    if len(pictures) > 3 or len(shown) != len(pictures):
        wrong(f"{len(pictures)} pictures, {len(shown)} shown")
    for tag in shown:
        source = re.search(r'src="cid:([^"]+)"', tag)
        if not source or f"<{source.group(1)}>" not in [part["Content-ID"] for part in pictures]:
            wrong(f"picture {tag}")
        if not re.search(r'width="\d+"', tag) or not re.search(r'alt="[^"]+"', tag):
            wrong(f"picture without width or text: {tag}")
    for banned in ["<script", "<form", "<iframe", "<link", "javascript:", "data:", "@import", "src=\"http"]:
        if banned in html:
            wrong(f"HTML holds {banned}")
    # The same numbers in both parts, and all of them in the report.
    plain = re.sub(r"<[^>]+>", " ", re.sub(r"<(style|head).*?</\1>", " ", html, flags=re.S))
    above = text.split("Full report")[0]
    missing = {found for found in figures(above) if found not in figures(plain)}
    if missing:
        wrong(f"numbers of the text that the HTML lacks: {sorted(missing)[:5]}")
    period = re.search(r"Q[1-4] \d{4}", mail["Subject"])
    report = next((report for report in reports if period and report["period_title"] == period.group(0) and report["market_name"] in mail["Subject"]), None)
    if report is None:
        wrong("no report of that market and period")
        continue
    keep(f"{report['market']}-{report['period']}-{email.utils.parseaddr(mail['To'])[1].split('@')[0]}", html, pictures)
    # Personal data: nobody's address but those of the mail itself.
    own = {address for _, address in email.utils.getaddresses([mail["From"], mail["To"], mail["Reply-To"] or ""])}
    found = {address.rstrip(".") for address in re.findall(r"[\w.+-]+@[\w-]+\.[\w.-]+", text + html)} - own
    if found:
        wrong(f"addresses {sorted(found)}")
    for block in report["for_you"]:
        if block["title"].upper() in text:
            roles.add(block["audience"])
            # A quiet mail has the lines of facets alone.
            is_quiet = report["headline"]["kind"] == "no_material_change"
            for line in block["of_facets"] if is_quiet else block["lines"]:
                if " ".join(line.split()) not in " ".join(text.split()):
                    wrong(f"a line of {block['audience']} is not the report's: {line}")

for problem in problems:
    print(f"error: {problem}", file=sys.stderr)
print(f"mails read: {count}, lines for {', '.join(sorted(roles)) or 'nobody'}, {len(problems)} problems")
sys.exit(1 if problems or count == 0 else 0)
