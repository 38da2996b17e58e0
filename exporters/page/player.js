// The sound: playing, seeking, speed, one person only; and the word that is being said.

import { config } from "./config.js";
import { clock, speechOf, wordAt } from "./model.js";
import { byId, emit, on, page, toast } from "./state.js";
import { STRINGS, say } from "./strings.js";

const BACK = 2; // seconds
const CLOSE = 1; // seconds that the transcript's and the recording's duration may differ

const LOOK = 1000; // milliseconds until the page asks again whether the recording is the right one; twice as long each time

const sound = byId("sound");
let other = config.audio?.other; // null: not known yet, as it takes minutes to read a film
let solo = null;
let until = null; // where playing one place stops
let wanted = 0; // where to begin once there is sound

export const now = () => (hasSound() ? sound.currentTime : wanted);
export const playing = () => !sound.paused;
export const hasSound = () => Boolean(sound.src) && sound.readyState > 0;
export const soloist = () => solo;

export function startPlayer() {
  if (config.audio?.embedded) sound.src = embedded();
  else if (config.audio?.address) sound.src = config.audio.address;
  else askForSound(STRINGS.soundNone);
  sound.addEventListener("loadedmetadata", loaded);
  sound.addEventListener("error", () => askForSound(config.audio?.address ? STRINGS.soundMissing : STRINGS.soundUnplayable));
  for (const event of ["play", "pause", "ended"]) sound.addEventListener(event, showPlaying);
  sound.addEventListener("seeked", () => emit("time"));
  byId("play").addEventListener("click", toggle);
  byId("back").addEventListener("click", () => seek(now() - BACK));
  byId("speed").addEventListener("change", (event) => {
    sound.playbackRate = Number(event.target.value);
  });
  byId("choose").addEventListener("change", (event) => choose(event.target.files[0]));
  on("document", () => showTime());
  showTime();
  if (other === null) askAgain(LOOK);
}

// A data address would be fetched anew with every seek: the bytes are unpacked once.
function embedded() {
  const bytes = Uint8Array.from(atob(byId("embedded").textContent.trim()), (c) => c.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: config.audio.embedded }));
}

function choose(file) {
  if (!file) return;
  sound.src = URL.createObjectURL(file);
  byId("choose").value = "";
}

function askForSound(sentence) {
  byId("missing").hidden = false;
  byId("missing-text").textContent = sentence;
  byId("play").disabled = true;
}

function loaded() {
  byId("missing").hidden = true;
  byId("play").disabled = false;
  if (wanted) sound.currentTime = wanted;
  const { duration } = page.doc;
  if (other) tellOther();
  if (Number.isFinite(sound.duration) && Math.abs(sound.duration - duration) > CLOSE) {
    toast(say("soundOther", { found: clock(sound.duration), expected: clock(duration) }), [STRINGS.close, () => {}]);
  }
  showPlaying();
}

function tellOther() {
  if (sound.src.endsWith(config.audio.address)) toast(STRINGS.soundBytes, [STRINGS.close, () => {}]);
}

function askAgain(after) {
  setTimeout(async () => {
    try {
      ({ other } = await (await fetch("compared")).json());
    } catch {
      return; // the program has ended, and the page says so
    }
    if (other === null) askAgain(Math.min(2 * after, 30 * LOOK));
    else if (other && hasSound()) tellOther();
  }, after);
}

export function toggle() {
  if (!hasSound()) return;
  until = null;
  if (sound.paused) sound.play();
  else sound.pause();
}

export function seek(time) {
  wanted = Math.min(Math.max(time, 0), page.doc.duration);
  until = null;
  if (hasSound()) sound.currentTime = wanted;
  emit("time");
}

export const skip = (seconds) => seek(now() + seconds);

// Play from one time to another, a moment more on both sides, and stop.
export function playPlace(start, end) {
  seek(start - 0.4);
  until = end + 0.4;
  if (hasSound()) sound.play();
}

export function playSolo(speaker) {
  solo = solo === speaker ? null : speaker;
  if (solo !== null && hasSound()) {
    toSoloist();
    sound.play();
  }
  emit("solo");
}

// Where the soloist does not speak, go on where they do next.
function toSoloist() {
  if (solo === null) return;
  const time = now();
  const own = speechOf(page.doc, page.model).filter((turn) => turn.speaker === solo);
  if (own.some((turn) => turn.start - 0.05 <= time && time < turn.end)) return;
  const next = own.find((turn) => turn.start > time);
  if (next) sound.currentTime = next.start;
  else sound.pause();
}

function showPlaying() {
  const on_ = playing();
  byId("play").setAttribute("aria-label", on_ ? STRINGS.pause : STRINGS.play);
  byId("play").classList.toggle("on", on_);
  if (on_) requestAnimationFrame(tick);
  else emit("time");
}

function tick() {
  if (sound.paused) return;
  if (until !== null && sound.currentTime >= until) {
    until = null;
    sound.pause();
  }
  toSoloist();
  emit("time");
  requestAnimationFrame(tick);
}

export function showTime() {
  const text = `${clock(now())} / ${clock(page.doc.duration)}`;
  if (byId("clock").textContent !== text) byId("clock").textContent = text;
}

// The number of the word that is being said, -1 for none.
export const wordNow = () => wordAt(page.model, now() + 0.02);

on("time", showTime);
