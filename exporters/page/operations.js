// Edits by name, as a document's history keeps them, each with the way back (fusion/editing/history.py).

import { speakerOf, worded } from "./segments.js";
import { Refused, checkName, merge, reassign, rename, renamed } from "./speakers.js";
import { STRINGS } from "./strings.js";
import { compareTexts } from "./text.js";
import { correct, replaced } from "./words.js";

const APPLY = {
  rename: (doc, op) => rename(doc, op.names),
  merge: (doc, op) => merge(doc, op.keep, op.others),
  reassign: (doc, op) => reassign(worded(doc), numbersOf(op.words), op.speaker),
  text: (doc, op) => correct(worded(doc), op.words[0] - 1, op.words[1], op.text),
  replace: (doc, op) => replaced(worded(doc), op.find, op.replace),
};

// The document after an edit, with one more entry in its history.
export function applied(doc, asked) {
  const op = asked.op === "rename" ? { op: "rename", names: cleaned(asked.names) } : asked;
  const after = APPLY[op.op](doc, op);
  if (sameAs(doc.segments, after.segments) && sameAs(doc.turns, after.turns) && sameAs(doc.exclusive, after.exclusive)) {
    throw new Refused(STRINGS.changesNothing);
  }
  return completed({ ...after, history: [...(doc.history ?? []), { ...op, undo: undoOf(doc, after, op) }] });
}

// The document before its last edit.
export function undone(doc) {
  if (!doc.history?.length) throw new Refused(STRINGS.nothingToUndo);
  const { undo } = doc.history[doc.history.length - 1];
  const history = doc.history.slice(0, -1);
  if (undo.whole) {
    const { format, name, audio } = doc;
    return { format, name, ...(audio ? { audio } : {}), ...undo.whole, history };
  }
  if (undo.names) return completed({ ...renamed(doc, new Map(Object.entries(undo.names))), history });
  const turns = doc.turns && {
    turns: restored(doc.turns, undo.turns),
    exclusive: restored(doc.exclusive, undo.exclusive),
  };
  return completed({ ...doc, segments: restored(doc.segments, undo.segments), ...turns, history });
}

const cleaned = (names) => Object.fromEntries(Object.entries(names).map(([old, name]) => [old, checkName(name)]));

function numbersOf(spans) {
  const numbers = new Set();
  for (const [first, last] of spans) for (let n = first; n <= last; n += 1) numbers.add(n - 1);
  return numbers;
}

// Numbers of words from 0 -> spans from 1, both ends included.
export function spansOf(numbers) {
  const spans = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    if (spans.length && spans[spans.length - 1][1] === number) spans[spans.length - 1][1] = number + 1;
    else spans.push([number + 1, number + 1]);
  }
  return spans;
}

// Who says a word; where nothing was recognised, who speaks.
function completed(doc) {
  const rows = doc.segments.length || !doc.turns ? doc.segments : doc.turns;
  const names = new Set(rows.map(speakerOf));
  names.delete(null);
  return { ...doc, speakers: [...names].sort(compareTexts) };
}

function undoOf(before, after, op) {
  if (op.op === "rename") {
    const names = Object.fromEntries(Object.entries(op.names).map(([old, name]) => [name, old]));
    const back = renamed(after, new Map(Object.entries(names)));
    const same = ["segments", "turns", "exclusive"].every((key) => sameAs(back[key], before[key]));
    if (Object.keys(names).length && same) return { names };
  }
  const undo = {};
  for (const key of ["segments", "turns", "exclusive"]) {
    const slices = before[key] ? slicesOf(before[key], after[key]) : [];
    if (slices.length) undo[key] = slices;
  }
  return undo;
}

const sameAs = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);

// The parts that differ: runs where as many rows stand as before, else all from the first to the last.
function slicesOf(before, after) {
  if (before.length !== after.length) {
    const head = alike(before, after);
    const tail = alike(before.slice(head).reverse(), after.slice(head).reverse());
    return [{ first: head, count: after.length - tail - head, was: before.slice(head, before.length - tail) }];
  }
  const slices = [];
  before.forEach((was, index) => {
    if (sameAs(was, after[index])) return;
    const last = slices[slices.length - 1];
    if (last && last.first + last.count === index) {
      last.count += 1;
      last.was.push(was);
    } else slices.push({ first: index, count: 1, was: [was] });
  });
  return slices;
}

function alike(one, other) {
  const most = Math.min(one.length, other.length);
  for (let i = 0; i < most; i += 1) if (!sameAs(one[i], other[i])) return i;
  return most;
}

function restored(rows, slices = []) {
  const items = [...rows];
  for (const part of [...slices].reverse()) {
    if (part.first + part.count > items.length) throw new Refused(STRINGS.historyDamaged);
    items.splice(part.first, part.count, ...part.was);
  }
  return items;
}
