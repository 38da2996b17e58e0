// Pauses and what is said at once, as exporters/marks.py marks them in texts: shown around words, and no part of them.

import { config } from "./config.js";
import { speakerOf } from "./segments.js";
import { upperBound } from "./text.js";

const IN_WORDS = 10; // seconds from which a pause is told in words
const COVERED = 0.5; // of a word: what another person talks through, so that it counts as said at once
const LEAST = 0.3; // what is said at once for less is how exactly times are known

// Number of a word -> what stands before and after it; empty where no marks were asked for.
export function marksOf(doc, model) {
  const marks = new Map();
  const of = (number) => marks.get(number) ?? marks.set(number, { before: "", after: "" }).get(number);
  if (config.marks?.overlaps) addSlashes(doc, model, of);
  if (config.marks?.pauses) addPauses(doc, model, of);
  return marks;
}

// Nobody speaks where nobody has a word or a turn; between two turns the mark stands at the end of the first.
function addPauses(doc, model, of) {
  const spoken = lengthOf(spansOf(doc.turns ?? []));
  const firsts = new Set(model.firsts);
  let heard = 0;
  for (const number of model.byTime.numbers) {
    const { start, end, space } = model.words[number];
    const silence = inMilliseconds(start - heard - spoken(heard, start));
    heard = Math.max(heard, end);
    if (silence < config.marks.pauses) continue;
    const gap = firsts.has(number) || space ? " " : "";
    if (number > 0) of(number - 1).after += gap + pause(silence);
    else of(0).before = `${pause(silence)} ${of(0).before}`;
  }
}

function pause(seconds) {
  const whole = Math.max(1, Math.floor(seconds + 0.5));
  if (whole < IN_WORDS) return `(${".".repeat(whole)})`;
  const [told, one, many] = config.marks.words;
  const minutes = Math.floor(whole / 60 + 0.5);
  return whole < 60 ? told.replace("{}", whole) : (minutes === 1 ? one : many).replace("{}", minutes);
}

function addSlashes(doc, model, of) {
  const words = (turn) => model.words.slice(turn.first, turn.last);
  const own = (turn) => words(turn).map((word) => ({ start: word.start, end: word.end, speaker: turn.speaker }));
  const turns = doc.turns?.length ? doc.turns : model.turns.flatMap(own);
  const known = new Map();
  for (const turn of model.turns) {
    const who = turn.speaker;
    if (who === null) continue;
    if (!known.has(who)) {
      const mine = spansOf(turns.filter((one) => one.speaker === who));
      const others = spansOf(turns.filter((one) => one.speaker !== who && speakerOf(one) !== null));
      known.set(who, lengthOf(common(mine, others)));
    }
    const atOnce = known.get(who);
    const covers = words(turn).map(({ start, end }) => [atOnce(start, end), end - start].map(inMilliseconds));
    const covered = covers.map(([both, whole]) => both > 0 && both >= COVERED * whole);
    for (let first = 0; first < covered.length; first += 1) {
      if (!covered[first]) continue;
      let last = first;
      while (covered[last + 1]) last += 1;
      const sum = covers.slice(first, last + 1).reduce((seconds, [both]) => seconds + both, 0);
      if (inMilliseconds(sum) >= LEAST) {
        of(turn.first + first).before = "//";
        of(turn.first + last).after = "//";
      }
      first = last;
    }
  }
}

// As times are told: what is added up is else a hair off.
function inMilliseconds(seconds) {
  return Math.round(1000 * seconds) / 1000;
}

// When anybody of some speaks, in order; where several do, it is one span.
function spansOf(turns) {
  const spans = [];
  for (const { start, end } of [...turns].sort((a, b) => a.start - b.start)) {
    const last = spans[spans.length - 1];
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else spans.push([start, end]);
  }
  return spans;
}

function common(some, others) {
  const found = [];
  for (let one = 0, other = 0; one < some.length && other < others.length; ) {
    const start = Math.max(some[one][0], others[other][0]);
    const end = Math.min(some[one][1], others[other][1]);
    if (start < end) found.push([start, end]);
    if (some[one][1] < others[other][1]) one += 1;
    else other += 1;
  }
  return found;
}

// A function of two moments: the seconds of the spans between them.
function lengthOf(spans) {
  const starts = spans.map(([start]) => start);
  const until = [0];
  for (const [start, end] of spans) until.push(until[until.length - 1] + end - start);
  const before = (moment) => {
    const number = upperBound(starts, moment);
    return number ? until[number] - Math.max(0, spans[number - 1][1] - moment) : 0;
  };
  return (start, end) => Math.max(0, before(end) - before(start));
}
