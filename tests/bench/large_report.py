"""How long it takes to render the largest report that is promised: twelve personas over eight quarters, mail and page.

large_report.py [PROGRAM]   default: target/release/driftline, from the root of the repository
The report is the changed sample with its personas, changes, drifted columns and migration table repeated.
"""
import copy
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

PERSONAS, QUARTERS, RUNS = 12, 8, 5

program = sys.argv[1] if len(sys.argv) > 1 else "target/release/driftline"
report = json.loads(pathlib.Path("reports/drift/sample-changed.json").read_text())
few = report["personas"]["personas"]
changes, drift = report["changes"], report["attribute_drift"]
report["personas"]["personas"], report["changes"] = [], []
report["attribute_drift"] = [group for group in drift if group["subject"] == "market"]
for number in range(PERSONAS):
    persona = copy.deepcopy(few[number % len(few)])
    old = persona["key"]
    own = {"subject": f"de-2025q1-{number:02}", "label": f"{persona['label']} {number}"}
    persona.update(key=own["subject"], label=own["label"], role="primary" if number < 5 else "secondary")
    report["personas"]["personas"].append(persona)
    report["changes"] += [{**line, **own} for line in changes if line["subject"] == old]
    report["attribute_drift"] += [{**group, **own} for group in drift if group["subject"] == old]
labels = [persona["label"] for persona in report["personas"]["personas"]]
side = len(labels) + 1
report["migration"] = {
    "from": [*labels, "Not active before"], "to": [*labels, "Not active now"], "customers": [[1234] * side for _ in range(side)]
}
quarters = [f"{2023 + (at + 3) // 4}Q{(at + 3) % 4 + 1}" for at in range(QUARTERS)]
report["tree"] = {"periods": quarters, "branches": [
    {"key": persona["key"], "label": persona["label"], "parents": [], "events": [],
     "seen": [{"share": persona["share"], "value": persona["value"], "role": persona["role"]}] * QUARTERS}
    for persona in report["personas"]["personas"]
]}

with tempfile.TemporaryDirectory() as folder:
    source, out = pathlib.Path(folder, "report.json"), pathlib.Path(folder, "out")
    source.write_text(json.dumps(report))
    seconds, cpu_seconds = [], []
    used = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    for _ in range(RUNS):
        start, cpu_start = time.monotonic(), used()
        subprocess.run([program, "preview", "drift", "--from", source, "--out", out], check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.monotonic() - start)
        cpu_seconds.append(used() - cpu_start)
    sizes = {name: (out / "report" / name).stat().st_size for name in ["mail.html", "report.html"]}
print(f"{PERSONAS} personas, {QUARTERS} quarters: median {statistics.median(seconds):.2f} s, slowest {max(seconds):.2f} s of {RUNS}, "
      f"{statistics.median(cpu_seconds):.2f} s of processor; "
      f"mail {sizes['mail.html']:,} bytes, page {sizes['report.html']:,} bytes")
