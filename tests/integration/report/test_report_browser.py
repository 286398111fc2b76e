"""The page of a run in a real Chromium: a pass and a failure, light and dark, wide and narrow, and on paper.

Screenshots are left in build/screenshots/.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_bundle import PASSED, Bundle, failed
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from hostkit.gate.parts import BOOT_TRANSCRIPT
from hostkit.gate.seal import seal
from hostkit.gate.statement import Origin
from hostkit.gate.suite import PICTURES, TRANSCRIPT
from hostkit.hil.golden.controller import GoldenController
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.observations import Outcome
from hostkit.hil.picture import Picture, write_picture
from hostkit.hil.scene import Scene, set_model
from hostkit.hil.variants import MUSIC
from hostkit.link.framing import encode_frame
from hostkit.link.messages import FrameEvent, Op, Reply, Request, Status, Tap, encode_message
from hostkit.link.transcript import Direction, Transcript
from hostkit.report.html.page import write_page
from hostkit.testing.clock import FakeClock
from hostkit.testing.keys import a_signer

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="no Chromium here: apt-get install chromium chromium-driver (or: make browser, as root)",
)
SCREENSHOTS = Path(__file__).parents[3] / "build" / "screenshots"
TURNS = 5_200  # requests with their replies: more than ten thousand lines
BAD = PASSED[3].test
HOSTILE = "</script><img src=x onerror=document.title='taken'>"

CONTRAST = """
const parts = (text) => text.match(/[\\d.]+/g).map(Number);
const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
const behind = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const colour = parts(getComputedStyle(each).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const bad = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
  if (element.closest("script, .skip")) continue;
  const style = getComputedStyle(element);
  const svg = element.namespaceURI.endsWith("svg");
  if (svg && element.tagName === "title") continue;
  const [one, two] = [light(parts(svg ? style.fill : style.color)), light(behind(element))];
  const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
  if (ratio < 4.5) bad.push(walker.currentNode.data.trim().slice(0, 40) + " " + ratio.toFixed(2));
}
return bad;
"""


OUTSIDE = """
const edge = document.documentElement.clientWidth;
return [...document.querySelectorAll("h1, h2, h3, li, p, dd, figure, td")]
  .filter((each) => !each.closest(".scroll, .log, .chart, .skip"))
  .filter((each) => each.getBoundingClientRect().right > edge || each.scrollWidth > each.clientWidth + 1)
  .filter((each) => getComputedStyle(each).display !== "inline")
  .map((each) => each.tagName + " " + each.textContent.slice(0, 40));
"""


def wire(message: object) -> bytes:
    return encode_frame(encode_message(message))  # type: ignore[arg-type]


def talk(directory: Path) -> None:
    """Write a long conversation: a boot, requests in tests, and live frames."""
    clock = FakeClock()
    with Transcript(clock, path=directory / BOOT_TRANSCRIPT) as boot:
        boot.record(Direction.RECEIVED, b"ets Jul 29 2019 12:21:46\r\nrst:0x1 (POWERON_RESET)\r\n\0")
    clock.advance(1.0)
    with Transcript(clock, path=directory / TRANSCRIPT) as transcript:
        for number in range(TURNS):
            if number % 400 == 0:
                transcript.mark(BAD if number == 800 else f"h/test_p.py::part[{number // 400}]")
            clock.advance(0.0007)
            transcript.record(Direction.SENT, wire(Request(number + 1, Op.STEP, (number * 1000,))))
            transcript.record(
                Direction.RECEIVED, wire(Reply(number + 1, 7, Status.OK, [number, 300 + number]))
            )
        transcript.mark("h/test_t.py::rate")
        for seq in range(300):
            time_us = seq * 16_667 + (seq * 7919) % 900
            transcript.record(Direction.RECEIVED, wire(FrameEvent(7, seq, time_us, 12, 5100, seq, 900, 0)))


def picture(name: str, *, wrong: bool) -> Picture:
    """Return 24 frames of a pattern as the model draws them; ``wrong``: some LEDs late from 10 on."""
    scene = Scene(name, seed=3, audio=MUSIC, step_us=60_000, count=24)
    model = GoldenController(Geometry())
    set_model(model, scene)
    pixels = model.run(0, scene.step_us, scene.count).taps.frame.astype(np.int64)
    observed = pixels.copy()
    if wrong:
        observed[10:, 100:180] = pixels[9:-1, 100:180]
    times = tuple(scene.time_us(index) for index in range(scene.count))
    note = f"{name}: tap frame differs from the model" if wrong else ""
    return Picture(BAD, name, str(scene), Tap.FRAME, (160, 160), 0, times, pixels, observed, note)


def page_of(folder: Path, *, wrong: bool) -> Path:
    """Write a run and its page; return the page."""
    bad = failed(f"lava: tap frame differs from the model {HOSTILE}")
    long = replace(PASSED[4], test=f"h/test_s.py::{'a_long_name_' * 12}", outcome=Outcome.SKIPPED)
    seen = (*PASSED[:3], bad, PASSED[4]) if wrong else (*PASSED, long)
    run = Bundle(observations=seen, details={bad.test: f"E  {HOSTILE}\n  more"}).write(
        folder / "runs" / f"2026010{1 + wrong}T000000Z-0000abcd"
    )
    talk(run)
    for name in ("solid", "lava", "rainbow", "wave"):
        write_picture(run / PICTURES / f"{name}.json", picture(name, wrong=wrong and name == "lava"))
    if not wrong:
        seal(run, a_signer(), asdict(Origin(1)))
    path = folder / ("fail.html" if wrong else "pass.html")
    write_page(run, path)
    return path


@dataclass
class Browser:
    """A Chromium with one page open."""

    driver: webdriver.Chrome
    name: str = ""

    def open(self, page: Path) -> None:
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.name = page.stem
        self.driver.get(page.as_uri())

    def look(self, scheme: str, width: int) -> None:
        """Set the reader's colours and the width of the window."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def run(self, script: str) -> Any:
        return self.driver.execute_script(script)

    def shoot(self, what: str) -> None:
        """Leave a screenshot of the whole page."""
        size = self.run(
            "return [document.documentElement.clientWidth, document.documentElement.scrollHeight]"
        )
        clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], 8000), "scale": 1}
        shot = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
        )
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"report-{self.name}-{what}.png"
        path.write_bytes(base64.b64decode(shot["data"]))
        print(f"screenshot: {path}")

    def find(self, css: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def rows(self) -> list[str]:
        """Return the lines of the log that are drawn now, without the names of tests between them."""
        rows: list[str] = self.run(
            "return [...document.querySelectorAll('#log-rows li:not(.part)')].map((row) => row.textContent)"
        )
        return rows

    def count(self) -> str:
        said: str = self.find("#log-count").text
        return said

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the page was opened."""
        messages = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        sent = (each["params"] for each in messages if each["method"] == "Network.requestWillBeSent")
        page = self.driver.current_url  # and not what the browser showed before it
        return [params["request"]["url"] for params in sent if params["documentURL"] == page]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    return {"pass": page_of(folder, wrong=False), "fail": page_of(folder, wrong=True)}


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
    arguments += [f"--user-data-dir={tmp_path_factory.mktemp('profile')}", "--window-size=1400,1000"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium's own refuses to be root's, as in a container
    for argument in arguments:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def browser(request: pytest.FixtureRequest, pages: dict[str, Path], chromium: webdriver.Chrome) -> Browser:
    """Chromium with the page of a failed run, or of another that the test asks for."""
    opened = Browser(chromium)
    opened.open(pages[getattr(request, "param", "fail")])
    opened.look("light", 1400)
    return opened


both = pytest.mark.parametrize("browser", ["pass", "fail"], indirect=True)


@both
def test_the_page_opens_without_a_complaint_and_asks_the_network_for_nothing(browser: Browser) -> None:
    images = browser.run(
        "return [...document.images].map((i) => [i.complete, i.naturalWidth, i.naturalHeight, i.alt != ''])"
    )
    assert images == [[True, 328, 24, True]] * 12
    assert browser.complaints() == []
    asked = browser.requests()
    assert len(asked) >= 1
    assert all(url.startswith(("file://", "data:image/png")) for url in asked)
    assert sum(url.startswith("file://") for url in asked) == 1
    assert browser.driver.title.startswith(f"{browser.name}: virtual on virt0")


@both
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_light_and_in_dark_at_any_width(browser: Browser, scheme: str) -> None:
    ground = []
    for width in (1400, 400):
        browser.look(scheme, width)
        assert browser.run(CONTRAST) == []
        assert browser.run("return document.documentElement.scrollWidth") <= width
        assert browser.run(OUTSIDE) == []
        ground = re.findall(r"\d+", browser.run("return getComputedStyle(document.body).backgroundColor"))
        browser.shoot(f"{scheme}-{width}")
    assert (sum(map(int, ground)) > 384) == (scheme == "light")


def test_the_log_shows_ten_thousand_lines_a_few_at_a_time(browser: Browser) -> None:
    assert browser.count() == "10,702 of 10,702 lines"
    assert len(browser.rows()) < 100
    assert "ets Jul 29 2019" in browser.rows()[0]
    browser.run("const box = document.getElementById('log-box'); box.scrollTop = box.scrollHeight")
    browser.run("document.getElementById('log-box').dispatchEvent(new Event('scroll'))")
    assert "frame 299 at" in browser.rows()[-1]


def test_the_log_is_filtered_by_text_direction_and_test(browser: Browser) -> None:
    text, way, part = (browser.find(f"#log-{name}") for name in ("text", "way", "part"))
    text.send_keys("step [77000]")
    assert browser.count() == "1 of 10,702 lines"
    assert browser.rows()[0].endswith("→#78 step [77000]")
    text.clear()
    text.send_keys("part[3]", Keys.ENTER)  # a test's name; and Enter leaves the page where it is
    assert browser.count() == "800 of 10,702 lines"
    way.send_keys("from")
    assert browser.count() == "400 of 10,702 lines"
    assert all("←" in row for row in browser.rows())
    text.clear()
    text.send_keys("POWERON")
    assert browser.count() == "1 of 10,702 lines"
    part.send_keys("rate")
    assert browser.count() == "0 of 10,702 lines"
    text.clear()
    text.send_keys(" ", Keys.BACKSPACE)
    assert browser.count() == "300 of 10,702 lines"
    assert browser.complaints() == []


def test_a_failed_test_leads_to_its_lines_in_the_log(browser: Browser) -> None:
    browser.find(".to-log").click()
    assert browser.count() == "800 of 10,702 lines"
    assert browser.find("#log-rows .part").text == BAD
    assert browser.driver.title.startswith("fail")  # and not what a hostile message made of it
    assert HOSTILE in browser.find(".wrong h3").text


def test_the_policy_stops_a_script_that_is_not_the_pages_own(browser: Browser) -> None:
    browser.run(
        "const s = document.createElement('script'); s.text = 'window.taken = 1'; document.body.append(s)"
    )
    assert browser.run("return window.taken") is None
    browser.run("const i = new Image(); i.src = 'https://example.invalid/x.png'; document.body.append(i)")
    assert any("Content Security Policy" in said for said in browser.complaints())


def test_the_page_prints_light_and_with_its_log(browser: Browser) -> None:
    browser.look("dark", 1400)
    printed = browser.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    data = base64.b64decode(printed["data"])
    assert data.startswith(b"%PDF-")
    assert len(data) > 30_000
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 40
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert browser.run("return getComputedStyle(document.getElementById('log-form')).display") == "none"
        browser.run("window.dispatchEvent(new Event('beforeprint'))")
        assert len(browser.run("return document.querySelectorAll('#log-rows li')")) == 301
        assert browser.run(CONTRAST) == []
        browser.shoot("print")
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_the_keyboard_reaches_everything_that_does_something(browser: Browser) -> None:
    browser.find("body").send_keys(Keys.TAB)
    assert browser.run("return document.activeElement.className") == "skip"
    reached = set()
    for _ in range(25):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(browser.run("const e = document.activeElement; return e.id || e.className || e.tagName"))
    assert {"log-text", "log-way", "log-part", "log-box", "SUMMARY"} <= reached
    headings = browser.run("return [...document.querySelectorAll('h1, h2, h3')].map((h) => +h.tagName[1])")
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
