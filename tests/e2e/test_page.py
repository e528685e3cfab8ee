"""The page as an operator uses it, in a real browser."""
import re

import pytest

from browser import CHROMIUM, Browser
from installation import ADMIN, CHECKOUT
from people import STRANGER, WANTED
from waiting import free_port, wait_until

OPERATOR = ("night-guard", "a-long-password-2")
# More colours than any empty, grey or one-coloured canvas has.
PICTURE_COLOURS = 200


@pytest.fixture
def browser(tmp_path, resources):
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: the page is not tested in a browser")
    opened = Browser(tmp_path / "browser")
    resources.callback(opened.close)
    return opened


@pytest.fixture
def server(enrolled):
    served = enrolled.serve()
    served.rest.login(*ADMIN)
    name, password = OPERATOR
    made = served.rest.post("/users", {"name": name, "password": password, "role": "operator"})
    assert made.status == 201, made
    return served


def add_camera(server, name, url):
    added = server.rest.post("/cameras", {"name": name, "url": url})
    assert added.status == 201, added
    return added.json["id"]


def log_in(browser, server, name, password):
    browser.open(server.address)
    wait_until(lambda: browser.sees("#login"), "the login shows", 30, browser.explain)
    browser.type("#login-name", name)
    browser.type("#login-password", password)
    browser.press_enter()


def wait_for_picture(browser, canvas):
    wait_until(lambda: browser.colours(canvas) > PICTURE_COLOURS, f"a picture in {canvas}", 60,
               browser.explain)


def cookies_of(browser):
    return {cookie["name"]: cookie for cookie in browser.call("Network.getCookies")["cookies"]}


def check_alert(browser):
    wait_until(lambda: browser.sees('.card[data-outcome="match"]'), "an alert shows", 60, browser.explain)
    card = browser.text(".card")
    assert f"Looks like {WANTED}" in card and "● Match" in card and "gate" in card
    score, threshold = re.search(r"similarity (\d\.\d{3}), threshold (\d\.\d{3})", card).groups()
    assert float(score) >= float(threshold)
    assert re.search(r"A stranger would score this high (about|less than) 1 in \d", card), card
    assert re.search(r"\d\d:\d\d:\d\d", card)
    utc = browser.evaluate("document.querySelector('.card time').title")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", utc)
    for figure in (1, 2):
        wait_for_picture(browser, f".card figure:nth-child({figure}) canvas")


def check_why(browser):
    browser.focus(".card .show-why")
    browser.press_enter()
    wait_until(lambda: browser.evaluate("document.querySelector('dialog.why img')?.naturalWidth ?? 0") == 1440,
               "the why picture shows", 30, browser.explain)
    assert WANTED in browser.evaluate("document.querySelector('dialog.why img').alt")
    browser.focus("dialog.why button")
    browser.press_enter()
    wait_until(lambda: not browser.sees("dialog.why"), "the why picture closes", 10, browser.explain)


def check_acknowledge(browser):
    browser.focus(".card button")
    browser.press_enter()
    browser.wait_for_text(f"Acknowledged by {OPERATOR[0]}", ".card")


def check_search(browser, photo, verdict):
    browser.drop("#search", photo)
    browser.wait_for_text(f"{photo.name}: 1 face", "#search-message")
    assert f"Face 1: {verdict}" in browser.text("#search-result"), browser.explain()
    wait_for_picture(browser, "#search-result canvas")


def test_an_operator_watches_and_asks(browser, server, people, scene, start_camera):
    camera_id = add_camera(server, "gate", start_camera("--scene", scene).url)
    # Only then the page meets no answer that the browser would note as an error.
    wait_until(lambda: server.rest.get(f"/cameras/{camera_id}/snapshot.jpg").status == 200,
               "the camera gives pictures", 30, server.explain)
    log_in(browser, server, *OPERATOR)
    wait_until(lambda: browser.sees('.camera[data-state="live"]'), "the camera is live", 30, browser.explain)
    wait_for_picture(browser, ".camera canvas")
    browser.wait_for_text(f"Match: {WANTED}", ".camera .faces", 60)
    check_alert(browser)
    check_why(browser)
    check_acknowledge(browser)
    photo = people.val(WANTED)[0]
    check_search(browser, photo, f"● Match: {WANTED}")
    assert re.search(rf"{WANTED}\s+\d\.\d{{3}}\s+\d\.\d{{3}}\s+✓ passes", browser.text("#search-result"))
    check_search(browser, people.val(STRANGER)[0], "○ Stranger")
    assert "%" not in browser.text()

    # Tokens are where no script can read them.
    assert browser.evaluate("document.cookie") == ""
    assert browser.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])") == '[{"vigil.logged_in":"1"},{}]'
    cookies = cookies_of(browser)
    assert set(cookies) == {"__Host-vigil", "__Host-vigil-refresh"}
    for cookie in cookies.values():
        assert cookie["httpOnly"] and cookie["secure"] and cookie["sameSite"] == "Strict", cookie

    browser.reload()
    wait_until(lambda: browser.sees("#screen"), "the login outlives a reload", 30, browser.explain)
    browser.focus("#logout")
    browser.press_enter()
    wait_until(lambda: browser.sees("#login"), "the login shows again", 10, browser.explain)
    wait_until(lambda: cookies_of(browser) == {}, "the cookies go", 10, browser.explain)
    wait_until(lambda: browser.evaluate("sessionStorage.length + localStorage.length") == 0,
               "the page keeps nothing", 10, browser.explain)
    assert browser.errors == []


def media_time(browser):
    """The player's time of the frame that the tile shows; 0 while it shows none of a video."""
    return float(browser.evaluate("document.querySelector('.camera canvas')?.dataset.mediaTime") or 0)


def test_the_page_plays_the_cameras_own_video(browser, server, scene, start_camera):
    camera_id = add_camera(server, "gate", start_camera("--scene", scene).url)
    wait_until(lambda: server.rest.get(f"/cameras/{camera_id}/snapshot.jpg").status == 200,
               "the camera gives pictures", 30, server.explain)
    log_in(browser, server, *OPERATOR)
    wait_until(lambda: media_time(browser) > 0, "the video begins", 60, browser.explain)
    begun = media_time(browser)
    wait_until(lambda: media_time(browser) > begun + 3, "the video goes on", 30, browser.explain)
    assert browser.evaluate("document.querySelector('.camera').dataset.way") == "video"
    wait_for_picture(browser, ".camera canvas")
    browser.wait_for_text(f"Match: {WANTED}", ".camera .faces", 60)
    assert not [url for url in browser.requests if "live.mjpeg" in url]
    assert len([url for url in browser.requests if "/api/v1/events" in url]) == 1
    assert browser.errors == []


def test_where_no_video_plays_pictures_move(browser, server, scene, start_camera):
    camera_id = add_camera(server, "gate", start_camera("--scene", scene).url)
    wait_until(lambda: server.rest.get(f"/cameras/{camera_id}/snapshot.jpg").status == 200,
               "the camera gives pictures", 30, server.explain)
    browser.call("Page.addScriptToEvaluateOnNewDocument", source="MediaSource.isTypeSupported = () => false;")
    log_in(browser, server, *OPERATOR)
    wait_until(lambda: any("live.mjpeg" in url for url in browser.requests), "pictures move", 60, browser.explain)
    wait_for_picture(browser, ".camera canvas")
    browser.wait_for_text(f"Match: {WANTED}", ".camera .faces", 60)
    assert media_time(browser) == 0
    assert browser.errors == []


def test_news_come_by_events(browser, server, scene, start_camera):
    log_in(browser, server, *OPERATOR)
    browser.wait_for_text("No cameras yet", "#cameras-message")
    # Well before the page would ask by itself.
    add_camera(server, "gate", start_camera("--scene", scene).url)
    wait_until(lambda: browser.sees('.camera[data-state="live"]'), "the new camera shows", 20, browser.explain)
    wait_until(lambda: browser.sees('.card[data-outcome="match"]'), "an alert shows", 60, browser.explain)


def test_what_is_wrong_is_told_with_its_mend(browser, server):
    hostile = "<img src=x onerror=document.title='taken'>"
    add_camera(server, hostile, f"rtsp://127.0.0.1:{free_port()}/none")
    log_in(browser, server, OPERATOR[0], "not-the-password")
    browser.wait_for_text("the name or the password is wrong", "#login-message")
    browser.type("#login-password", OPERATOR[1])
    browser.press_enter()
    browser.wait_for_text("No picture: the connection was refused; check that the camera is on", ".camera")
    browser.wait_for_text("0 of 1 camera up", "#connection")
    browser.wait_for_text("only 0 of 1 cameras give a picture", "#alerts-message")
    assert hostile in browser.text(".camera")
    assert browser.evaluate("document.title") == "Vigil"

    server.kill()
    browser.wait_for_text("Vigil does not answer; trying again. As of ", "#connection")
    browser.wait_for_text("Alerts as of ", "#alerts-message")
    # The browser itself notes each answer that is no success and each server that is gone.
    assert [error for error in browser.errors if not error.startswith("network: ")] == []


def test_two_tabs_share_one_login(browser, server):
    log_in(browser, server, *OPERATOR)
    wait_until(lambda: browser.sees("#screen"), "the screen shows", 30, browser.explain)
    before = cookies_of(browser)["__Host-vigil-refresh"]["value"]
    # Both renew at once: one after the other, each with what the other left.
    browser.evaluate("""(async () => {
      const { Session } = await import("/session.js");
      const tabs = [new Session(() => {}), new Session(() => {})];
      globalThis.resumed = await Promise.all(tabs.map((tab) => tab.resume()));
    })()""")
    assert browser.evaluate("globalThis.resumed") == [True, True]
    assert cookies_of(browser)["__Host-vigil-refresh"]["value"] != before
    browser.reload()
    wait_until(lambda: browser.sees("#screen"), "the login still holds", 30, browser.explain)
    assert browser.errors == []


def test_a_logout_without_a_server_ends_the_login_once_it_answers(browser, server):
    log_in(browser, server, *OPERATOR)
    wait_until(lambda: browser.sees("#screen"), "the screen shows", 30, browser.explain)
    browser.evaluate("""(() => {
      globalThis.realFetch = globalThis.fetch;
      globalThis.fetch = () => Promise.reject(new TypeError("offline"));
      document.getElementById("logout").click();
    })()""")
    browser.wait_for_text("keep it open until the login has ended", "#login-message")
    assert "__Host-vigil" in cookies_of(browser), "no script can take them away"
    browser.evaluate("(() => { globalThis.fetch = globalThis.realFetch; })()")
    browser.wait_for_text("The login has ended.", "#login-message")
    assert not [name for name in cookies_of(browser) if name.startswith("__Host-vigil")]
    browser.reload()
    wait_until(lambda: browser.sees("#login"), "the login form shows", 30, browser.explain)
    assert browser.errors == []


def test_the_pages_of_the_api_come_from_here_alone(browser, server):
    if not (CHECKOUT / "build" / "swagger-ui" / "swagger-ui.css").exists():
        pytest.skip("Swagger UI is not installed: run 'make setup'")
    browser.open(server.address + "/docs")
    browser.wait_for_text("/auth/login", "#ui", 60)
    browser.wait_for_text("Begins a login.", "#ui")
    assert browser.requests, "the browser tells what it asks for"
    # What the page has in itself (data:) leaves no machine.
    elsewhere = [url for url in browser.requests
                 if not url.startswith((server.address + "/", "data:", "about:"))]
    assert elsewhere == []
    assert browser.errors == []
