// What is taken away from the page: the edited document, plain text, subtitles with one cue a turn; or any format.

import { config } from "./config.js";
import { server } from "./editing.js";
import { textOf } from "./model.js";
import { button, byId, element, emit, page, toast } from "./state.js";
import { STRINGS } from "./strings.js";
import { oneLine } from "./text.js";
import { nameOf } from "./transcript.js";

const KEPT_IN_LINES = new Set(["turns", "exclusive", "history"]);

export function startSaving() {
  const items = byId("downloads");
  if (server) {
    byId("save-menu").textContent = STRINGS.exportAs;
    items.replaceChildren(...config.formats.map(exporting));
  } else {
    for (const [id, save] of [["json", saveDocument], ["txt", saveText], ["vtt", saveSubtitles]]) {
      byId(`save-${id}`).addEventListener("click", save);
    }
  }
}

// A button for a format that the program behind the page writes; what keeps it from that is said.
function exporting({ name, ending, about, missing }) {
  const made = button("", "", async () => {
    if (missing) toast(missing, [STRINGS.close, () => {}]);
    else await take(name, ending);
  });
  made.append(element("b", "", ending), " ", element("span", "about", about));
  return made;
}

async function take(name, ending) {
  try {
    const answer = await fetch(`export/${encodeURIComponent(name)}`);
    if (answer.ok) download(ending, "application/octet-stream", await answer.blob());
    else toast((await answer.json()).error, [STRINGS.close, () => {}]);
  } catch {
    toast(STRINGS.gone);
  }
}

// Ctrl+S: the program behind the page has saved already; the file on the disk needs a download.
export function save() {
  if (server) emit("saved");
  else saveDocument();
}

function saveDocument() {
  download(".json", "application/json;charset=utf-8", documentText(page.doc));
  emit("saved");
}

function saveText() {
  const lines = page.model.turns.map((turn) => {
    const text = oneLine(textOf(page.model, turn.first, turn.last));
    return turn.speaker === null ? text : `${oneLine(turn.speaker)}: ${text}`;
  });
  download(".txt", "text/plain;charset=utf-8", lines.map((line) => `${line}\n`).join("\n"));
}

function saveSubtitles() {
  const cues = page.model.turns.map((turn) => {
    const voice = turn.speaker === null ? "" : `<v ${escaped(nameOf(turn.speaker))}>`;
    const text = escaped(textOf(page.model, turn.first, turn.last));
    return `${stamp(turn.start)} --> ${stamp(Math.max(turn.end, turn.start + 0.001))}\n${voice}${text}\n\n`;
  });
  download(".vtt", "text/vtt;charset=utf-8", `WEBVTT\n\n${cues.join("")}`);
}

// A blank line would end the cue.
const escaped = (text) => oneLine(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function stamp(seconds) {
  const all = Math.round(seconds * 1000);
  const two = (number) => String(number).padStart(2, "0");
  const rest = String(all % 1000).padStart(3, "0");
  return `${two(Math.floor(all / 3600000))}:${two(Math.floor(all / 60000) % 60)}:${two(Math.floor(all / 1000) % 60)}.${rest}`;
}

// As the program writes it: one word, turn or edit a line, so that versions can be compared.
export function documentText(doc) {
  const lines = Object.entries(doc).map(([key, value]) => ` ${JSON.stringify(key)}: ${valueText(key, value)}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

function valueText(key, value) {
  if (key === "segments") return listText(value.map(segmentText), " ");
  return KEPT_IN_LINES.has(key) ? listText(value.map((row) => JSON.stringify(row)), " ") : JSON.stringify(value);
}

function segmentText({ words, ...head }) {
  const rows = listText(words.map((word) => JSON.stringify(word)), "  ");
  return `${JSON.stringify(head).slice(0, -1)},"words":${rows}}`;
}

function listText(rows, indent) {
  return rows.length ? `[\n${rows.map((row) => `${indent} ${row}`).join(",\n")}\n${indent}]` : "[]";
}

function download(ending, type, content) {
  const made = element("a");
  made.href = URL.createObjectURL(new Blob([content], { type }));
  made.download = `${document.title}${ending}`;
  made.click();
  setTimeout(() => URL.revokeObjectURL(made.href), 60000);
}
