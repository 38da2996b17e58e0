// The speakers: name, talk time, and what can be done with each.

import { badge, letterOf } from "./colours.js";
import { edit } from "./editing.js";
import { clock, talkOf } from "./model.js";
import { playSolo, soloist } from "./player.js";
import { button, byId, element, on, page } from "./state.js";
import { STRINGS, say } from "./strings.js";

const list = byId("people-list");
let dragged = null;

export function startPeople() {
  on("document", render);
  on("solo", render);
  byId("drawer").addEventListener("click", () => {
    const open = document.body.classList.toggle("with-people");
    byId("drawer").setAttribute("aria-expanded", String(open));
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target) || event.target.closest(".items button")) menu.open = false;
    }
  });
}

function render() {
  const talk = talkOf(page.doc, page.model);
  const all = [...talk.values()].reduce((sum, { seconds }) => sum + seconds, 0) || 1;
  const most = Math.max(...[...talk.values()].map(({ seconds }) => seconds), 0.001);
  const empty = element("li", "hint", STRINGS.noSpeakers);
  const rows = page.order.map((name, index) => {
    const { seconds, turns } = talk.get(name) ?? { seconds: 0, turns: 0 };
    return person(name, index, { seconds, turns, share: seconds / all, length: seconds / most });
  });
  list.replaceChildren(...(rows.length ? rows : [empty]));
  renderTable(talk, all);
}

function person(name, index, told) {
  const row = element("li", "person");
  row.draggable = true;
  const field = nameField(name, index);
  const line = element("div", "line");
  line.append(badge(index), field, menuOf(name));
  const bar = element("div", "talk");
  const fill = element("span", "fill");
  fill.style.setProperty("--length", `${100 * told.length}%`);
  fill.style.setProperty("--fill", line.firstChild.style.getPropertyValue("--fill"));
  bar.append(fill);
  const turns = told.turns === 1 ? STRINGS.turnCount : say("turnsCount", { count: told.turns });
  const numbers = `${clock(told.seconds)} · ${Math.round(100 * told.share)} % · ${turns}`;
  row.append(line, bar, element("p", "numbers", numbers));
  row.classList.toggle("solo", soloist() === name);
  draggable(row, field, name);
  return row;
}

function nameField(name, index) {
  const field = element("input", "name");
  field.value = name;
  field.maxLength = 100;
  field.spellcheck = false;
  field.autocomplete = "off";
  field.dir = "auto";
  field.setAttribute("aria-label", say("renameOf", { key: letterOf(index) }));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") field.value = name;
    if (event.key === "Enter" || event.key === "Escape") field.blur();
    event.stopPropagation();
  });
  field.addEventListener("change", async () => {
    if (field.value.trim() === name) return;
    const names = { [name]: field.value };
    const done = await edit({ op: "rename", names }, say("renamed", { old: name, name: field.value.trim() }));
    if (!done) field.value = name;
  });
  return field;
}

function menuOf(name) {
  const menu = element("details", "menu");
  const summary = element("summary", "", "⋯");
  summary.setAttribute("aria-label", say("menuOf", { name }));
  const items = element("div", "items");
  items.append(button("", soloist() === name ? STRINGS.soloEnd : say("solo", { name }), () => playSolo(name)));
  for (const other of page.order.filter((one) => one !== name)) {
    items.append(button("", say("mergeInto", { name: other }), () => mergeInto(other, name)));
  }
  menu.append(summary, items);
  return menu;
}

function mergeInto(keep, gone) {
  edit({ op: "merge", keep, others: [gone] }, say("merged", { keep, gone }));
}

function draggable(row, field, name) {
  field.addEventListener("pointerdown", () => {
    row.draggable = false; // so that text in the field can be selected
  });
  field.addEventListener("blur", () => {
    row.draggable = true;
  });
  row.addEventListener("dragstart", (event) => {
    dragged = name;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", name);
  });
  row.addEventListener("dragover", (event) => {
    if (dragged === null || dragged === name) return;
    event.preventDefault();
    row.classList.add("target");
  });
  row.addEventListener("dragleave", () => row.classList.remove("target"));
  row.addEventListener("dragend", () => {
    dragged = null;
  });
  row.addEventListener("drop", (event) => {
    event.preventDefault();
    row.classList.remove("target");
    if (dragged !== null && dragged !== name) mergeInto(name, dragged);
    dragged = null;
  });
}

// Only on paper: the same numbers as a table.
function renderTable(talk, all) {
  const table = byId("talk-table");
  const head = element("tr");
  head.append(...[STRINGS.speaker, STRINGS.talkTime, STRINGS.share, STRINGS.turns].map((text) => element("th", "", text)));
  const rows = page.order.map((name) => {
    const { seconds, turns } = talk.get(name) ?? { seconds: 0, turns: 0 };
    const row = element("tr");
    const cells = [name, clock(seconds), `${Math.round((100 * seconds) / all)} %`, String(turns)];
    row.append(...cells.map((text) => element("td", "", text)));
    return row;
  });
  table.replaceChildren(head, ...rows);
}
