// What the parts of the page share: the document, what is made of it, and who wants to hear of changes.

import { modelOf, orderOf } from "./model.js";

export const page = {
  doc: null, // as saved, with the history of this page's edits
  model: null,
  order: [], // speakers; the place of a name is its letter, colour and digit
  breaks: new Map(), // where a person split or joined turns
};

const listeners = new Map();

export function on(event, listener) {
  listeners.set(event, [...(listeners.get(event) ?? []), listener]);
}

export function emit(event, value) {
  for (const listener of listeners.get(event) ?? []) listener(value);
}

// What a speaker is called now; one who is called as something that every object has is found all the same.
export const calledBy = (names) => (name) => (Object.hasOwn(names, name) ? names[name] : name);

// Show another document; `names` maps names before to names now, so that speakers keep their colours.
export function show(doc, names = {}) {
  page.doc = doc;
  page.model = modelOf(doc, page.breaks);
  page.order = orderOf(page.order.map(calledBy(names)), doc, page.model);
  emit("document");
}

export const indexOf = (speaker) => (speaker === null ? -1 : page.order.indexOf(speaker));

export const byId = (id) => document.getElementById(id);

// An element with a class and, as text and never as markup, what it says.
export function element(tag, className, text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

export function button(className, text, onClick, label = "") {
  const made = element("button", className, text);
  made.type = "button";
  if (label) made.setAttribute("aria-label", label);
  if (onClick) made.addEventListener("click", onClick);
  return made;
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// A sentence at the lower edge, which screen readers say too; `action` is [label, what it does].
export function toast(sentence, action = null, seconds = 5) {
  const note = element("div", "toast", sentence);
  if (action) {
    note.append(
      button("", action[0], () => {
        note.remove();
        action[1]();
      }),
    );
  }
  byId("toasts").replaceChildren(note);
  if (!action) setTimeout(() => note.remove(), seconds * 1000);
}
