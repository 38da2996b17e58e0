// Every key of the page, and the list of them that `?` shows.

import { redo, undo } from "./editing.js";
import { now, skip, toggle } from "./player.js";
import { accept, listen, stepDoubt, toggleReview } from "./review.js";
import { save } from "./saving.js";
import { giveTo } from "./selecting.js";
import { byId, emit, page } from "./state.js";
import { zoom } from "./timeline.js";
import { follow } from "./transcript.js";

const STEP = 2; // seconds
const FASTER = 1;

export function startKeys() {
  document.addEventListener("keydown", pressed);
  byId("help-open").addEventListener("click", () => byId("help").showModal());
  byId("theme").addEventListener("click", changeTheme);
}

function pressed(event) {
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const done = event.ctrlKey || event.metaKey ? withControl(event) : event.altKey ? withAlt(event) : alone(event);
  if (done) event.preventDefault();
}

function withControl(event) {
  const key = event.key.toLowerCase();
  if (key === "s") return run(save);
  if (typing(event)) return false; // the field's own undo
  if (key === "z") return run(event.shiftKey ? redo : undo);
  return key === "y" && run(redo);
}

function withAlt(event) {
  if (event.key === "ArrowDown") return run(() => stepDoubt(1));
  return event.key === "ArrowUp" && run(() => stepDoubt(-1));
}

const PLAIN = {
  " ": toggle,
  k: toggle,
  j: () => skip(-STEP),
  l: () => skip(STEP),
  f: () => follow(true),
  r: toggleReview,
  p: () => listen(),
  a: () => accept(),
  "/": () => byId("search").focus(),
  "?": () => byId("help").showModal(),
  "+": () => zoom(0.5, now()),
  "-": () => zoom(2, now()),
  "<": () => faster(-FASTER),
  ">": () => faster(FASTER),
};

function alone(event) {
  if (typing(event)) return false;
  if (/^[0-9]$/.test(event.key)) return run(() => give(Number(event.key)));
  const onControl = event.target.closest("button, summary, a, select");
  if (event.key === " " && onControl) return false; // it presses what has the focus
  const act = PLAIN[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  return Boolean(act) && run(act);
}

// 1 to 9 are speakers, 0 is nobody; a digit behind the last one makes a new speaker.
function give(digit) {
  if (digit === 0) giveTo(null);
  else giveTo(page.order[digit - 1] ?? freshName());
}

function freshName() {
  let number = page.order.length;
  const name = () => `SPEAKER_${String(number).padStart(2, "0")}`;
  while (page.order.includes(name())) number += 1;
  return name();
}

function faster(by) {
  const speed = byId("speed");
  speed.selectedIndex = Math.min(Math.max(speed.selectedIndex + by, 0), speed.length - 1);
  speed.dispatchEvent(new Event("change"));
}

const typing = (event) => Boolean(event.target.closest("input, textarea"));

function run(act) {
  act();
  return true;
}

export function changeTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("diarfuse:theme", root.dataset.theme);
  } catch {
    // a browser that keeps nothing asks the system again next time
  }
  emit("theme");
}
