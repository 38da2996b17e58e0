// Which words lie where in a segment's text, and cutting it between them: fusion/text/placing.py, line by line.

import { boundaries, isBlank, isLetterOrDigit, lengthOf, lowerBound, nextCut, stripped } from "./text.js";

const REACH = 32; // so many characters may lie unclaimed before a word
const FAR_REACH = 2000; // and so many more after words that were not found

export function locate(text, words) {
  const lower = text.toLowerCase();
  const plain = lower.length === text.length ? lower : text;
  const found = [];
  let [cursor, unclaimed] = [0, 0];
  for (const word of words) {
    const span = find(text, plain, stripped(word), cursor, unclaimed);
    found.push(span);
    unclaimed = span ? 0 : unclaimed + word.length;
    if (span) cursor = span[1];
  }
  return filled(text, words, found);
}

// The part of the words that stands in the text in their order.
export function shareFound(text, words) {
  const bare = words.map((word) => stripped(word).toLowerCase());
  const spans = locate(text, words);
  const found = spans.filter(([a, b], i) => text.slice(a, b).toLowerCase() === bare[i]).length;
  return bare.length ? found / bare.length : 1;
}

function find(text, plain, word, cursor, unclaimed) {
  const room = REACH + Math.min(2 * unclaimed, FAR_REACH);
  const start = cursor + Math.max(0, unclaimed - room);
  const stop = cursor + unclaimed + room + word.length;
  let at = first(text, word, start, stop, unclaimed > 0);
  if (at < 0) at = first(plain, word.toLowerCase(), start, stop, unclaimed > 0);
  return at < 0 ? null : [at, at + word.length];
}

function findWithin(text, word, start, stop) {
  if (start > text.length) return -1; // where indexOf would clip, and find an empty word
  const at = text.slice(start, Math.max(start, stop)).indexOf(word);
  return at < 0 ? -1 : start + at;
}

function first(text, word, start, stop, whole) {
  const nearest = findWithin(text, word, start, stop);
  let at = nearest;
  while (whole && word && at >= 0) {
    if (!insideWord(text, at) && !insideWord(text, at + word.length)) return at;
    at = findWithin(text, word, at + 1, stop);
  }
  return nearest;
}

function insideWord(text, offset) {
  return offset > 0 && offset < text.length && isLetterOrDigit(text[offset - 1]) && isLetterOrDigit(text[offset]);
}

function filled(text, words, found) {
  const spans = [];
  let places = null;
  let index = 0;
  while (index < found.length) {
    if (found[index]) {
      spans.push(found[index]);
      index += 1;
      continue;
    }
    let stop = index;
    while (stop < found.length && !found[stop]) stop += 1;
    const low = spans.length ? spans[spans.length - 1][1] : 0;
    const high = stop < found.length ? found[stop][0] : text.length;
    places ??= boundaries(text);
    const lengths = words.slice(index, stop).map((w) => lengthOf(stripped(w)) + 1);
    divided(text, places, low, high, lengths).forEach((span) => spans.push(span));
    index = stop;
  }
  return spans;
}

function divided(text, places, low, high, weights) {
  const spaces = [];
  for (let i = low; i < high; i += 1) if (isBlank(text[i])) spaces.push(i);
  const cuts = [low];
  const total = weights.reduce((sum, w) => sum + w, 0);
  let reached = 0;
  for (const w of weights.slice(0, -1)) {
    reached += w;
    const ideal = low + ((high - low) * reached) / total;
    const after = lowerBound(spaces, ideal);
    const near = spaces.slice(Math.max(0, after - 1), after + 1);
    const best = near.reduce((a, b) => (a === null || Math.abs(b - ideal) < Math.abs(a - ideal) ? b : a), null);
    cuts.push(Math.min(high, nextCut(places, Math.max(cuts[cuts.length - 1], best ?? rounded(ideal)))));
  }
  cuts.push(high);
  return weights.map((_, i) => [cuts[i], cuts[i + 1]]);
}

// As Python rounds: a half to the even neighbour.
function rounded(number) {
  const low = Math.floor(number);
  if (number - low !== 0.5) return Math.round(number);
  return low % 2 === 0 ? low : low + 1;
}

// `text` cut before the words numbered `firsts`; the pieces put together are `text`.
export function carve(text, words, firsts) {
  const spans = locate(text, words);
  const places = boundaries(text);
  const cuts = [0];
  for (const number of firsts) {
    const cut = between(text, spans[number - 1][1], spans[number][0]);
    cuts.push(nextCut(places, Math.max(cuts[cuts.length - 1], cut)));
  }
  cuts.push(text.length);
  return cuts.slice(1).map((end, i) => text.slice(cuts[i], end));
}

function between(text, low, high) {
  for (let i = low; i < high; i += 1) if (isBlank(text[i])) return i;
  return high;
}
