// Words and segments as a saved document has them (docs/formats.md): rows that are never changed, only replaced.

import { carve, shareFound } from "./placing.js";
import { isBlank, splitText, weight } from "./text.js";

export const BY_HAND = { reason: "edited", confidence: 1, others: [], detail: "" };

// A word's row with its keys in the order and number in which Python writes them.
export function wordRow(word) {
  const row = {
    start: word.start,
    end: word.end,
    word: word.word,
    probability: word.probability ?? null,
    timing: word.timing,
  };
  if (word.attribution || (word.speaker ?? null) !== null) row.speaker = word.speaker ?? null;
  if (word.attribution) row.attribution = word.attribution;
  if (word.edited) row.edited = true;
  return row;
}

export function segmentRow({ start, end, speaker, text, words }) {
  return (speaker ?? null) === null ? { start, end, text, words } : { start, end, speaker, text, words };
}

export const speakerOf = (row) => row.speaker ?? null;

// Words that share the time from start to end in proportion to their letters (fusion/estimating.py).
export function wordsAt(texts, start, end) {
  const gap = Math.max(end - start, 0);
  const edges = [0];
  for (const text of texts) edges.push(edges[edges.length - 1] + weight(text));
  const at = edges.map((edge) => (gap * edge) / edges[edges.length - 1]);
  return texts.map((text, i) => ({ start: start + at[i], end: Math.min(start + at[i + 1], end), word: text }));
}

// The same document with guessed words in segments that have none, so that a part of them can be named.
export function worded(doc) {
  const bare = (segment) => !segment.words.length && segment.text !== "" && !isBlank(segment.text);
  if (!doc.segments.some(bare)) return doc;
  return { ...doc, segments: doc.segments.map((s) => (s.words.length ? s : withWords(s))) };
}

function withWords(segment) {
  const words = wordsAt(splitText(segment.text), segment.start, segment.end);
  return segmentRow({ ...segment, words: words.map((word) => wordRow({ ...word, timing: "estimated" })) });
}

const carved = new WeakMap(); // segments are never changed, so what was carved stays true

// The parts of a segment's text that belong to its words.
export function textsOf(segment) {
  if (!carved.has(segment)) {
    const firsts = segment.words.slice(1).map((_, i) => i + 1);
    carved.set(segment, carve(segment.text, segment.words.map((word) => word.word), firsts));
  }
  return carved.get(segment);
}

const SAME_WORDS = 0.5; // a line is cut only where its text holds at least this part of its words

// A segment whose words have several speakers -> one for each run of one speaker (fusion/cues: split_segments).
export function splitSegment(segment) {
  if (!segment.words.length) return [segment];
  const [firsts, speakers] = speakerRuns(segment.words.map(owner));
  const texts = segment.words.map((word) => word.word);
  if (firsts.length > 1 && shareFound(segment.text, texts) < SAME_WORDS) {
    return [segmentRow({ ...segment, speaker: mainSpeaker(segment.words) })];
  }
  const groups = firsts.map((first, i) => segment.words.slice(first, firsts[i + 1]));
  const parts = carve(segment.text, texts, firsts.slice(1));
  const spans = pieceTimes(segment, groups);
  return groups.map((words, i) =>
    segmentRow({ start: spans[i][0], end: spans[i][1], speaker: speakers[i] || null, text: parts[i], words }),
  );
}

// Whose a word is; what a person gave to nobody is a run of its own, empty.
function owner(word) {
  return speakerOf(word) === null && word.attribution?.reason === "edited" ? "" : speakerOf(word);
}

function speakerRuns(owners) {
  const [firsts, runs] = [[0], [owners[0]]];
  owners.forEach((speaker, index) => {
    if (speaker === null || speaker === runs[runs.length - 1]) return;
    if (runs[runs.length - 1] === null) runs[runs.length - 1] = speaker;
    else {
      firsts.push(index);
      runs.push(speaker);
    }
  });
  return [firsts, runs];
}

function mainSpeaker(words) {
  const time = new Map();
  for (const word of words) {
    if (speakerOf(word) === null) continue;
    const known = word.start !== null && word.end !== null;
    time.set(word.speaker, (time.get(word.speaker) ?? 0) + (known ? Math.max(0, word.end - word.start) : 0));
  }
  let best = null;
  for (const [speaker, seconds] of time) if (best === null || seconds > time.get(best)) best = speaker;
  return best;
}

// Each piece runs from its first word to its last, the outer edges from the segment.
function pieceTimes(segment, groups) {
  const [starts, ends] = [[segment.start], []];
  for (let i = 0; i + 1 < groups.length; i += 1) {
    const last = starts[starts.length - 1];
    const said = groups[i].findLast((word) => word.end !== null)?.end ?? null;
    const begun = groups[i + 1].find((word) => word.start !== null)?.start ?? null;
    const end = said ?? begun ?? last;
    const limit = Math.max(segment.end, last);
    const start = Math.min(Math.max(last, begun ?? end), limit);
    ends.push(Math.min(Math.max(end, last), start));
    starts.push(start);
  }
  ends.push(Math.max(segment.end, starts[starts.length - 1]));
  return starts.map((start, i) => [start, ends[i]]);
}
