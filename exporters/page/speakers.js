// Who is who, and who said what: rename, merge, reassign (fusion/editing/speakers.py and fusion/relabel.py).

import { BY_HAND, segmentRow, speakerOf, splitSegment, wordRow } from "./segments.js";
import { STRINGS, say } from "./strings.js";
import { compareTexts, folded, lengthOf, stripped } from "./text.js";

export const MAX_NAME = 100;
// What stands for words without a speaker, here or in files.
const RESERVED = ["nobody", "unknown", "?"];

// What a person asked for and cannot have, said so that they can.
export class Refused extends Error {}

// Equal for two names that look alike, by composed accents and single blanks within.
const tidied = (name) => stripped(name).normalize("NFC").replace(/ +/g, " ");

// A name as it is kept: one line of visible characters; joiners are invisible, but Persian names need them.
export function checkName(name) {
  const clean = stripped(name).normalize("NFC");
  if (Array.from(clean).some((c) => c !== " " && c !== "\u200c" && c !== "\u200d" && /^[\p{C}\p{Z}]$/u.test(c))) {
    throw new Refused(STRINGS.nameInvisible);
  }
  if (clean === "" || lengthOf(clean) > MAX_NAME) throw new Refused(say("nameLength", { most: MAX_NAME }));
  if (RESERVED.includes(folded(clean))) throw new Refused(say("nameNobody", { name: clean }));
  return clean;
}

// Everybody who has a word, a segment or a turn, sorted.
export function everybody(doc) {
  const names = new Set([...(doc.turns ?? []), ...(doc.exclusive ?? [])].map((turn) => turn.speaker));
  for (const segment of doc.segments) {
    names.add(speakerOf(segment));
    for (const word of segment.words) names.add(speakerOf(word));
  }
  names.delete(null);
  return [...names].sort(compareTexts);
}

export function rename(doc, names) {
  const known = everybody(doc);
  const fresh = new Map(Object.entries(names).map(([old, name]) => [knownSpeaker(known, old), checkName(name)]));
  for (const name of fresh.values()) {
    const used = called(name, known);
    if (used !== undefined && !fresh.has(used)) throw new Refused(say("nameInUse", { name }));
  }
  if (new Set(fresh.values()).size < fresh.size) throw new Refused(STRINGS.namesAlike);
  return renamed(doc, fresh);
}

export function merge(doc, keep, others) {
  const known = everybody(doc);
  const kept = knownSpeaker(known, keep);
  const gone = new Map(others.map((other) => [knownSpeaker(known, other), kept]));
  if (!gone.size || gone.has(kept)) throw new Refused(STRINGS.mergeWithNobody);
  return renamed(doc, gone);
}

function knownSpeaker(known, name) {
  const found = called(name, known);
  if (found === undefined) throw new Refused(say("unknownSpeaker", { name, known: known.join(", ") }));
  return found;
}

// Which of the speakers a name is, if any.
const called = (name, known) =>
  known.includes(name) ? name : known.find((speaker) => tidied(speaker) === tidied(name));

// Every speaker that is a key of `names` (a Map) under its value; two with one name become one.
export function renamed(doc, names) {
  const turns = doc.turns && { turns: renamedTurns(doc.turns, names), exclusive: renamedTurns(doc.exclusive, names) };
  return { ...doc, segments: doc.segments.map((segment) => renamedSegment(segment, names)), ...turns };
}

const nameOf = (speaker, names) => (speaker === null ? null : (names.get(speaker) ?? speaker));

function renamedSegment(segment, names) {
  const words = segment.words.map((word) => renamedWord(word, names));
  return segmentRow({ ...segment, speaker: nameOf(speakerOf(segment), names), words });
}

function renamedWord(word, names) {
  const speaker = nameOf(speakerOf(word), names);
  return wordRow({ ...word, speaker, attribution: word.attribution && renamedReason(word.attribution, speaker, names) });
}

function renamedReason(attribution, speaker, names) {
  const shares = new Map();
  for (const other of attribution.others) {
    const name = nameOf(other.speaker, names);
    if (name !== speaker) shares.set(name, Math.min(1, (shares.get(name) ?? 0) + other.share));
  }
  const others = [...shares].map(([name, share]) => ({ speaker: name, share }));
  if (others.length < attribution.others.length) {
    others.sort((a, b) => b.share - a.share || compareTexts(a.speaker, b.speaker));
  }
  return { ...attribution, others };
}

const byTime = (a, b) => a.start - b.start || a.end - b.end || compareTexts(a.speaker, b.speaker);

function renamedTurns(turns, names) {
  const byName = new Map();
  for (const turn of turns) {
    const name = nameOf(turn.speaker, names);
    byName.set(name, [...(byName.get(name) ?? []), turn]);
  }
  const all = [...byName].flatMap(([speaker, own]) => united(own).map(([start, end]) => ({ start, end, speaker })));
  return all.sort(byTime);
}

// Where one person speaks; only turns of different labels that touch become one.
function united(turns) {
  if (new Set(turns.map((turn) => turn.speaker)).size === 1) return turns.map((turn) => [turn.start, turn.end]);
  const done = [];
  let still = [];
  const endOf = (union) => Math.max(...union.ends.values());
  for (const turn of [...turns].sort((a, b) => a.start - b.start || a.end - b.end)) {
    done.push(...still.filter((union) => endOf(union) < turn.start));
    still = still.filter((union) => endOf(union) >= turn.start);
    const meets = (union) => [...union.ends].some(([label, end]) => label !== turn.speaker && end >= turn.start);
    const union = { start: turn.start, ends: new Map([[turn.speaker, turn.end]]) };
    for (const other of still.filter(meets)) {
      union.start = Math.min(union.start, other.start);
      for (const [label, end] of other.ends) union.ends.set(label, Math.max(end, union.ends.get(label) ?? end));
    }
    still = [...still.filter((other) => !meets(other)), union];
  }
  return [...done, ...still].map((union) => [union.start, endOf(union)]);
}

// Give words (a Set of numbers from 0) to somebody, who may be new; null is nobody. The turns follow.
export function reassign(doc, chosen, speaker) {
  // Who has words already may be called anything, as files of others have it.
  const name = speaker === null ? null : (called(speaker, everybody(doc)) ?? checkName(speaker));
  let number = 0;
  const segments = doc.segments.flatMap((segment) => {
    const first = number;
    number += segment.words.length;
    return given(segment, segment.words.map((_, i) => chosen.has(first + i)), name);
  });
  if (!doc.turns) return { ...doc, segments };
  const moves = movesOf(doc, chosen);
  const turns = moved(doc.turns, moves, name, false);
  return { ...doc, segments, turns, exclusive: moved(doc.exclusive, moves, name, true) };
}

function given(segment, picked, speaker) {
  if (!picked.some(Boolean)) return [segment];
  const words = segment.words.map((word, i) => (picked[i] ? wordRow({ ...word, speaker, attribution: BY_HAND }) : word));
  // A word that no join has seen does not go with its neighbour.
  const marked = words.map((word) => ({ ...word, attribution: word.attribution ?? BY_HAND }));
  let next = 0;
  return splitSegment({ ...segment, words: marked }).map((piece) =>
    segmentRow({ ...piece, words: piece.words.map(() => words[next++]) }),
  );
}

// Each run of chosen words of one speaker, with the room around it that the speaker's own words leave.
function movesOf(doc, chosen) {
  const own = new Map();
  doc.segments.flatMap((segment) => segment.words).forEach((word, number) => {
    const speaker = speakerOf(word);
    if (!own.has(speaker)) own.set(speaker, []);
    own.get(speaker).push([word, chosen.has(number)]);
  });
  const moves = [];
  for (const [speaker, said] of own) {
    let low = -Infinity;
    const runs = runsOf(said);
    runs.forEach(([picked, words], index) => {
      const times = reach(words);
      if (!times) return;
      const after = index + 1 < runs.length ? reach(runs[index + 1][1]) : null;
      if (picked) moves.push({ speaker, start: times[0], end: times[1], low, high: after ? after[0] : Infinity });
      else [, low] = times;
    });
  }
  return moves;
}

function runsOf(said) {
  const runs = [];
  for (const [word, picked] of said) {
    if (runs.length && runs[runs.length - 1][0] === picked) runs[runs.length - 1][1].push(word);
    else runs.push([picked, [word]]);
  }
  return runs;
}

function reach(words) {
  const timed = words.filter((word) => word.start !== null && word.end !== null);
  if (!timed.length) return null;
  return timed.reduce(([a, b], word) => [Math.min(a, word.start), Math.max(b, word.end)], [Infinity, -Infinity]);
}

function moved(turns, moves, speaker, alone) {
  let kept = [...turns];
  for (const move of moves) {
    if (move.speaker === speaker) continue;
    const met = kept.filter((t) => t.speaker === move.speaker && t.end > move.start && t.start < move.end);
    const taken = met.length ? met.map((turn) => takenOf(turn, move)) : [[move.start, move.end]];
    const losers = alone ? new Set(kept.map((turn) => turn.speaker)) : new Set([move.speaker]);
    if (alone) losers.delete(speaker);
    for (const [start, end] of taken) {
      kept = kept.flatMap((turn) => (losers.has(turn.speaker) ? without(turn, start, end) : [turn]));
      if (speaker !== null) kept = joined(kept, { start, end, speaker });
    }
  }
  return kept.sort(byTime);
}

// All of a turn, or up to halfway to the speaker's other words in it.
function takenOf(turn, move) {
  const start = move.low <= turn.start ? turn.start : Math.max(turn.start, (move.low + move.start) / 2);
  const end = move.high >= turn.end ? turn.end : Math.min(turn.end, (move.high + move.end) / 2);
  return [start, Math.max(start, end)];
}

function without(turn, start, end) {
  const parts = [
    [turn.start, Math.min(turn.end, start)],
    [Math.max(turn.start, end), turn.end],
  ];
  return parts.filter(([a, b]) => b > a).map(([a, b]) => ({ start: a, end: b, speaker: turn.speaker }));
}

function joined(turns, fresh) {
  let whole = fresh;
  const apart = [];
  for (const turn of turns) {
    if (turn.speaker === whole.speaker && turn.start <= whole.end && turn.end >= whole.start) {
      whole = { start: Math.min(turn.start, whole.start), end: Math.max(turn.end, whole.end), speaker: whole.speaker };
    } else apart.push(turn);
  }
  return [...apart, whole];
}
