// Search and replace in the text; hits are marked without touching the text.

import { edit } from "./editing.js";
import { textOf } from "./model.js";
import { byId, on, page } from "./state.js";
import { STRINGS, say } from "./strings.js";
import { folded, lowerBound, oneLine, upperBound } from "./text.js";
import { follow, keepInView, spanOf } from "./transcript.js";

const MOST = 1000; // hits that are marked at once
const WAIT = 120; // milliseconds after the last key

const field = byId("search");
let hits = []; // [first, last) of words
let at = -1;
let timer = 0;

export function startSearch() {
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => find(true), WAIT);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") leave();
    else return;
    event.preventDefault();
  });
  byId("search-next").addEventListener("click", () => go(1));
  byId("search-before").addEventListener("click", () => go(-1));
  byId("find").addEventListener("submit", (event) => event.preventDefault());
  byId("replace").addEventListener("click", () => {
    const op = { op: "replace", find: field.value, replace: byId("replacement").value };
    edit(op, STRINGS.replacedAll);
  });
  on("document", () => field.value && find(false));
}

function leave() {
  field.value = "";
  find(false);
  byId("transcript").focus();
}

function find(jump) {
  const wanted = folded(oneLine(field.value));
  hits = wanted ? page.model.turns.flatMap((turn) => hitsIn(turn, wanted)) : [];
  at = -1;
  byId("replacing").hidden = !wanted;
  if (jump && hits.length) go(1);
  else tell();
  mark();
}

// Where it stands in a turn, as words; letters may change their number when their case goes.
function hitsIn(turn, wanted) {
  const text = folded(textOf(page.model, turn.first, turn.last));
  if (!text.includes(wanted)) return [];
  const begins = [];
  let length = 0;
  for (let n = turn.first; n < turn.last; n += 1) {
    const word = page.model.words[n];
    if (n > turn.first && word.space) length += 1;
    begins.push(length);
    length += folded(word.text).length;
  }
  const found = [];
  for (let from = text.indexOf(wanted); from >= 0; from = text.indexOf(wanted, from + wanted.length)) {
    const first = upperBound(begins, from) - 1;
    const last = lowerBound(begins, from + wanted.length) - 1;
    found.push([turn.first + first, turn.first + last + 1]);
  }
  return found;
}

function go(by) {
  if (!hits.length) return tell();
  at = (at + by + hits.length) % hits.length;
  follow(false);
  const span = spanOf(hits[at][0]);
  if (span) keepInView(span, true);
  mark();
  return tell();
}

function tell() {
  const none = field.value ? STRINGS.noHits : "";
  byId("hits").textContent = hits.length ? say("hits", { at: at + 1, count: hits.length }) : none;
}

// Browsers without highlights still go from hit to hit.
function mark() {
  if (!CSS.highlights) return;
  const range = ([first, last]) => {
    const made = new Range();
    made.setStartBefore(spanOf(first));
    made.setEndAfter(spanOf(last - 1));
    return made;
  };
  const near = hits.slice(Math.max(0, at - MOST / 2), Math.max(0, at - MOST / 2) + MOST);
  CSS.highlights.set("hit", new Highlight(...near.map(range)));
  CSS.highlights.set("hit-now", new Highlight(...(at >= 0 ? [range(hits[at])] : [])));
}
