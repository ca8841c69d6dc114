#!/usr/bin/env python3
"""Kills a run at random moments; the next looks must end with what an undisturbed run publishes and mails.

    kills.py file|s3 COUNT [SEED] [DRIFTLINE]

file: warehouses below target/kills; s3: prefixes of a bucket at $AWS_ENDPOINT (see .ci/servers, .ci/object-storage). The mail server
of .ci/servers must run: DRIFTLINE_SMTP is its folder, DRIFTLINE_SMTP_PORT its port if not 2526. The project's files must not change
meanwhile. Every round: an empty warehouse, `run --due` killed (SIGKILL) after a random share of the time that an undisturbed run took,
then `run --due` until nothing is due and no mail waits. Checked: there is one publication; the objects that it names, by hash, are
those of the undisturbed run and lie in the store; the one recipient has one mail, or at most one more than one where an attempt without receipt is on record, with the same Message-ID.
"""
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
DUE = ["--json", "run", "--due", "jobs/complete-journey.toml", "--now", "2018-01-05T06:00:00Z"]
SLOT = "complete-journey/us/2017Q4"


class FileStore:
    """Warehouses on the local disk."""

    def __init__(self):
        self.folder = ROOT / "target" / "kills"
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name):
        return str(self.folder / name)

    def objects(self, name):
        top = self.folder / name
        return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}

    def drop(self, name):
        shutil.rmtree(self.folder / name, ignore_errors=True)


class S3Store:
    """Warehouses as prefixes of one bucket."""

    def __init__(self):
        import boto3
        self.client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT"])
        self.bucket = f"driftline-kills-{os.getpid()}"
        self.client.create_bucket(Bucket=self.bucket)

    def url(self, name):
        return f"s3://{self.bucket}/{name}"

    def keys(self, name):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{name}/")
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def objects(self, name):
        return {key.removeprefix(f"{name}/"): self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
                for key in self.keys(name)}

    def drop(self, name):
        for key in self.keys(name):
            self.client.delete_object(Bucket=self.bucket, Key=key)


def settings(url, recipient):
    smtp = pathlib.Path(os.environ["DRIFTLINE_SMTP"])
    values = {
        "warehouse.url": url, "schedule.cron": "0 6 2 1,4,7,10 *", "schedule.time_zone": "America/New_York",
        "warehouse.public_url": "https://reports.example.com", "schedule.catch_up": "latest", "schedule.start": "2017Q4",
        "limits.lease_seconds": "1", "mail.smtp.host": "localhost",
        "mail.smtp.port": os.environ.get("DRIFTLINE_SMTP_PORT", "2526"), "mail.smtp.encryption": "starttls",
        "mail.smtp.user_env": "TEST_SMTP_USER",
        "mail.smtp.password_env": "TEST_SMTP_PASSWORD", "mail.smtp.ca_file": str(smtp / "ca.pem"),
        "mail.recipients": json.dumps([recipient]),
    }
    return [part for key, value in values.items() for part in ("--set", f"{key}={value}")]


def call(program, arguments, options):
    environment = {**os.environ, "TEST_SMTP_USER": "driftline", "TEST_SMTP_PASSWORD": "secret"}
    return subprocess.Popen([program, *arguments, *options], cwd=ROOT, env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def until_done(program, options):
    for _ in range(200):
        run = call(program, DUE, options)
        said, problem = run.communicate()
        if run.returncode != 0:
            sys.exit(f"the look after a kill ended with {run.returncode}\n{said}\n{problem}")
        outbox, _ = call(program, ["--json", "outbox", "--job", "complete-journey"], options).communicate()
        if '"elsewhere"' not in said and '"waiting"' not in outbox and '"unknown"' not in outbox:
            return
    sys.exit("the lease of a killed run never ended")


def published(objects):
    record = json.loads(objects[f"{SLOT}/published/000001.json"])
    return {entry["name"]: entry["sha256"] for entry in record["objects"]}, record


def mails_to(recipient):
    folder = pathlib.Path(os.environ["DRIFTLINE_SMTP"]) / "mails"
    texts = [path.read_text(errors="replace") for path in sorted(folder.iterdir())]
    return [re.search(r"^Message-ID: (.*)$", text, re.M).group(1).strip() for text in texts if f"To: {recipient}" in text]


def main():
    kind, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1
    program = sys.argv[4] if len(sys.argv) > 4 else ROOT / "target" / "debug" / "driftline"
    store = {"file": FileStore, "s3": S3Store}[kind]()
    chance = random.Random(seed)
    tag = f"{kind}-{os.getpid()}"
    start = time.monotonic()
    # One recipient throughout: who is addressed is part of the job, and so of the bytes.
    recipient = f"killed-{tag}@example.com"
    until_done(program, settings(store.url("undisturbed"), recipient))
    seconds = time.monotonic() - start
    expected, _ = published(store.objects("undisturbed"))
    twice = early = 0
    for number in range(count):
        name = f"killed-{number:03}"
        options = settings(store.url(name), recipient)
        before = mails_to(recipient)
        moment = chance.uniform(0, seconds)
        run = call(program, DUE, options)
        try:
            run.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            early += 1
        run.kill()
        run.communicate()
        until_done(program, options)
        objects = store.objects(name)
        found, record = published(objects)
        place = f"killed after {moment:.3f} s (round {number}, seed {seed})"
        if found != expected:
            sys.exit(f"{place}: published other objects: {found} instead of {expected}")
        if len([key for key in objects if key.startswith(f"{SLOT}/published/")]) != 1:
            sys.exit(f"{place}: not one publication")
        missing = [key for key in found if f"{record['run']}/{key}" not in objects and key not in objects]
        if missing:
            sys.exit(f"{place}: the publication names objects that are not there: {missing}")
        ids = mails_to(recipient)[len(before):]
        attempts = len([key for key in objects if ".attempt-" in key])
        if not 1 <= len(ids) <= 2 or len(ids) > attempts or len(set(ids)) != 1:
            sys.exit(f"{place}: mails {ids}, attempts on record {attempts}")
        twice += len(ids) == 2
        store.drop(name)
    print(f"{kind}: {count} kills at random moments of {seconds:.1f} s (seed {seed}), {early} before the run's own end: the next looks "
          f"published the same bytes each time; {count - twice} recipients with one mail, {twice} with two of one Message-ID")


if __name__ == "__main__":
    main()
