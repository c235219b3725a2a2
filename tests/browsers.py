"""Real browsers that share nothing. ``SCREENSHOTS`` names a folder to keep pictures in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver

from tests.servers import program

Browse = Callable[[], webdriver.Chrome]


@contextmanager
def browsers(folder: Path) -> Iterator[Browse]:
    """Opens browsers, whose profiles lie in a folder, and closes them."""
    chromium, driver = program("chromium"), program("chromedriver")
    opened: list[webdriver.Chrome] = []

    def browse() -> webdriver.Chrome:
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={folder / f'profile-{len(opened)}'}")
        options.add_argument("--window-size=1200,1000")
        service = webdriver.ChromeService(executable_path=driver)
        opened.append(webdriver.Chrome(options=options, service=service))
        return opened[-1]

    yield browse
    for browser in opened:
        browser.quit()


def picture(browser: webdriver.Chrome, name: str) -> None:
    """Keep a picture, where pictures are wanted."""
    if folder := os.environ.get("SCREENSHOTS"):
        browser.save_screenshot(str(Path(folder) / f"{name}.png"))
