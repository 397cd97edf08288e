"""tally.py RESULTS SKIPPED-PARTS JOB=STATUS…: prints "N passed, N failed[, N skipped]" for a whole tests/run.

RESULTS holds a JUnit file JOB.xml for each job that counts its tests. A job without one is a check and counts as one
test; one that failed though no test in its file did (it hung, or could not start) counts as one failure more.
Status 0 only if something ran and nothing failed.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

# They make what others need; alone they prove nothing, and their failure is one.
PREPARING = "prepare-"


def count(path):
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def tally(results, skipped_parts, jobs):
    total = [0, 0, skipped_parts]
    for name, status in jobs:
        path = results / f"{name}.xml"
        counts = [0, 0, 0]
        if path.exists():
            counts = list(count(path))
        elif status == 0 and not name.startswith(PREPARING):
            counts[0] = 1
        if status != 0 and counts[1] == 0:
            counts[1] = 1
        total = [a + b for a, b in zip(total, counts)]
    return total


def main():
    jobs = [(name, int(status)) for name, _, status in (job.rpartition("=") for job in sys.argv[3:])]
    passed, failed, skipped = tally(Path(sys.argv[1]), int(sys.argv[2]), jobs)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
