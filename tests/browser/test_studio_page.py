"""The studio in Chromium: what people see and do there, how fast it is, and that it asks nobody else."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pages import THEMES, WIDTHS, Theme, Watched, opened, until
from playwright.sync_api import Browser, Locator, Page
from running_studio import Client, started

from tokenworks.data.udhr import declaration, declarations
from tokenworks.tokenizer import Tokenizer
from tokenworks.workflows.pieces import pieces

pytestmark = pytest.mark.browser
FIRST = ("gpt2", "cl100k_base", "o200k_base")
SIZE = 10_000  # bytes of the text that is typed into
LIMIT = 100  # milliseconds from a keystroke to what it changed on the screen
HOSTILE = "<img src=x onerror=alert(1)>\u202ereversed\u202c \u0000\u001b[31m \u200b <b>a</b>"


@pytest.fixture(scope="module")
def studio() -> Iterator[Client]:
    with started() as client:
        yield client


def card(page: Page, name: str) -> Locator:
    return page.locator(f"article[data-name='{name}']")


def shown(page: Page, name: str) -> list[str]:
    """The texts of the tokens of one card, marks of line ends left out."""
    texts = (
        card(page, name).locator(".tokens i").evaluate_all("(all) => all.map((i) => i.textContent)")
    )
    return [text.replace("↵", "") for text in texts]


def write(page: Page, text: str) -> None:
    """Put a text into the page and wait until it is cut."""
    page.evaluate(
        "(text) => new Promise((done) => {"
        " document.addEventListener('cut', (event) => { if (event.detail === text) done(); });"
        " const area = document.getElementById('text'); area.value = text;"
        " area.dispatchEvent(new Event('input')); })",
        text,
    )


@cache
def loaded(name: str) -> Tokenizer:
    return Tokenizer.load(name)


def expected(name: str, text: str) -> list[str]:
    """The texts of the tokens that a card must show."""
    return [piece.text for piece in pieces(loaded(name), text)]


def ready(watched: Watched) -> Page:
    watched.page.wait_for_selector("html[data-ready]")
    return watched.page


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", THEMES)
def test_it_looks_right(browser: Browser, studio: Client, width: int, theme: Theme) -> None:
    with opened(browser, studio.url, width, theme) as watched:
        page = ready(watched)
        watched.sound()
        text = page.locator("#text").input_value()
        for name in FIRST:
            found = pieces(loaded(name), text)
            assert shown(page, name) == [piece.text for piece in found]
            count = sum(len(piece.ids) for piece in found)
            assert card(page, name).locator(".figures b").inner_text() == f"{count:,}"
        watched.keep("studio")
        card(page, "gpt2").locator(".tokens i").nth(9).click()
        page.locator("#details").wait_for(state="visible")
        page.wait_for_timeout(100)
        watched.sound()
        watched.keep("studio-token", whole=False)


def test_side_by_side_on_a_wide_screen(browser: Browser, studio: Client) -> None:
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        boxes = [card(page, name).bounding_box() for name in FIRST]
        assert len({box["y"] for box in boxes if box}) == 1


# From a keystroke until the browser has painted what came of it: in the text of the studio, and in a
# bare one of the same length, whose keystrokes send a request without any work.
TIMERS = """() => {
  const painted = (since) => requestAnimationFrame(
    () => setTimeout(() => window.taken.push(performance.now() - since)));
  const [text, bare] = [document.getElementById("text"), document.createElement("textarea")];
  const began = {};
  for (const area of [text, bare]) {
    area.addEventListener("beforeinput", () => { began[area.id] = performance.now(); }, true);
  }
  document.addEventListener("cut", () => painted(began.text));
  bare.id = "bare";
  bare.value = text.value;
  bare.addEventListener("input", () => fetch("api/reports/none").then(() => painted(began.bare)));
  document.body.prepend(bare);
  window.taken = [];
}"""


def keystrokes(page: Page, area: str, letters: str) -> float:
    """The median time of keystrokes in the middle of a text, in milliseconds."""
    page.evaluate(
        "(id) => { const area = document.getElementById(id); taken.length = 0;"
        " area.focus(); area.selectionStart = area.selectionEnd = area.value.length >> 1; }",
        area,
    )
    for number, letter in enumerate(letters):
        page.keyboard.type(letter)
        until(page, f"taken.length > {number}")
    median: float = statistics.median(page.evaluate("taken"))
    return median


@pytest.mark.parametrize(
    "kind", ["prose", "one line", pytest.param("scripts", marks=pytest.mark.slow)]
)
def test_typing_cuts_anew_within_a_tenth_of_a_second(
    browser: Browser, studio: Client, kind: str
) -> None:
    english = declaration("en").text + "\n" + declaration("fr").text
    every = "\n".join(one.articles[0] for one in declarations())
    text = {"prose": english, "one line": english.replace("\n", " "), "scripts": every}[kind]
    text = text.encode()[:SIZE].decode("utf-8", "ignore").ljust(SIZE - 40)
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        write(page, text)
        page.evaluate(TIMERS)
        rounds, typed = [], ""
        for _ in range(4):  # the machine may be busy for a while
            typed += "né 12 wörd"
            bare, ours = keystrokes(page, "bare", "aaaaa"), keystrokes(page, "text", "né 12 wörd")
            rounds.append((ours, bare))
            if ours < LIMIT / 2:
                break
        print(f"{kind}: {', '.join(f'{ours:.0f} (bare {bare:.0f})' for ours, bare in rounds)} ms")
        # On a machine that others use as well, the limit moves with it.
        assert any(ours < max(LIMIT, 10 * bare) for ours, bare in rounds)
        now = page.locator("#text").input_value()
        assert len(now) == len(text) + len(typed)
        for name in FIRST:
            assert shown(page, name) == expected(name, now)


def test_edits_of_every_kind_keep_the_tokens_right(browser: Browser, studio: Client) -> None:
    texts = (
        *("", "a", "ab\nc", "ab\n\nc", "ab\nXc", "X\nab\nXc\n", "\n\n\n", "ab\n\n\n  c", "👩🏽"),
        *("👩🏽\n👩", "नमस्ते\nab", "ab\nनमस्ते\n", "a b c d e f", "a b X d e f", "a b d e f", ""),
    )
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        for text in texts:
            write(page, text)
            for name in FIRST:
                assert shown(page, name) == expected(name, text)
        watched.sound()


def test_a_clicked_token_tells_its_merges(browser: Browser, studio: Client) -> None:
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        write(page, "Hello world")
        tokens = card(page, "gpt2").locator(".tokens i")
        tokens.nth(1).click()
        details = page.locator("#details")
        details.wait_for(state="visible")
        told = details.inner_text()
        for part in ("token 2 of 2", "␣world", "995", "20 77 6f 72 6c 64"):
            assert part in told
        rows = details.locator("tbody tr")
        assert rows.count() == told.count("→")
        assert rows.last.inner_text().split()[-2] == "␣world"
        for name in FIRST:  # the same stretch under the others
            assert card(page, name).locator(".tokens i.on").inner_text().strip() == "world"
        page.keyboard.press("Escape")
        assert details.is_hidden()
        assert page.locator(".tokens i.on").count() == 0


def test_keys_walk_through_the_tokens(browser: Browser, studio: Client) -> None:
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        write(page, "one two three four")
        card(page, "cl100k_base").locator(".tokens").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert page.locator("#said").inner_text() == '" two", id 1403'
        assert page.locator("#details").is_hidden()
        page.keyboard.press("Enter")
        page.locator("#details").wait_for(state="visible")
        page.keyboard.press("End")
        until(page, "document.querySelector('#details').innerText.includes('token 4 of 4')")
        page.keyboard.press("Escape")
        assert (
            page.evaluate("document.activeElement.closest('article').dataset.name") == "cl100k_base"
        )


def test_ids_bytes_and_spaces(browser: Browser, studio: Client) -> None:
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        write(page, "Hello é 👩")
        tokens = card(page, "gpt2").locator(".tokens i")
        page.locator("input[value=ids] + span").click()
        ids = [number for one in tokens.all_text_contents() for number in one.split()]
        assert ids == [str(i) for i in loaded("gpt2").encode("Hello é 👩")]
        page.locator("input[value=bytes] + span").click()
        until(page, "document.querySelector('article .tokens i').textContent === '48 65 6c 6c 6f'")
        joined = "".join(tokens.all_text_contents()).replace("|", "")
        assert bytes.fromhex(joined.replace(" ", "")).decode() == "Hello é 👩"
        page.locator("input[value=text] + span").click()
        page.locator("#marks").check()
        assert tokens.nth(1).text_content() == "·é"
        watched.sound()


def test_prices_and_special_tokens(browser: Browser, studio: Client) -> None:
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        write(page, "<|endoftext|>")
        many = int(card(page, "gpt2").locator(".figures b").inner_text())
        assert many > 1
        page.locator("#specials").check()
        until(page, "document.querySelector('.figures b').textContent === '1'")
        card(page, "gpt2").locator(".price input").fill("2500000")
        assert card(page, "gpt2").locator("output").inner_text() == "this text 2.50"


def test_tokenizers_come_and_go(browser: Browser, studio: Client) -> None:
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        write(page, "Grüße")
        page.locator("#more").select_option("qwen2.5")
        until(page, "document.querySelector('[data-name=\"qwen2.5\"] .tokens i')")
        assert "".join(shown(page, "qwen2.5")) == "Grüße"
        options = page.locator("#more option").all_text_contents()
        assert "qwen2.5" not in options and not any("gpt2" in one for one in options)
        for name in (*FIRST, "qwen2.5"):
            card(page, name).get_by_label(f"Remove {name}").click()
        assert page.locator("#none").is_visible()
        assert page.locator("article").count() == 0
        watched.sound()


def test_what_a_text_loses_is_told(browser: Browser, studio: Client) -> None:
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        page.locator("#more").select_option("qwen2.5")
        write(page, "<b>A\u030a")
        loss = card(page, "qwen2.5").locator(".loss")
        loss.wait_for(state="visible")
        assert loss.inner_text() == "decoding gives another text: “<b>\u00c5” for “<b>A\u030a”"
        assert card(page, "gpt2").locator(".loss").is_hidden()
        watched.sound()
        page.locator("#text").press("End")
        page.keyboard.type("x")
        write(page, "plain")
        assert loss.is_hidden()


def test_a_file_may_be_opened_or_dropped(browser: Browser, studio: Client, tmp_path: Path) -> None:
    Tokenizer.load("gpt2").save(tmp_path / "out")
    path = tmp_path / "out" / "tokenizer.json"
    hostile = tmp_path / "<img src=x>.json"
    hostile.write_text("{", encoding="utf-8")
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        page.locator("#file").set_input_files(path)
        card(page, "tokenizer").wait_for()
        write(page, "Hello world")
        assert shown(page, "tokenizer") == shown(page, "gpt2") == ["Hello", " world"]
        content = json.dumps({"name": "dropped.json", "text": path.read_text(encoding="utf-8")})
        page.evaluate(
            "(given) => { const { name, text } = JSON.parse(given), data = new DataTransfer();"
            " data.items.add(new File([text], name));"
            " const more = { dataTransfer: data, bubbles: true, cancelable: true };"
            " const event = (kind) => new DragEvent(kind, more);"
            " document.body.dispatchEvent(event('dragover'));"
            " if (document.getElementById('over').hidden) throw new Error('nothing shown while dragging');"
            " document.body.dispatchEvent(event('drop')); }",
            content,
        )
        card(page, "dropped").wait_for()
        until(page, "document.querySelectorAll('[data-name=dropped] .tokens i').length === 2")
        page.locator("#file").set_input_files(hostile)
        trouble = page.locator("#trouble")
        trouble.wait_for(state="visible")
        assert "<img src=x>.json: truncated JSON" in trouble.inner_text()
        assert watched.errors == [one for one in watched.errors if "400" in one]
        assert not watched.foreign


def test_hostile_text_is_shown_as_text(browser: Browser, studio: Client) -> None:
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        write(page, HOSTILE)
        assert page.locator(".tokens img, .tokens b").count() == 0
        seen = "".join(card(page, "gpt2").locator(".tokens i").all_text_contents())
        assert "⟨202E⟩" in seen and "\u202e" not in seen
        assert "␀" in seen and "␛" in seen and "⟨200B⟩" in seen
        page.evaluate("() => { document.getElementById('text').value = 'a\\ud83d b'; }")
        page.locator("#text").press("End")
        page.keyboard.type("c")
        until(page, "document.getElementById('size').innerText.includes('lone surrogate')")
        watched.sound()


@pytest.mark.slow
def test_a_long_text_is_counted_and_cut_off(browser: Browser, studio: Client) -> None:
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        write(page, "word " * 20_000)
        assert card(page, "gpt2").locator(".figures b").inner_text() == "20,001"
        assert "further characters are counted" in card(page, "gpt2").inner_text()
        write(page, ("word " * 20 + "\n") * 10_500)
        assert "the text has 1,060,500 bytes" in page.locator("#trouble").inner_text()
        write(page, "short")
        assert page.locator("#trouble").is_hidden()


@pytest.mark.slow
def test_charts_on_demand(browser: Browser, studio: Client) -> None:
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        card(page, "gpt2").locator(".price input").fill("3")
        page.locator("[data-report=text]").click()
        frame = page.frame_locator("#report")
        frame.locator("#ranking").wait_for(timeout=120_000)
        assert frame.locator(".ranking tbody tr").count() == len(FIRST)
        assert frame.locator("#size circle").count() == len(FIRST)
        assert frame.get_by_text("this text", exact=True).is_visible()
        for width in WIDTHS:
            for theme in THEMES:
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=theme)
                page.wait_for_timeout(300)
                heights = page.locator("#report").evaluate(
                    "(f) => [f.offsetHeight, f.contentDocument.documentElement.scrollHeight]"
                )
                assert heights[0] >= heights[1] > 1500  # no second bar to scroll with
                watched.sound()
                watched.keep("studio-charts")


@pytest.mark.slow
def test_the_report_opens_in_its_own_tab(browser: Browser, studio: Client) -> None:
    with opened(browser, studio.url) as watched:
        page = ready(watched)
        page.locator("[data-report=declaration]").click()
        page.locator("#report-open").wait_for(timeout=120_000)
        with page.context.expect_page() as waiting:
            page.locator("#report-open").click()
        tab = waiting.value
        tab.locator("#labels circle").first.wait_for()
        assert tab.locator("#labels circle").count() == len(declarations()) * len(FIRST)
        tab.locator("#labels [data-legend] button").first.click()
        assert tab.locator("#labels .picked, #labels.picked").count() == 1
        assert not watched.foreign
        assert not watched.errors


def test_a_studio_that_has_ended_says_so(browser: Browser) -> None:
    with started() as own, opened(browser, own.url) as watched:
        page = ready(watched)
        page.context.set_offline(True)
        page.locator("#text").press("End")
        page.keyboard.type("x")
        until(page, "document.getElementById('trouble').innerText.includes('does not answer')")
        page.context.set_offline(False)
        page.keyboard.type("y")
        page.locator("#trouble").wait_for(state="hidden")
