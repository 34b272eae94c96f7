"""The browser in which pages are tested: one for each file, and only where it is asked for."""

import os
import shutil

import pytest

from engine import Value
from viz.player import play

ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or "/usr/bin/chromium"
    if not os.access(program, os.X_OK):
        pytest.skip("there is no chromium to test the page in")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def show(browser, tmp_path):
    """Opens the page of a Value from its file; whatever the page complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(v: Value, **options):
        viewport = options.pop("viewport", {"width": 1200, "height": 800})
        context = browser.new_context(viewport=viewport, reduced_motion="reduce")
        contexts.append(context)
        tab = context.new_page()
        written = play(v, tmp_path / f"{len(contexts)}.html", **options)

        def asked(request):
            if request.url != written.as_uri():
                complaints.append(f"asked for {request.url[:80]}")

        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", asked)
        tab.goto(written.as_uri())
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
