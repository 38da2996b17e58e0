// Edits and where they are kept: in this page with drafts in the browser, or in the file by the program behind it.

import { untilGone } from "./alive.js";
import { config } from "./config.js";
import { applied, undone } from "./operations.js";
import { Refused } from "./speakers.js";
import { byId, calledBy, emit, on, page, show, toast } from "./state.js";
import { STRINGS, say } from "./strings.js";

const DRAFT = `diarfuse:draft:${config.key}`;
const TOLD = {
  rename: STRINGS.opRename,
  merge: STRINGS.opMerge,
  reassign: STRINGS.opReassign,
  text: STRINGS.opText,
  replace: STRINGS.opReplace,
  redo: STRINGS.opRedo,
};

const redoable = []; // operations that were undone, last one last
let savedAt = 0; // length of the history when it was saved
let undoable = 0;
let tag = config.tag ?? null; // which state of the file the program behind the page has shown us
let unkept = false; // whether there are edits that the browser could not keep
let queue = Promise.resolve(); // one edit after the other

export const server = config.mode === "server";

// Do an edit and say `sentence`; whether it was done.
export function edit(op, sentence) {
  return inTurn(async () => {
    await apply(op);
    redoable.length = 0;
    tell(sentence);
  });
}

export function undo() {
  return inTurn(async () => {
    if (!undoable) throw new Refused(STRINGS.nothingToUndo);
    const last = server ? (await ask("undo", {})).undone : takenBack();
    redoable.push(last);
    tell(say("undoneEdit", { what: TOLD[last.op] }));
  });
}

export function redo() {
  return inTurn(async () => {
    const next = redoable[redoable.length - 1];
    if (!next || next.op === "redo") throw new Refused(STRINGS.nothingToRedo);
    await apply(next);
    redoable.pop();
    tell(say("redoneEdit", { what: TOLD[next.op] }));
  });
}

// What was done; more important is that it can be lost.
const tell = (sentence) => toast(unkept ? STRINGS.draftFull : sentence);

function inTurn(work) {
  const done = queue.then(work).then(
    () => true,
    (error) => {
      if (!(error instanceof Refused)) throw error;
      toast(error.message);
      return false;
    },
  );
  queue = done.catch(() => {});
  return done.finally(showSaved);
}

async function apply(op) {
  if (server) await ask("edit", op, namesOf(op));
  else {
    show(applied(page.doc, op), namesOf(op));
    undoable = page.doc.history.length;
    keepDraft();
  }
}

// Which name each speaker has now, so that colours stay.
function namesOf(op, back = false) {
  if (op.op !== "rename") return {};
  return Object.fromEntries(Object.entries(op.names).map(([old, name]) => (back ? [name.trim(), old] : [old, name.trim()])));
}

function takenBack() {
  const { undo: _, ...op } = page.doc.history[page.doc.history.length - 1];
  show(undone(page.doc), namesOf(op, true));
  undoable = page.doc.history.length;
  keepDraft();
  return op;
}

// Ask the program behind the page; the document comes back as it is then.
async function ask(what, body, names = {}) {
  let answer;
  let told;
  try {
    const head = { "Content-Type": "application/json", "If-Match": tag };
    answer = await fetch(what, { method: "POST", headers: head, body: JSON.stringify(body) });
    told = await answer.json(); // of which a part is missing where the program ended meanwhile
  } catch {
    throw new Refused(STRINGS.gone);
  }
  if (told.document) {
    ({ tag } = told);
    undoable = told.edits;
    if (!answer.ok) redoable.length = 0; // it was changed elsewhere, and those edits tell numbers of other words
    show(told.document, told.undone ? namesOf(told.undone, true) : names);
  }
  if (!answer.ok) throw new Refused(told.error);
  return told;
}

export function startEditing() {
  undoable = server ? config.edits : 0;
  on("saved", () => {
    if (server) return toast(say("savedFile", { name: config.file }));
    savedAt = page.doc.history.length;
    dropDraft();
    showSaved();
    return toast(STRINGS.saved);
  });
  byId("undo").addEventListener("click", undo);
  byId("redo").addEventListener("click", redo);
  if (server) stayAlive();
  else {
    addEventListener("beforeunload", (event) => unkept && event.preventDefault());
    addEventListener("storage", (event) => {
      if (event.key === DRAFT && event.newValue) toast(STRINGS.otherTab, [STRINGS.close, () => {}]);
    });
    bringBack();
  }
  showSaved();
}

function showSaved() {
  const count = server ? 0 : Math.abs((page.doc.history ?? []).length - savedAt);
  const text = count === 1 ? STRINGS.unsavedOne : say("unsaved", { count });
  byId("unsaved").textContent = count ? text : "";
  byId("undo").disabled = !undoable;
  byId("redo").disabled = !redoable.length;
}

function keepDraft() {
  const ops = page.doc.history.map(({ undo: _, ...op }) => op);
  try {
    unkept = ops.length > 0;
    if (ops.length) localStorage.setItem(DRAFT, JSON.stringify({ when: Date.now(), ops }));
    else localStorage.removeItem(DRAFT);
    unkept = false;
  } catch {
    // private windows and full stores: `tell` says so
  }
}

function dropDraft() {
  unkept = false;
  try {
    localStorage.removeItem(DRAFT);
  } catch {
    // there is no store, so there is no draft
  }
}

function bringBack() {
  const before = page.doc;
  let draft = null;
  try {
    draft = JSON.parse(localStorage.getItem(DRAFT));
  } catch {
    return; // no store
  }
  if (!draft) return;
  try {
    let doc = before;
    for (const op of draft.ops) {
      const { order } = page;
      doc = applied(doc, op);
      page.order = order.map(calledBy(namesOf(op)));
    }
    show(doc);
    undoable = doc.history.length;
    const when = new Date(draft.when).toLocaleString();
    toast(say("draftFound", { when }), [STRINGS.draftDiscard, discard(before)]);
  } catch {
    dropDraft();
    show(before);
    toast(STRINGS.draftBroken);
  }
}

const discard = (before) => () => {
  dropDraft();
  redoable.length = 0;
  undoable = 0;
  show(before);
  showSaved();
};

async function stayAlive() {
  await untilGone();
  toast(STRINGS.gone, [STRINGS.close, () => {}]);
  emit("gone");
}
