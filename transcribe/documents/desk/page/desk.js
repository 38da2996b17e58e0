// The folder's page: a row a recording, kept while it changes, so that what somebody chooses in it stays chosen.

import { untilGone } from "./alive.js";

const STRINGS = {
  title: "Recordings",
  add: "Add recordings …",
  empty: "No recording lies in this folder yet. Drop some here, or press “Add recordings”.",
  lost: "The program behind this page has ended. Start it again with: transcribe open",
  people: "People",
  anyNumber: "not known",
  language: "Language",
  asHeard: "as heard",
  begin: "Transcribe",
  beginOf: "Transcribe {name}",
  again: "Try again",
  stop: "Stop",
  stopOf: "Stop {name}",
  open: "Open",
  openOf: "Open the transcript of {name}",
  waiting: "Waits for its turn.",
  stopped: "Stopped.",
  elsewhere: "In work elsewhere.",
  gone: "The recording is not in this folder any more.",
  left: "about {time} left",
  adding: "{name} is copied into the folder …",
  notAdded: "{name} could not be added: is there room on the disk, and may the folder be written to?",
  done: "{name} is transcribed.",
  failed: "{name} failed.",
  size: "{size} MB",
  hollow: "empty",
};

const byId = (id) => document.getElementById(id);
const say = (key, given = {}) => STRINGS[key].replace(/\{(\w+)\}/g, (_, name) => given[name]);
const rows = new Map();
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

async function ask(path, body) {
  const sent = { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const answer = await fetch(path, body === undefined ? {} : sent);
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

function announce(sentence) {
  byId("said").textContent = sentence;
}

const clock = (seconds) => {
  const whole = Math.max(1, Math.round(seconds));
  return whole < 90 ? `${whole} s` : `${Math.round(whole / 60)} min`;
};

const sizeOf = (bytes) => (bytes ? say("size", { size: Math.max(0.1, bytes / 1e6).toFixed(1) }) : STRINGS.hollow);

// A row's parts, made once; `shown` says what of them is to be seen.
function newRow(name) {
  const row = { name, state: "", refused: "", asking: false, shown: "", item: element("li") };
  row.about = element("small");
  row.people = element("select");
  row.language = element("input", { type: "text", placeholder: STRINGS.asHeard, maxLength: 20, autocomplete: "off", spellcheck: false });
  row.language.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) begin(row);
  });
  row.begin = element("button", { type: "button", textContent: STRINGS.begin, onclick: () => begin(row) });
  row.begin.setAttribute("aria-label", say("beginOf", { name }));
  row.asked = element(
    "span",
    { className: "asked" },
    element("label", {}, `${STRINGS.people} `, row.people),
    element("label", {}, `${STRINGS.language} `, row.language),
    row.begin,
  );
  // It comes to where Transcribe was: the second half of a double click is none for it.
  const stop = (event) => event.detail < 2 && act("stop", row);
  row.stop = element("button", { type: "button", textContent: STRINGS.stop, onclick: stop });
  row.stop.setAttribute("aria-label", say("stopOf", { name }));
  row.open = element("a", { className: "open", textContent: STRINGS.open, target: "_blank", rel: "noopener" });
  row.open.setAttribute("aria-label", say("openOf", { name }));
  row.bar = element("progress", { max: 1 });
  row.bar.setAttribute("aria-label", name);
  row.doing = element("div", { className: "doing" });
  row.item.append(element("span", { className: "file" }, element("bdi", { textContent: name }), row.about), row.asked, row.stop, row.open, row.doing);
  return row;
}

function fillPeople(row, most) {
  if (row.people.length) return;
  row.people.append(element("option", { value: "", textContent: STRINGS.anyNumber }));
  for (let n = 1; n <= most; n += 1) row.people.append(element("option", { value: String(n), textContent: String(n) }));
}

function sentences(work) {
  if (work.state === "waiting") return [[STRINGS.waiting]];
  if (work.state === "stopped") return [[`${STRINGS.stopped} ${work.error}`]];
  if (work.state === "failed") return [[work.error, "wrong"]];
  if (work.state === "done") return work.notes.map((note) => [note]);
  const left = work.left === null ? "" : ` · ${say("left", { time: clock(work.left) })}`;
  return [[`${work.doing || STRINGS.begin} …${left}`], ...(work.words ? [[`… ${work.words}`]] : [])];
}

const underWay = (state) => ["waiting", "running"].includes(state);

function showRow(row, file, most) {
  const work = file.work;
  const state = file.transcript && work?.state !== "running" ? "done" : (work?.state ?? "new");
  if (underWay(state)) row.refused = "";
  const shown = JSON.stringify([file, row.refused]);
  if (shown === row.shown) return; // so that what somebody marks in it stays marked
  row.shown = shown;
  const focused = row.item.contains(document.activeElement) ? document.activeElement : null;
  const day = DAY.format(file.changed * 1000);
  row.about.textContent = file.recording ? `${sizeOf(file.size)} · ${day}` : day;
  fillPeople(row, most);
  row.asked.hidden = file.lost || file.elsewhere || !["new", "failed", "stopped"].includes(state);
  row.begin.textContent = state === "new" ? STRINGS.begin : STRINGS.again;
  row.stop.hidden = !underWay(state);
  row.open.hidden = !file.transcript || state === "running";
  if (file.transcript) row.open.href = file.address;
  row.bar.value = work?.fraction ?? 0;
  const about = row.refused ? [[row.refused, "wrong"]] : work ? sentences(work) : [];
  if (file.lost) about.unshift([STRINGS.gone, "wrong"]);
  if (file.elsewhere && !file.transcript) about.push([STRINGS.elsewhere]);
  const told = about.map(([text, kind]) => element("p", { textContent: text, className: kind ?? "" }));
  row.doing.replaceChildren(...(state === "running" ? [row.bar] : []), ...told);
  if (underWay(row.state) && ["done", "failed"].includes(state)) announce(say(state, { name: row.name }));
  row.state = state;
  // What was pressed may be hidden now: whoever uses the keyboard stays in the row.
  if (focused && !focused.checkVisibility()) [row.stop, row.open, row.begin].find((one) => one.checkVisibility())?.focus();
}

function trouble(sentence) {
  const lost = byId("lost");
  if (lost.textContent !== sentence) lost.textContent = sentence;
  lost.hidden = !sentence;
}

function show(told) {
  const focused = document.activeElement;
  trouble("");
  byId("folder").textContent = told.folder;
  const names = told.files.map((file) => file.recording ?? file.transcript);
  const there = new Set(names);
  for (const [name, row] of rows) {
    if (there.has(name)) continue;
    row.item.remove();
    rows.delete(name);
  }
  let here = byId("files").firstElementChild;
  told.files.forEach((file, at) => {
    const name = names[at];
    if (!rows.has(name)) rows.set(name, newRow(name));
    const row = rows.get(name);
    showRow(row, file, told.most);
    if (here === row.item) here = here.nextElementSibling;
    else byId("files").insertBefore(row.item, here);
  });
  byId("empty").hidden = told.files.length > 0;
  // What had it was moved, or is gone: whoever uses the keyboard does not begin at the top.
  if (focused !== document.body && document.activeElement === document.body) (focused.isConnected ? focused : byId("choose")).focus();
  return told.files.some((file) => underWay(file.work?.state));
}

async function act(what, row, more = {}) {
  if (row.asking) return;
  row.asking = true;
  row.refused = "";
  try {
    if (show(await ask(what, { name: row.name, ...more }))) lookAgain(OFTEN);
  } catch (error) {
    row.refused = error instanceof TypeError ? STRINGS.lost : error.message;
    announce(row.refused);
    await look();
  } finally {
    row.asking = false;
  }
}

function begin(row) {
  const people = row.people.value === "" ? null : Number(row.people.value);
  return act("start", row, { people, language: row.language.value.trim() });
}

let adding = Promise.resolve();
let toAdd = 0;

function add(files) {
  toAdd += files.length;
  adding = adding.then(() => addEach(files));
}

async function addEach(files) {
  for (const old of document.querySelectorAll("#desk > .toast")) old.remove();
  for (const file of files) {
    tellAdding(say("adding", { name: file.name }));
    try {
      const answer = await fetch(`add/${encodeURIComponent(file.name)}`, { method: "POST", body: file });
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.error);
    } catch (error) {
      const sentence = error instanceof TypeError ? say("notAdded", { name: file.name }) : error.message;
      byId("desk").prepend(element("p", { className: "toast", textContent: sentence, role: "alert" }));
    }
    toAdd -= 1;
    await look();
  }
  if (!toAdd) tellAdding("");
}

function tellAdding(sentence) {
  byId("adding").textContent = sentence;
  byId("adding").hidden = !sentence;
}

let timer = 0;
const OFTEN = 500;
const SELDOM = 5000;

// Where nobody looks and nothing is in work, nobody asks: a disk may sleep.
function lookAgain(after) {
  clearTimeout(timer);
  if (after === OFTEN || !document.hidden) timer = setTimeout(look, after);
}

async function look() {
  let busy = false;
  try {
    busy = show(await ask("list"));
  } catch (error) {
    trouble(error instanceof TypeError ? STRINGS.lost : error.message);
  }
  lookAgain(busy ? OFTEN : SELDOM);
}

function start() {
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = STRINGS[node.dataset.say];
  document.title = STRINGS.title;
  byId("choose").addEventListener("change", (event) => {
    add([...event.target.files]);
    event.target.value = ""; // so that the same can be chosen once more
  });
  window.addEventListener("beforeunload", (event) => toAdd && event.preventDefault());
  const desk = byId("desk");
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    desk.classList.add("over");
  });
  document.addEventListener("dragleave", () => desk.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    desk.classList.remove("over");
    add([...event.dataTransfer.files]);
  });
  window.addEventListener("focus", look);
  document.addEventListener("visibilitychange", () => document.hidden || look());
  untilGone().then(() => trouble(STRINGS.lost));
  look().then(() => { document.documentElement.dataset.ready = "yes"; });
}

start();
