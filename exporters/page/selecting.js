// Words that are chosen, with the mouse or the keyboard, and what can be done with them.

import { badge } from "./colours.js";
import { edit } from "./editing.js";
import { clock, documentNumbers, textOf, turnIndexOf, wordAt } from "./model.js";
import { spansOf } from "./operations.js";
import { seek } from "./player.js";
import { button, byId, element, on, page, show, toast } from "./state.js";
import { STRINGS, say } from "./strings.js";
import { leftStripped, oneLine, rightStripped, splitText, stripped } from "./text.js";
import { follow, inSight, keepInView, nameOf, numberOf, placeOf, spanOf, turnNode } from "./transcript.js";

const BELOW = 44; // pixels from the words to the bar, which leave room for the reason

const main = byId("transcript");
const bar = byId("give");
let cursor = -1; // the word that the keyboard is at
let anchor = -1;
let asked = null; // the words that a new speaker is to get

export function startSelecting() {
  document.addEventListener("selectionchange", showBar);
  main.addEventListener("dblclick", (event) => editTurn(placeOf(event.target)));
  main.addEventListener("focusin", (event) => {
    const number = numberOf(event.target);
    if (number >= 0) cursor = number;
  });
  main.addEventListener("keydown", keys);
  main.addEventListener("focus", () => {
    if (cursor < 0 && page.model.words.length) goTo(0, false);
  });
  byId("ask").addEventListener("close", () => {
    if (byId("ask").returnValue === "give") giveTo(byId("ask-name").value, asked);
  });
  on("turn", (index) => choose(page.model.turns[index].first, page.model.turns[index].last));
  on("document", () => {
    bar.hidden = true;
    cursor = Math.min(cursor, page.model.words.length - 1);
  });
}

// The chosen words as [first, last), or null.
export function chosen() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) {
    const at = document.activeElement?.closest?.(".w") ? numberOf(document.activeElement) : -1;
    return at < 0 ? null : [at, at + 1];
  }
  const range = selection.getRangeAt(0);
  if (!main.contains(range.commonAncestorContainer)) return null;
  const [first, last] = [edgeOf(range.startContainer, range.startOffset, 1), edgeOf(range.endContainer, range.endOffset, -1)];
  return first < 0 || last < first ? null : [first, last + 1];
}

// The word at one end of a range; where the end lies between words, the one inside.
function edgeOf(node, offset, inward) {
  const own = numberOf(node);
  const text = node.nodeType === Node.TEXT_NODE ? node.data : "";
  if (own >= 0) {
    const outside = inward > 0 ? offset === text.length : offset === 0;
    return outside && text ? own + inward : own;
  }
  const words = [...main.getElementsByClassName("w")];
  const point = document.createRange();
  point.setStart(node, offset);
  const at = words.findIndex((span) => point.comparePoint(span, 0) >= 0);
  if (at < 0) return inward > 0 ? -1 : words.length - 1;
  return inward > 0 ? at : at - 1;
}

export function choose(first, last) {
  const [from, to] = [spanOf(first), spanOf(last - 1)];
  if (from && to) getSelection().setBaseAndExtent(from, 0, to, to.childNodes.length);
}

function showBar() {
  const words = getSelection().isCollapsed ? null : chosen();
  bar.hidden = !words;
  if (!words) return;
  bar.replaceChildren(
    ...page.order.map((name, index) => {
      const give = button("give", "", () => giveTo(name));
      give.append(badge(index), element("span", "", name));
      return give;
    }),
    button("give", STRINGS.nobody, () => giveTo(null)),
    button("give", STRINGS.newSpeaker, () => {
      asked = chosen();
      byId("ask-name").value = "";
      byId("ask").showModal();
    }),
  );
  const box = getSelection().getRangeAt(0).getBoundingClientRect();
  const above = box.top - bar.offsetHeight - 8;
  const left = Math.min(Math.max(box.left, 8), innerWidth - bar.offsetWidth - 8);
  bar.style.setProperty("left", `${left}px`);
  bar.style.setProperty("top", `${above > inSight().top ? above : Math.min(box.bottom + BELOW, innerHeight - bar.offsetHeight - 8)}px`);
}

// Give the chosen words to somebody; null is nobody.
export async function giveTo(speaker, words = chosen()) {
  if (!words) return toast(STRINGS.selectFirst);
  const numbers = documentNumbers(page.model, ...words);
  const name = nameOf(speaker);
  const sentence = numbers.length === 1 ? say("givenOne", { name }) : say("given", { count: numbers.length, name });
  const done = await edit({ op: "reassign", words: spansOf(numbers), speaker }, sentence);
  if (done) goTo(words[0], document.activeElement === document.body || main.contains(document.activeElement));
  return done;
}

function goTo(number, focus = true) {
  const span = spanOf(number);
  if (!span) return;
  cursor = number;
  if (focus) span.focus({ preventScroll: true });
  keepInView(span);
}

// Go to a word, show and choose it with those up to `last`.
export function visit(first, last) {
  follow(false);
  getSelection().removeAllRanges();
  spanOf(first)?.focus({ preventScroll: true });
  cursor = first;
  choose(first, last);
  const span = spanOf(first);
  if (span) keepInView(span);
}

function keys(event) {
  if (event.target.closest("textarea") || event.altKey || event.ctrlKey || event.metaKey) return;
  const rtl = cursor >= 0 && getComputedStyle(spanOf(cursor) ?? main).direction === "rtl" ? -1 : 1;
  const steps = { ArrowRight: rtl, ArrowLeft: -rtl };
  if (event.key in steps) step(steps[event.key], event.shiftKey);
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") turnStep(event.key === "ArrowDown" ? 1 : -1);
  else if (event.key === "Enter" && event.target.closest(".w")) splitAt(cursor);
  else if (event.key === "Backspace" && event.target.closest(".w")) joinAt(cursor);
  else if (event.key === "F2" && cursor >= 0) editTurn(placeOf(spanOf(cursor)));
  else if (event.key === "." && cursor >= 0) seek(page.model.words[cursor].start);
  else return;
  event.preventDefault();
}

function step(by, extend) {
  const next = Math.min(Math.max(cursor + by, 0), page.model.words.length - 1);
  if (extend && (anchor < 0 || getSelection().isCollapsed)) anchor = cursor;
  goTo(next);
  if (extend) choose(Math.min(anchor, next), Math.max(anchor, next) + 1);
  else getSelection().removeAllRanges();
}

function turnStep(by) {
  const index = cursor < 0 ? 0 : placeOf(spanOf(cursor)) + by;
  const turn = page.model.turns[index];
  getSelection().removeAllRanges();
  if (turn) goTo(turn.first);
}

// Where a turn is shown as two, or two as one: a matter of reading, which no edit of the document is.
function splitAt(number) {
  const turn = page.model.turns[placeOf(spanOf(number))];
  if (number === turn.first) return;
  page.breaks.set(page.model.words[number].start, "split");
  reshow(number, STRINGS.split);
}

function joinAt(number) {
  const index = placeOf(spanOf(number));
  const [before, turn] = [page.model.turns[index - 1], page.model.turns[index]];
  if (number !== turn.first || !before || before.speaker !== turn.speaker) {
    toast(STRINGS.cannotJoin);
    return;
  }
  page.breaks.set(page.model.words[number].start, "join");
  reshow(number, STRINGS.joined);
}

function reshow(number, sentence) {
  show(page.doc);
  goTo(number);
  toast(sentence);
}

// Correct the text of a turn in place; only the words that changed go into the edit. `typed` is what was typed already.
export function editTurn(index, typed = null) {
  const turn = page.model.turns[index];
  if (!turn || main.querySelector("textarea")) return;
  getSelection().removeAllRanges();
  const said = turnNode(index).querySelector(".said");
  const area = element("textarea", "edit");
  area.value = typed ?? textOf(page.model, turn.first, turn.last);
  area.dir = "auto";
  area.rows = Math.max(2, Math.ceil(said.offsetHeight / 26));
  area.setAttribute("aria-label", say("editText", { name: nameOf(turn.speaker), time: clock(turn.start) }));
  let left = false; // taking the field away takes the focus from it, which would leave it again
  const leave = async (keep) => {
    if (left) return;
    left = true;
    const text = area.value;
    area.replaceWith(said);
    const corrected = keep ? correctTurn(turn, text) : true;
    goTo(turn.first);
    if (!(await corrected)) editTurn(turnAt(turn.start), text); // what was typed is not lost with the edit
  };
  area.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") leave(false);
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      leave(true);
    }
  });
  area.addEventListener("blur", () => leave(true));
  said.replaceWith(area);
  area.focus();
}

// The turn that is there at a time now, for the document may be another one.
const turnAt = (time) => turnIndexOf(page.model, Math.max(wordAt(page.model, time), 0));

// Whether the turn says `text` now.
function correctTurn(turn, text) {
  if (oneLine(text) === oneLine(textOf(page.model, turn.first, turn.last))) return true;
  const old = page.model.words.slice(turn.first, turn.last).map((word) => word.text);
  const fresh = splitText(oneLine(text));
  const [head, tail] = changed(old, fresh.map(stripped));
  const said = rightStripped(leftStripped(fresh.slice(head, fresh.length - tail).join("")));
  const numbers = documentNumbers(page.model, turn.first + head, turn.last - tail);
  return edit({ op: "text", words: [numbers[0] + 1, numbers[numbers.length - 1] + 1], text: said }, STRINGS.corrected);
}

// How many words at the beginning and at the end stay; at least one old word is between, to hold the new ones.
function changed(old, fresh) {
  const most = Math.min(old.length, fresh.length);
  let head = 0;
  while (head < most && old[head] === fresh[head]) head += 1;
  let tail = 0;
  while (tail < most - head && old[old.length - 1 - tail] === fresh[fresh.length - 1 - tail]) tail += 1;
  if (head + tail === old.length && head) head -= 1;
  else if (head + tail === old.length && tail) tail -= 1;
  return [head, tail];
}
