// The text by turns. All of it stays in the page, for search, print and screen readers; only what changed is made anew.

import { badge, letterOf } from "./colours.js";
import { marksOf } from "./marks.js";
import { clock, isDoubtful, textOf, turnIndexOf } from "./model.js";
import { hasSound, now, playing, seek, wordNow } from "./player.js";
import { byId, calm, element, emit, indexOf, on, page } from "./state.js";
import { STRINGS, say } from "./strings.js";

const REASONS = {
  overlap: STRINGS.reasonOverlap,
  nearest: STRINGS.reasonNearest,
  context: STRINGS.reasonContext,
  channel: STRINGS.reasonChannel,
  edited: STRINGS.reasonEdited,
  none: STRINGS.reasonNone,
};
const MARGIN = 0.25; // of the height: a word that is said within it of an edge is brought to the middle

const main = byId("transcript");
const tip = byId("tip");
let shown = []; // {signature, node} of each turn
let places = new WeakMap(); // node -> its place among the turns
let marked = null;
let following = true;

export const nameOf = (speaker) => speaker ?? STRINGS.nobody;

export function startTranscript() {
  on("document", render);
  on("time", showWord);
  main.addEventListener("click", clicked);
  for (const event of ["wheel", "touchmove"]) {
    main.addEventListener(event, () => playing() && follow(false), { passive: true });
  }
  main.addEventListener("mouseover", (event) => explain(event.target));
  main.addEventListener("mouseout", hideTip);
  main.addEventListener("focusin", (event) => explain(event.target));
  main.addEventListener("focusout", hideTip);
  for (const scrolled of [main, document]) scrolled.addEventListener("scroll", moveTip, { passive: true });
  byId("follow").addEventListener("click", () => follow(true));
}

function render() {
  const old = new Map(shown.map((turn) => [turn.signature, turn]));
  const marks = marksOf(page.doc, page.model);
  shown = page.model.turns.map((turn) => {
    const signature = signatureOf(turn, marks);
    const known = old.get(signature);
    old.delete(signature);
    return known ?? { signature, node: nodeOf(turn, marks) };
  });
  if (shown.length) main.replaceChildren(...shown.map((turn) => turn.node));
  else main.replaceChildren(element("p", "empty", STRINGS.empty));
  places = new WeakMap(shown.map((turn, index) => [turn.node, index]));
  marked = null;
  showWord();
}

function signatureOf(turn, marks) {
  const said = page.model.words.slice(turn.first, turn.last);
  const words = said.map((word, i) => {
    return [word.space, word.text, isDoubtful(word), word.row.timing, word.start, marks.get(turn.first + i)];
  });
  return JSON.stringify([turn.speaker, indexOf(turn.speaker), turn.start, words]);
}

function nodeOf(turn, marks) {
  const node = element("div", "turn");
  const head = element("div", "head");
  const time = element("button", "time", clock(turn.start));
  const who = element("button", "who");
  const name = nameOf(turn.speaker);
  who.append(badge(indexOf(turn.speaker)), element("span", "name", name));
  for (const control of [time, who]) control.type = "button";
  // One stop for the whole text: arrows go from word to word, and thousands of buttons would stand in the way.
  time.tabIndex = -1;
  who.tabIndex = -1;
  head.append(time, who);
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", say("saidBy", { name, time: clock(turn.start) }));
  node.append(head, saidOf(turn, marks));
  return node;
}

function saidOf(turn, marks) {
  const said = element("p", "said");
  said.dir = "auto";
  for (let n = turn.first; n < turn.last; n += 1) {
    const word = page.model.words[n];
    if (word.space && n > turn.first) said.append(" ");
    const span = element("span", isDoubtful(word) ? "w doubt" : "w", word.text);
    span.tabIndex = -1;
    const mark = marks.get(n);
    if (mark?.before) span.dataset.before = mark.before;
    if (mark?.after) span.dataset.after = mark.after;
    said.append(span);
  }
  return said;
}

export const turnNode = (index) => shown[index].node;

// The span of a word, by its number.
export function spanOf(number) {
  const index = turnIndexOf(page.model, number);
  if (index < 0 || !shown[index]) return null;
  return shown[index].node.getElementsByClassName("w")[number - page.model.turns[index].first] ?? null;
}

// The number of the word that a node lies in, -1 for none.
export function numberOf(node) {
  const span = (node?.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest?.(".w");
  const index = span ? placeOf(span) : -1;
  if (index < 0) return -1;
  const spans = span.parentElement.getElementsByClassName("w");
  return page.model.turns[index].first + Array.prototype.indexOf.call(spans, span);
}

// The place among the turns that a node lies in, -1 for none.
export function placeOf(node) {
  const turn = (node?.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest?.(".turn");
  return (turn && places.get(turn)) ?? -1;
}

function clicked(event) {
  if (!getSelection().isCollapsed) return;
  const number = numberOf(event.target);
  const time = event.target.closest(".time");
  const who = event.target.closest(".who");
  if (number >= 0) {
    follow(true);
    seek(page.model.words[number].start);
  } else if (time) seek(page.model.turns[placeOf(time)].start);
  else if (who) emit("turn", placeOf(who));
}

export function follow(on_) {
  following = on_;
  byId("follow").hidden = on_;
  if (on_) showWord();
}

function showWord() {
  const number = hasSound() || now() > 0 ? wordNow() : -1;
  const span = number < 0 ? null : spanOf(number);
  if (span !== marked) {
    marked?.classList.remove("now");
    span?.classList.add("now");
    marked = span;
    if (span && following) keepInView(span);
  }
}

// Where the transcript can be seen: on a small screen it is not the transcript that scrolls, but the page.
export function inSight() {
  const room = main.getBoundingClientRect();
  return { top: Math.max(room.top, byId("play").getBoundingClientRect().bottom, 0), bottom: Math.min(room.bottom, innerHeight) };
}

export function keepInView(span, always = false) {
  const [box, room] = [span.getBoundingClientRect(), inSight()];
  const margin = (room.bottom - room.top) * MARGIN;
  const inside = box.top > room.top + margin && box.bottom < room.bottom - margin;
  if (!inside || always) span.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
}

// Why a word has its speaker, in a line.
export function reasonOf(word) {
  const why = word.row.attribution;
  const told = [];
  if (why) {
    told.push(why.detail || REASONS[why.reason]);
    told[0] = say("wordWhy", { reason: told[0], confidence: why.confidence.toFixed(2) });
    told.push(...why.others.map((o) => say("otherSpeaker", { name: o.speaker, share: o.share.toFixed(2) })));
  }
  if (word.row.timing === "estimated") told.push(STRINGS.estimated);
  return told.join(" / ");
}

function explain(target) {
  const number = numberOf(target);
  const word = number < 0 ? null : page.model.words[number];
  const focused = document.activeElement === target;
  if (!word || !(isDoubtful(word) || (word.row.timing === "estimated" && focused))) return;
  tip.textContent = `${letterOf(indexOf(word.row.speaker ?? null))} ${nameOf(word.row.speaker ?? null)}: ${reasonOf(word)}`;
  tip.hidden = false;
  const box = target.getBoundingClientRect();
  const left = Math.min(Math.max(box.left, 8), innerWidth - tip.offsetWidth - 8);
  const below = box.bottom + 6; // above stands the bar of speakers
  const room = innerHeight - tip.offsetHeight - 8;
  tip.style.setProperty("left", `${left}px`);
  tip.style.setProperty("top", `${below < room ? below : box.top - tip.offsetHeight - 6}px`);
  target.setAttribute("aria-describedby", "tip");
}

// The reason goes along with the word that has the focus, for as long as that can be seen.
function moveTip(event) {
  const word = document.activeElement;
  const [box, room] = [word.getBoundingClientRect(), inSight()];
  if (word.matches(".w") && box.bottom > room.top && box.top < room.bottom) explain(word);
  else hideTip(event);
}

function hideTip(event) {
  tip.hidden = true;
  event.target.removeAttribute?.("aria-describedby");
}

export const quoteOf = (first, last) => {
  const text = textOf(page.model, first, last);
  return text.length > 90 ? `${text.slice(0, 88)}…` : text;
};
