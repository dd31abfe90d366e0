"""The page in a real browser: nothing loaded, nothing complained of, nothing run that is not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from breachkit.case.pages import render_authority, render_owner, render_report
from breachkit.case.phrases import Phrases
from tests.case.needs import browser, need
from tests.conftest import story
from tests.evidence import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Dialog, Page

    from tests.conftest import Ran

READERS = ("--for", "responder", "--for", "owner", "--for", "authority")
SIZES = {"desk": {"width": 1200, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = browser()
    from playwright.sync_api import sync_playwright  # 50 MB, and only here

    with sync_playwright() as playwright:
        # containers have no sandbox to give, and what is opened here was made by these tests
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


class Watched:
    """A page with all that it said and asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", self._refuse)
        page.on("request", lambda request: self.asked.append(request.url))

    def _refuse(self, dialog: Dialog) -> None:
        self.said.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def open(self, path: Path) -> Page:
        self.page.goto(path.as_uri())
        return self.page

    def assert_silent(self) -> None:
        assert self.said == []
        assert [url for url in self.asked if not url.startswith(("file:", "data:,"))] == []
        assert len([url for url in self.asked if url.startswith("file:")]) <= 1


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Watched]]:
    contexts = []

    def start(size: str = "desk", scheme: str = "light", **more: Any) -> Watched:
        contexts.append(
            chromium.new_context(viewport=SIZES[size], color_scheme=scheme, **more)  # type: ignore[arg-type]
        )
        return Watched(contexts[-1].new_page())

    yield start
    for context in contexts:
        context.close()


@pytest.fixture
def case(cli: Callable[..., Ran], tmp_path: Path) -> Path:
    build("spray", tmp_path / "evidence", 12)
    assert cli("investigate", "--root", tmp_path / "evidence", "-o", tmp_path / "case", *READERS).code in {0, 3}
    return tmp_path / "case"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_renders_without_a_word_or_a_request_and_without_scrolling_sideways(
    size: str, scheme: str, guide_case: Path, open_page: Callable[..., Watched]
) -> None:
    for name in ("report.html", "owner.html", "authority.html"):
        watched = open_page(size, scheme)
        page = watched.open(guide_case / name)
        assert page.locator("h1").first.is_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        watched.assert_silent()
        if name == "report.html":
            shown = page.locator(f"figure .{'wide' if size == 'desk' else 'narrow'} svg")
            assert shown.is_visible()
            # drawn bars have colours of the page's own
            fill = page.locator(".sent_marks path").first.evaluate("bar => getComputedStyle(bar).fill")
            assert fill == ("rgb(179, 38, 30)" if scheme == "light" else "rgb(255, 138, 128)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["report.html", "owner.html", "authority.html"])
def test_axe_finds_no_serious_violation(name: str, scheme: str, case: Path, open_page: Callable[..., Watched]) -> None:
    axe = (need("axe-core") / "axe.min.js").read_text("utf-8")
    page = open_page("desk", scheme, bypass_csp=True).open(case / name)
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    page.evaluate(axe)
    found = page.evaluate("axe.run()")
    grave = [
        (one["id"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
    assert grave == []
    assert len(found["passes"]) > 10


def test_filters_leave_what_was_asked_for(case: Path, open_page: Callable[..., Watched]) -> None:
    watched = open_page()
    page = watched.open(case / "report.html")
    rows = page.locator("#places-1 [data-row]")
    everything = rows.count()
    assert everything > 1
    first = rows.first.locator("th").inner_text().split()[0]
    page.fill("#places-1-typed", first)
    assert [row.is_visible() for row in rows.all()].count(True) < everything
    assert page.locator("#places-1 [data-row]:visible").first.inner_text().startswith(first)
    assert page.locator("[data-filters=places-1] [role=status]").inner_text().endswith(f"of {everything} shown")
    page.fill("#places-1-typed", "")
    page.click("[data-filters=places-1] button[data-is=attacker]")
    shown = page.locator("#places-1 [data-row]:visible")
    assert 0 < shown.count() < everything or everything == shown.count()
    assert {row.get_attribute("data-is") for row in shown.all()} == {"attacker"}
    watched.assert_silent()


def test_a_number_leads_to_its_evidence_and_a_folded_part_opens(case: Path, open_page: Callable[..., Watched]) -> None:
    watched = open_page()
    page = watched.open(case / "report.html")
    links = page.locator("#verdict a.n")
    assert links.count() >= 3
    links.first.click()
    target = page.locator(":target")
    assert target.locator("code").first.is_visible()
    assert ":" in target.locator("code").first.inner_text()
    folded = page.locator("details:not([open])").first
    name = folded.evaluate("one => { one.querySelector('pre,p,table,ol,ul').id = 'inside'; return 'inside'; }")
    page.evaluate(f"location.hash = '{name}'")
    page.wait_for_function("document.getElementById('inside').closest('details').open")
    watched.assert_silent()


def test_a_command_is_copied_as_it_is_shown(case: Path, open_page: Callable[..., Watched]) -> None:
    watched = open_page(permissions=["clipboard-read", "clipboard-write"])
    page = watched.open(case / "report.html")
    page.click("button[data-copies=next-1]")
    page.wait_for_function("document.querySelector('button[data-copies=next-1]').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#next-1").inner_text()
    watched.assert_silent()


def test_the_block_list_is_copied_one_address_a_line(
    cli: Callable[..., Ran], open_page: Callable[..., Watched], tmp_path: Path
) -> None:
    words = ("--root", story("brute-force"))
    assert cli("investigate", *words, "-o", tmp_path / "case").code == 0
    watched = open_page(permissions=["clipboard-read", "clipboard-write"])
    page = watched.open(tmp_path / "case" / "report.html")
    page.click("button[data-copies=block-list]")
    page.wait_for_function("document.querySelector('button[data-copies=block-list]').textContent === 'Copied'")
    copied = page.evaluate("navigator.clipboard.readText()")
    plain = cli("contain", "--block-list", "plain", *words).out
    assert plain.count("\n") == 6
    assert copied + "\n" == plain
    # selected by hand it is the same
    page.evaluate("navigator.clipboard.writeText('')")
    page.evaluate("getSelection().selectAllChildren(document.getElementById('block-list'))")
    page.keyboard.press("Control+C")
    page.wait_for_function("navigator.clipboard.readText().then(text => text !== '')")
    assert page.evaluate("navigator.clipboard.readText()").strip() + "\n" == plain
    watched.assert_silent()


def test_what_to_do_stands_behind_the_verdict_and_the_sending_is_stopped_first(
    case: Path, open_page: Callable[..., Watched]
) -> None:
    page = open_page().open(case / "report.html")
    order = ["verdict", "next", "contain-1-1-1", "block-list", "next-1", "accounts", "campaigns", "hours", "weak"]
    order += ["settings", "unread", "evidence"]
    tops = [page.locator(f"#{name}").bounding_box() for name in order]
    assert None not in tops
    assert [top["y"] for top in tops if top] == sorted(top["y"] for top in tops if top)
    links = page.locator("nav.contents a").evaluate_all("links => links.map(link => link.hash.slice(1))")
    assert links == [name for name in order if name in links]
    assert page.locator("#contain-1-1-1").inner_text().endswith("u_accountdisabled 1")
    assert page.locator("#contain-1-1-1").is_visible()


def test_without_script_everything_is_there_and_no_control_pretends(
    case: Path, open_page: Callable[..., Watched]
) -> None:
    page = open_page(java_script_enabled=False).open(case / "report.html")
    assert page.locator(".verdict .line").is_visible()
    assert page.locator("button:visible").count() == 0
    assert page.locator("#places-1 [data-row]").first.is_visible()


def test_the_keyboard_reaches_the_contents_first(case: Path, open_page: Callable[..., Watched]) -> None:
    page = open_page().open(case / "report.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#verdict"


def test_it_prints_with_everything_unfolded(case: Path, open_page: Callable[..., Watched], tmp_path: Path) -> None:
    page = open_page().open(case / "report.html")
    page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert page.locator("details:not([open])").count() == 0
    page.emulate_media(media="print")
    assert page.locator("nav.contents").is_hidden()
    assert page.locator("button:visible").count() == 0


HOSTILE = (
    "<script>document.title='taken'</script>",
    "\u202egnp.exe <b>bold</b>",
    "<img src=x onerror=\"document.title='taken'\">",
    "</pre></main><iframe src=javascript:alert(1)>",
    "&lt;script&gt; {{ 7*7 }} ]]> --> \x1b[31mred\x07",
    "javascript:alert(1)",
)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("language", ["en", "it"])
def test_a_hostile_subject_stays_harmless(
    hostile: str,
    language: str,
    findings_of: Callable[..., dict[str, Any]],
    open_page: Callable[..., Watched],
    tmp_path: Path,
) -> None:
    findings = findings_of(story("guide"))
    campaign, account = findings["campaigns"][0], findings["accused"][0]
    campaign |= {"subjects": [hostile], "purge_string": hostile, "command": f"breachkit purge '{hostile}'"}
    campaign["strings"][0]["text"] = hostile
    campaign["sample"] |= {"before": hostile, "shared": hostile, "after": hostile, "subject": hostile}
    campaign["mail_froms"] = account["mail_froms"] = [{"mail_from": hostile, "messages": 3}]
    words = Phrases(language)  # type: ignore[arg-type]
    pages = (render_report(findings, words), render_owner(findings, words, account), render_authority(findings, words))
    for number, text in enumerate(pages):
        path = tmp_path / f"{number}.html"
        path.write_text(text, "utf-8")
        watched = open_page()
        page = watched.open(path)
        assert "taken" not in page.title()
        assert page.locator("iframe, img, b").count() == 0
        assert page.locator("script").count() == 1
        assert "\u202e" not in page.inner_text("body")
        watched.assert_silent()


def test_a_message_whose_subject_is_a_script_is_shown_as_such(
    cli: Callable[..., Ran], open_page: Callable[..., Watched], tmp_path: Path
) -> None:
    """From the queue file to the browser, not by way of the findings."""
    root = tmp_path / "evidence"
    build("guide", root, 6)
    subject = "=?utf-8?B?PHNjcmlwdD5kb2N1bWVudC50aXRsZT0ndGFrZW4nPC9zY3JpcHQ+4oCuZ3Bq?="
    for path in (root / "mail").rglob("*.tmp"):
        text = path.read_text("latin-1")
        head = next((line for line in text.splitlines() if line.startswith("Subject:")), None)
        if head is not None:
            path.write_text(text.replace(head, f"Subject: {subject}"), "latin-1")
    assert cli("investigate", "--root", root, "-o", tmp_path / "case", *READERS).code in {0, 3}
    watched = open_page()
    page = watched.open(tmp_path / "case" / "report.html")
    assert "<script>document.title='taken'</script>\\u202egpj" in page.inner_text("#campaigns ~ *, main")
    assert "taken" not in page.title()
    watched.assert_silent()
