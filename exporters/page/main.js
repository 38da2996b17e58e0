// Puts the page together.

import { config } from "./config.js";
import { startEditing } from "./editing.js";
import { startKeys } from "./keys.js";
import { clock } from "./model.js";
import { startPeople } from "./people.js";
import { startPlayer } from "./player.js";
import { startReview } from "./review.js";
import { startSaving } from "./saving.js";
import { startSearch } from "./search.js";
import { startSelecting } from "./selecting.js";
import { byId, show } from "./state.js";
import { STRINGS, label } from "./strings.js";
import { startTimeline } from "./timeline.js";
import { startTranscript } from "./transcript.js";

// What the file is called says what it is about: a page made to be shared holds no other name.
function titleOf() {
  if (config.file) return config.file.replace(/\.json$/i, "");
  let file = location.pathname.split("/").pop() ?? "";
  try {
    file = decodeURIComponent(file);
  } catch {
    // a name that is no UTF-8 is shown as the address has it
  }
  return file.replace(/\.html?$/i, "") || STRINGS.untitled;
}

function theme() {
  try {
    const kept = localStorage.getItem("diarfuse:theme");
    if (kept) document.documentElement.dataset.theme = kept;
  } catch {
    // the system's theme then
  }
}

function start() {
  theme();
  label(document);
  document.title = titleOf();
  byId("title").textContent = document.title;
  document.body.classList.toggle("served", config.mode === "server");
  startTranscript();
  startPeople();
  startReview();
  startSearch();
  startSelecting();
  startSaving();
  show(config.document);
  const written = new Date(document.lastModified);
  const day = written.toLocaleDateString(undefined, { dateStyle: "long" });
  byId("about").textContent = `${clock(config.document.duration)} · ${day}`;
  startPlayer();
  startTimeline();
  startEditing();
  startKeys();
  document.documentElement.dataset.ready = "yes";
  performance.mark("ready");
}

start();
