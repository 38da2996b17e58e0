"""The page of live captions: its door, its policy, and what a person sees, in Chromium with its own microphone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from diarfuse.transcribe.__main__ import run
from tests import asking
from tests.browsing import press, show, texts, violations, wait
from tests.transcribe.serving.live_works import FakeWork, Works

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

EVIL = " <img/src=x>"
TEXT = "conversation.item.input_audio_transcription"


class Talk(FakeWork):
    """What a real work might say: a word for each of the first blocks; labels on the way, and others at the end."""

    loudest = 0

    def feed(self, samples, rate):
        super().feed(samples, rate)
        self.loudest = max(self.loudest, int(np.abs(np.frombuffer(samples, "<i2").astype(int)).max(initial=0)))
        number = len(self.blocks) - 1
        said = [
            {"type": "diarization.turn.started", "turn": 0, "start": 0.0, "end": 1.0, "speaker": None},
            {"type": "diarization.word.said", "word": 0, "text": " Good", "speaker": "SPEAKER_00"},
            {"type": "diarization.word.said", "word": 1, "text": " morning.", "speaker": "SPEAKER_01"},
            {"type": "diarization.word.revised", "word": 1, "speaker": "SPEAKER_00"},
            {"type": "diarization.word.said", "word": 2, "text": EVIL, "speaker": "SPEAKER_02"},
            {"type": "diarization.speakers.merged", "gone": "SPEAKER_02", "into": "SPEAKER_01"},
        ]
        return said[number : number + 1]

    def finish(self):
        segment = {"type": f"{TEXT}.segment", "start": 0, "end": 1, "text": "All of it.", "speaker": "SPEAKER_00"}
        return [segment, {"type": f"{TEXT}.completed", "transcript": "All of it."}]


class Talks(Works):
    def __call__(self, _language):
        self.append(Talk())
        return self[-1]


@pytest.mark.browser
def test_captions_come_change_and_end(chromium: WebDriver, serving) -> None:
    works = Talks()
    with serving(open_live=works, page=True) as live:
        for log in ("browser", "performance"):
            chromium.get_log(log)
        show(chromium, f"{live.url}/live")
        assert violations(chromium) == []
        press(chromium, "button", "Start")
        said = ["ASPEAKER_00: Good morning.", f"BSPEAKER_01:{EVIL}"]
        wait(lambda: texts(chromium, "#captions p") == said)
        assert "somebody" in chromium.find_element("id", "now").text
        assert violations(chromium) == []
        press(chromium, "button", "Pause")
        assert "Paused" in chromium.find_element("id", "state").text
        press(chromium, "button", "Pause")
        wait(lambda: works[0].loudest > 1_000)  # the microphone's beeps, as they are
        press(chromium, "button", "Stop")
        wait(lambda: texts(chromium, "#captions p") == ["ASPEAKER_00: All of it."])
        assert chromium.find_element("id", "state").text == "The recording is over."
        assert len({rate for _, rate in works[0].blocks}) == 1
        assert [each["message"] for each in chromium.get_log("browser") if each["level"] in {"SEVERE", "WARNING"}] == []
        asked = [json.loads(each["message"])["message"] for each in chromium.get_log("performance")]
        sent = [each["params"]["request"]["url"] for each in asked if each["method"] == "Network.requestWillBeSent"]
        assert {url for url in sent if not url.startswith((live.url, "data:"))} == set()
        assert chromium.execute_script("return document.querySelectorAll('#captions img').length") == 0
        works.clear()
        press(chromium, "button", "Start")  # once more, without loading anew
        wait(lambda: texts(chromium, "#captions p") == said)
        live.server.should_exit = True
        wait(lambda: not chromium.find_element("id", "begin").get_property("disabled"))
    chromium.get("about:blank")


ASKED = "navigator.mediaDevices.getUserMedia"
NONE = "new DOMException('', 'NotFoundError')"
KEEP = f"const ask = {ASKED}.bind(navigator.mediaDevices); {ASKED} = async (o) => window.stream = await ask(o);"


@pytest.mark.browser
def test_what_keeps_the_microphone_from_being_heard_is_said_and_leaves_it_off(chromium: WebDriver, serving) -> None:
    with serving(open_live=Talks(), page=True) as live:
        show(chromium, f"{live.url}/live")
        chromium.execute_script(f"window.real = {ASKED}; {ASKED} = () => Promise.reject({NONE})")
        press(chromium, "button", "Start")
        wait(lambda: "There is no microphone" in chromium.find_element("id", "state").text)
        chromium.execute_script(f"{ASKED} = window.real")
        chromium.execute_script(
            KEEP + "AudioWorklet.prototype.addModule = () => Promise.reject(new DOMException('', 'AbortError'))"
        )
        press(chromium, "button", "Start")
        wait(lambda: "cannot be reached" in chromium.find_element("id", "state").text)
        assert chromium.execute_script("return window.stream.getTracks()[0].readyState") == "ended"
        assert chromium.execute_script("return document.activeElement.id") == "begin"
        show(chromium, f"{live.url}/live")
        chromium.execute_script("Object.defineProperty(MessagePort.prototype, 'onmessage', {set() {}})")
        press(chromium, "button", "Start")
        press(chromium, "button", "Stop")  # before anything was heard
        wait(lambda: chromium.find_element("id", "state").text == "The recording is over.")
    chromium.get("about:blank")


@pytest.mark.browser
def test_a_pause_gives_signs_of_life_and_a_microphone_that_goes_ends_it(chromium: WebDriver, serving) -> None:
    with serving(open_live=Talks(), page=True) as live:
        show(chromium, f"{live.url}/live")
        chromium.execute_script(KEEP)
        press(chromium, "button", "Start")
        wait(lambda: len(texts(chromium, "#captions p")) > 1)
        assert chromium.execute_script("return document.activeElement.id") == "hold"
        press(chromium, "button", "Pause")
        chromium.execute_script(
            """const send = WebSocket.prototype.send;
            WebSocket.prototype.send = function (data) { (window.sent ??= []).push(data); send.call(this, data); };
            const now = Date.now; Date.now = () => now() + 30000;"""
        )
        wait(lambda: "session.update" in str(chromium.execute_script("return window.sent")))
        chromium.execute_script("window.stream.getTracks()[0].onended()")
        wait(lambda: texts(chromium, "#captions p") == ["ASPEAKER_00: All of it."])
        chromium.execute_script(f"{ASKED} = () => Promise.reject(new DOMException('', 'NotAllowedError'))")
        press(chromium, "button", "Start")
        wait(lambda: "allow it" in chromium.find_element("id", "state").text)
        assert texts(chromium, "#captions p") == ["ASPEAKER_00: All of it."]  # what was said stays until more is
    chromium.get("about:blank")


def test_only_its_own_page_may_open_a_session(serving) -> None:
    with serving(open_live=Works(), page=True) as live:
        address = f"ws://127.0.0.1:{live.port}/v1/realtime"
        for origin in ("https://example.org", "null", f"https://127.0.0.1:{live.port}", "http://127.0.0.1:1"):
            with pytest.raises(InvalidStatus), connect(address, origin=origin, proxy=None):
                pass
        with connect(address, origin=live.url, proxy=None) as socket:
            assert "session.created" in socket.recv(timeout=60)
        rebound = {"Host": f"evil.example:{live.port}", "Origin": f"http://evil.example:{live.port}"}
        assert asking.get(f"{live.url}/live", headers=rebound).status_code == 403
        assert asking.post(f"{live.url}/v1/realtime", headers={"Origin": live.url}).status_code == 403
        answer = asking.get(f"{live.url}/live")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "http" not in answer.text
        for name in ("../live_page.py", "..%2flive_page.py", "live.html", "nothing"):
            assert asking.get(f"{live.url}/live/{name}").status_code == 404


def test_it_is_off_unless_asked_for_and_never_for_others(serving, tmp_path, capfd) -> None:
    with serving(open_live=Works()) as live:
        assert asking.get(f"{live.url}/live").status_code == 404
    (tmp_path / "token").write_text("0123456789abcdef")
    for more in (["--token-file", str(tmp_path / "token")], ["--host", "0.0.0.0"], ["--live", "0"]):  # noqa: S104
        assert run(["serve", "--live-page", *more]) == 2
        assert "leave" in capfd.readouterr().err
