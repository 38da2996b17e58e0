// The doubtful places, worst first: listen, accept, or give to somebody else.

import { badge } from "./colours.js";
import { edit } from "./editing.js";
import { clock, documentNumbers, worstFirst } from "./model.js";
import { spansOf } from "./operations.js";
import { playPlace } from "./player.js";
import { button, byId, element, indexOf, on, page } from "./state.js";
import { STRINGS, say } from "./strings.js";
import { nameOf, quoteOf, reasonOf } from "./transcript.js";
import { chosen, visit } from "./selecting.js";

let most = 0; // places there were
let current = null; // the place that is looked at

export function startReview() {
  on("document", render);
  byId("review-toggle").addEventListener("click", () => toggleReview());
  byId("review-list").addEventListener("click", (event) => {
    const item = event.target.closest("li");
    if (item) look(worstFirst(page.model.doubts)[[...item.parentElement.children].indexOf(item)]);
  });
}

export function toggleReview() {
  const open = document.body.classList.toggle("with-review");
  byId("review").hidden = !open;
  byId("review-toggle").setAttribute("aria-expanded", String(open));
}

function render() {
  const { doubts } = page.model;
  most = Math.max(most, doubts.length);
  const done = most - doubts.length;
  byId("progress").textContent = most ? say("reviewProgress", { done, count: most }) : "";
  byId("progress-bar").max = Math.max(most, 1);
  byId("progress-bar").value = done;
  byId("review-count").textContent = doubts.length ? String(doubts.length) : "";
  const empty = element("li", "hint", most ? STRINGS.reviewDone : STRINGS.reviewNone);
  byId("review-list").replaceChildren(...(doubts.length ? worstFirst(doubts).map(placeNode) : [empty]));
}

function placeNode(place) {
  const item = element("li", "place");
  const head = element("button", "where");
  head.type = "button";
  head.append(badge(indexOf(place.speaker)), element("span", "time", clock(place.start)));
  head.append(element("span", "quote", quoteOf(place.first, place.last)));
  const reason = reasonOf(page.model.words[place.least]);
  const keys = element("div", "acts");
  keys.append(
    button("", STRINGS.listen, (event) => listen(place, event)),
    button("", STRINGS.accept, (event) => accept(place, event)),
  );
  item.append(head, element("p", "why", reason), keys);
  return item;
}

function look(place) {
  current = place;
  if (place) visit(place.first, place.last);
}

// The place that the chosen words touch, else the one that was looked at last.
export function placeHere() {
  const words = chosen();
  const { doubts } = page.model;
  const touched = words && doubts.find((place) => place.first < words[1] && place.last > words[0]);
  return touched ?? (current && doubts.find((place) => place.first === current.first)) ?? null;
}

export function listen(place = placeHere(), event = null) {
  event?.stopPropagation();
  if (!place) return;
  look(place);
  playPlace(place.start, place.end);
}

// Who it is said to be it is: the same speaker, given by hand.
export async function accept(place = placeHere(), event = null) {
  event?.stopPropagation();
  if (!place) return;
  const numbers = documentNumbers(page.model, place.first, place.last);
  const op = { op: "reassign", words: spansOf(numbers), speaker: place.speaker };
  const done = await edit(op, say("accepted", { name: nameOf(place.speaker) }));
  if (done && document.body.classList.contains("with-review")) look(worstFirst(page.model.doubts)[0]);
}

// The next doubtful place in the text, or the one before.
export function stepDoubt(by) {
  const { doubts } = page.model;
  if (!doubts.length) return;
  const words = chosen();
  const from = words ? words[0] : -1;
  const next = by > 0 ? doubts.find((place) => place.first > from) : doubts.findLast((place) => place.first < from);
  look(next ?? (by > 0 ? doubts[0] : doubts[doubts.length - 1]));
}
