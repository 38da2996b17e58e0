// What is shown of a document: turns of words, doubtful places, talk time. Made anew after every edit.

import { config } from "./config.js";
import { speakerOf, textsOf, worded } from "./segments.js";
import { beginsBlank, compareTexts, endsBlank, firstOf, lastOf, stripped, unspaced, upperBound } from "./text.js";

const PAUSE = 2.5; // seconds of silence that begin a new paragraph
const TOGETHER = 0.1; // speech that overlaps by less is one after the other
const LONG = 120; // words after which a monologue may be broken at the end of a sentence
const UNMARKED = 360; // the same at the end of a line, where a recogniser writes no marks
const LONGEST = 1000; // and anywhere: a browser takes many times as long for twice as long a paragraph
const SENTENCE_END = /[.!?…。！？؟।]["'”’»)\]]*$/;

// `breaks`: start of a word -> whether a person split ("split") or joined ("join") the turn there.
export function modelOf(doc, breaks) {
  const { words, turns } = inOrder(wordsOf(worded(doc)), breaks);
  return { words, turns, firsts: turns.map((turn) => turn.first), byTime: byTime(words), doubts: doubtsOf(words) };
}

// The words in the order in which they are shown, which is that of their turns by time: the lines of a document may
// come in any order. Only edits are about the document's own numbers.
function inOrder(given, breaks) {
  const before = turnsOf(given, breaks);
  const sorted = [...before].sort((a, b) => a.start - b.start || a.first - b.first);
  if (sorted.every((turn, i) => turn === before[i])) return { words: given, turns: before };
  const [words, turns] = [[], []];
  for (const turn of sorted) {
    const first = words.length;
    const said = given.slice(turn.first, turn.last);
    said.forEach((word, i) => words.push(i ? word : { ...word, space: first > 0 }));
    turns.push({ ...turn, first, last: words.length });
  }
  return { words, turns };
}

// The numbers in the document of the words from `first` to before `last`.
export const documentNumbers = (model, first, last) => model.words.slice(first, last).map((word) => word.number);

// All words: text as it stands in the segment, whether a space comes before it, and a time even where none is known;
// `begins` is whether it is the first of its segment.
function wordsOf(doc) {
  const words = [];
  for (const segment of doc.segments) {
    const texts = textsOf(segment);
    let time = segment.start;
    segment.words.forEach((row, i) => {
      const before = words[words.length - 1];
      const text = stripped(texts[i]);
      const open = before && (beginsBlank(texts[i]) || before.open || (i === 0 && !tight(before.text, text)));
      const start = row.start ?? time;
      time = row.end ?? start;
      const [number, begins, end] = [words.length, i === 0, Math.max(time, start)];
      words.push({ row, number, begins, text, space: Boolean(open), open: endsBlank(texts[i]), start, end });
    });
  }
  return words;
}

const tight = (before, after) => before === "" || after === "" || unspaced(lastOf(before), firstOf(after));

function turnsOf(words, breaks) {
  const turns = [];
  words.forEach((word, number) => {
    const turn = turns[turns.length - 1];
    if (turn && goesOn(turn, word, words[number - 1], breaks)) {
      turn.last = number + 1;
      turn.end = Math.max(turn.end, word.end);
    } else {
      turns.push({ first: number, last: number + 1, speaker: speakerOf(word.row), start: word.start, end: word.end });
    }
  });
  return turns;
}

function goesOn(turn, word, before, breaks) {
  if (speakerOf(word.row) !== turn.speaker) return false;
  const asked = breaks.get(word.start);
  if (asked) return asked === "join";
  if (word.start - before.end > PAUSE) return false;
  // A line that begins before what was said is over stands by itself (fusion/cues/passages.py).
  if (word.begins && word.start < Math.max(before.start, turn.end - TOGETHER)) return false;
  const count = turn.last - turn.first;
  if (count >= LONG && SENTENCE_END.test(before.text)) return false;
  return count < UNMARKED || (count < LONGEST && !word.begins);
}

// Numbers of words by their start, for the word that is being said.
function byTime(words) {
  const numbers = words.map((_, number) => number).sort((a, b) => words[a].start - words[b].start || a - b);
  return { numbers, starts: numbers.map((number) => words[number].start) };
}

// The word that is said at a time; the latest that has begun, -1 before the first.
export function wordAt(model, time) {
  const index = upperBound(model.byTime.starts, time) - 1;
  return index < 0 ? -1 : model.byTime.numbers[index];
}

export const turnIndexOf = (model, number) => upperBound(model.firsts, number) - 1;

export function isDoubtful(word) {
  const why = word.row.attribution;
  return Boolean(why) && why.reason !== "edited" && why.confidence < config.sure;
}

// Words in doubt of one speaker that stand together are one place, from `first` to before `last`; in the order of the
// text. The same places as of `transcribe review` (fusion/editing/review.py).
function doubtsOf(words) {
  const places = [];
  let open = null;
  words.forEach((word, n) => {
    const speaker = speakerOf(word.row);
    if (!isDoubtful(word)) open = null;
    else if (open?.speaker === speaker) open.last = n + 1;
    else places.push((open = { first: n, last: n + 1, speaker }));
  });
  for (const place of places) {
    const said = words.slice(place.first, place.last);
    place.start = said[0].start;
    place.end = said.reduce((end, word) => Math.max(end, word.end), said[0].end);
    const sure = said.map((word) => word.row.attribution.confidence);
    place.least = place.first + sure.indexOf(sure.reduce((least, one) => Math.min(least, one)));
    place.wrong = sure.reduce((sum, confidence) => sum + 1 - confidence, 0);
  }
  return places;
}

// The place with the most words that are probably wrong comes first.
export const worstFirst = (places) => [...places].sort((a, b) => b.wrong - a.wrong || a.first - b.first);

export function textOf(model, first, last) {
  return model.words
    .slice(first, last)
    .map((word, i) => (i && word.space ? " " : "") + word.text)
    .join("");
}

// When who speaks: the diarizer's turns, which may overlap; without them, the turns of words.
export function speechOf(doc, model) {
  return doc.turns ?? model.turns.filter((turn) => turn.speaker !== null && turn.end > turn.start);
}

// speaker -> {seconds, turns}; seconds that overlap count for everybody who speaks.
export function talkOf(doc, model) {
  const talk = new Map();
  const of = (speaker) => talk.get(speaker) ?? talk.set(speaker, { seconds: 0, turns: 0 }).get(speaker);
  for (const turn of speechOf(doc, model)) of(turn.speaker).seconds += turn.end - turn.start;
  for (const turn of model.turns) if (turn.speaker !== null) of(turn.speaker).turns += 1;
  return talk;
}

// The speakers in the order in which they keep letter, colour and digit: as before, then new ones by first word.
export function orderOf(before, doc, model) {
  const seen = [...speechOf(doc, model), ...model.turns]
    .filter((turn) => turn.speaker !== null)
    .sort((a, b) => a.start - b.start || compareTexts(a.speaker, b.speaker))
    .map((turn) => turn.speaker);
  const present = new Set(seen);
  return [...new Set([...before.filter((name) => present.has(name)), ...seen])];
}

// 0:07, 12:03 or 1:02:03.
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-6));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
