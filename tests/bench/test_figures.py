"""The figures about variants, on fewer requests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def printed(module: str, *options: str) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", module, *options]
    done = subprocess.run(
        command, check=True, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.splitlines()


def test_noise_costs_no_hit():
    plain, noisy = printed("bench.noise", "--requests", "4000")
    assert plain.removeprefix("without noise").strip() == noisy.removeprefix("with noise").strip()
    assert "% of 4,000 requests hit" in plain


def test_no_variant_is_wasted_on_a_page_that_reads_in_order():
    lines = printed("bench.variants", "--pages", "6", "--requests", "300")
    told = {line.split()[1].rstrip(":"): line.rpartition(": ")[2] for line in lines}
    assert told["entries"] == told["renders"] == "1.00 a leaf"
