// What was said, as a person heard it: correct a stretch, or replace a phrase everywhere (fusion/editing/words.py).

import { opcodes } from "./matching.js";
import { segmentRow, speakerOf, textsOf, wordRow, wordsAt } from "./segments.js";
import { Refused } from "./speakers.js";
import { STRINGS, say } from "./strings.js";
import {
  ONE_OR_MORE_BLANKS,
  beginsBlank,
  endsBlank,
  firstOf,
  folded,
  isLetterOrDigit,
  isUnspaced,
  lastOf,
  leftStripped,
  lengthOf,
  oneLine,
  pieces,
  rightStripped,
  splitText,
  stripped,
  unspaced,
  upperBound,
} from "./text.js";

// Put another text in the words from `first` to before `last` (from 0); no text removes them.
export function correct(doc, first, last, text) {
  return put(doc, first, last, reworded(itemsOf(doc, first, last), checkText(text)));
}

export function replaced(doc, find, fresh) {
  const [wanted, text] = [checkText(find), checkText(fresh)];
  if (wanted === "") throw new Refused(STRINGS.nothingToFind);
  const source = pieces(wanted).map(escaped).join(ONE_OR_MORE_BLANKS);
  let [after, count] = [doc, 0];
  for (const [first, last] of runsOf(doc).reverse()) {
    // from the end, so that the numbers of words before stay true
    if (!new RegExp(source, "u").test(rough(doc, first, last))) continue;
    const items = itemsOf(doc, first, last);
    for (const found of foundIn(items, new RegExp(source, "gu"), text).reverse()) {
      count += found.times;
      const fresher = reworded(items.slice(found.first, found.last), oneLine(found.text));
      after = put(after, first + found.first, first + found.last, fresher);
    }
  }
  if (!count) throw new Refused(say("nobodySays", { text: wanted }));
  return after;
}

export function checkText(text) {
  const line = oneLine(text);
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/u.test(line)) throw new Refused(STRINGS.textInvisible);
  return line;
}

const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

// From change of speaker to change of speaker: [first, last) of words.
export function runsOf(doc) {
  const runs = [];
  let number = 0;
  let speaker;
  for (const segment of doc.segments) {
    for (const word of segment.words) {
      if (runs.length && speakerOf(word) === speaker) runs[runs.length - 1][1] += 1;
      else runs.push([number, number + 1]);
      speaker = speakerOf(word);
      number += 1;
    }
  }
  return runs;
}

const counted = new WeakMap();

// How many words stand before each segment.
export function wordsBefore(doc) {
  if (!counted.has(doc.segments)) {
    const counts = [0];
    for (const segment of doc.segments) counts.push(counts[counts.length - 1] + segment.words.length);
    counted.set(doc.segments, counts);
  }
  return counted.get(doc.segments);
}

// The segments that words touch: [number, first, last) of their own words.
function segmentsOf(doc, first, last) {
  const counts = wordsBefore(doc);
  const touched = [];
  for (let i = upperBound(counts, first) - 1; i < counts.length - 1; i += 1) {
    const [low, high] = [Math.max(first, counts[i]), Math.min(last, counts[i + 1])];
    if (low >= last) break;
    if (low < high) touched.push([i, low - counts[i], high - counts[i]]);
  }
  return touched;
}

const rough = (doc, first, last) => segmentsOf(doc, first, last).map(([i]) => doc.segments[i].text).join(" ");

function partsOf(doc, number) {
  const segment = doc.segments[number];
  const texts = textsOf(segment);
  return segment.words.map((word, i) => ({ text: texts[i], word, home: number }));
}

// Words with their parts of the segments' texts.
export function itemsOf(doc, first, last) {
  return segmentsOf(doc, first, last).flatMap(([number, from, to]) => partsOf(doc, number).slice(from, to));
}

// What the items say, with a space between segments that bring none; and where each begins.
export function glued(items) {
  let text = "";
  const begins = [];
  items.forEach((item, i) => {
    const meet = text && item.text && !endsBlank(text) && !beginsBlank(item.text);
    if (meet && !unspaced(lastOf(text), firstOf(item.text)) && items[i - 1].home !== item.home) text += " ";
    begins.push(text.length);
    text += item.text;
  });
  return [text, begins];
}

function foundIn(items, pattern, fresh) {
  const [text, begins] = glued(items);
  const ends = [...begins.slice(1), text.length];
  const spans = [...text.matchAll(pattern)]
    .map((match) => [match.index, match.index + match[0].length])
    .filter(([start, end]) => isWhole(text, start, end));
  const touched = spans.map(([start, end]) => [upperBound(begins, start) - 1, upperBound(begins, end - 1)]);
  const found = [];
  let index = 0;
  while (index < spans.length) {
    let [first, last] = touched[index];
    let [said, position, times] = ["", begins[first], 0];
    while (index < spans.length && touched[index][0] < last) {
      said += text.slice(position, spans[index][0]) + fresh;
      [, position] = spans[index];
      last = Math.max(last, touched[index][1]);
      times += 1;
      index += 1;
    }
    found.push({ first, last, text: said + text.slice(position, ends[last - 1]), times });
  }
  return found;
}

// Whether no letter or digit goes on at either end, in scripts that put spaces between words.
function isWhole(text, start, end) {
  const edges = [
    [lastOf(text.slice(0, start)), firstOf(text.slice(start))],
    [lastOf(text.slice(0, end)), firstOf(text.slice(end))],
  ];
  return !edges.some((edge) => edge.every((c) => c && isLetterOrDigit(c) && !isUnspaced(c)));
}

// Words for `text`, each as much as can be the old one that says the same.
function reworded(old, text) {
  const before = old.map((item) => keyOf(item.text));
  const tokens = regrouped(splitText(text), new Set(before));
  const fresh = [];
  for (const [tag, first, last, begin, end] of opcodes(before, tokens.map(keyOf))) {
    if (tag === "equal") {
      const kept = old.slice(first, last);
      kept.forEach((item, i) => fresh.push({ ...item, text: tokens[begin + i], word: { ...item.word, edited: true } }));
    } else freshItems(old, first, last, tokens.slice(begin, end)).forEach((item) => fresh.push(item));
  }
  return spaced(old, fresh);
}

// What makes two words the same: letters and digits, or the marks where there are none.
function keyOf(text) {
  return Array.from(folded(text)).filter(isLetterOrDigit).join("") || stripped(text);
}

// The tokens, put together where together they are a known word, as in scripts without spaces.
function regrouped(tokens, known) {
  const longest = [...known].reduce((most, word) => Math.max(most, lengthOf(word)), known.size ? 0 : 1);
  const out = [];
  let index = 0;
  while (index < tokens.length) {
    let end = Math.max(index + 1, Math.min(tokens.length, index + longest));
    for (; end > index + 1; end -= 1) {
      const word = tokens.slice(index, end).join("");
      if (known.has(keyOf(word)) && pieces(word).length === 1) break;
    }
    out.push(tokens.slice(index, end).join(""));
    index = end;
  }
  return out;
}

// Words that stand where the old ones from `first` to before `last` stood, if any did, in their time.
function freshItems(old, first, last, tokens) {
  const like = old[first < last ? first : Math.max(first - 1, 0)];
  const [start, end] = room(old, first, last);
  const told = { ...like.word, edited: true, probability: null, timing: "estimated" };
  return wordsAt(tokens, start, end).map((word) => ({ text: word.word, word: { ...told, ...word }, home: like.home }));
}

function room(old, first, last) {
  const some = (times) => times.find((time) => time !== null);
  const starts = [...old.slice(first, last), ...old.slice(last)].map((item) => item.word.start);
  const ends = [...old.slice(0, first), ...old.slice(first, last)].map((item) => item.word.end).reverse();
  const known = old.flatMap((item) => [item.word.start, item.word.end]).filter((time) => time !== null);
  if (!known.length) known.push(0);
  let start;
  let end;
  if (first < last) {
    start = some(starts) ?? known[known.length - 1];
    end = some(ends) ?? start;
  } else {
    start = some(ends) ?? known[0];
    end = some(starts) ?? start;
  }
  return [start, Math.max(start, end)];
}

// The new items with the spaces that their segments had around the old ones, and as their words bring them.
function spaced(old, fresh) {
  const brings = old.some((item) => beginsBlank(item.word.word));
  const out = [];
  let index = 0;
  while (index < fresh.length) {
    const { home } = fresh[index];
    let end = index;
    while (end < fresh.length && fresh[end].home === home) end += 1;
    const was = old.filter((item) => item.home === home).map((item) => item.text).join("");
    const texts = fresh.slice(index, end).map((item) => item.text);
    texts[0] = was.slice(0, was.length - leftStripped(was).length) + leftStripped(texts[0]);
    texts.push(rightStripped(texts.pop()) + was.slice(rightStripped(was).length));
    texts.forEach((text, i) => {
      const word = wordRow({ ...fresh[index + i].word, word: brings ? rightStripped(text) : stripped(text) });
      out.push({ text, word, home });
    });
    index = end;
  }
  return out;
}

// The items in place of the words that stand there; a segment that has no word left is gone.
function put(doc, first, last, fresh) {
  const segments = [...doc.segments];
  for (const [number, from, to] of segmentsOf(doc, first, last)) {
    const whole = partsOf(doc, number);
    const items = [...whole.slice(0, from), ...fresh.filter((item) => item.home === number), ...whole.slice(to)];
    const text = items.map((item) => item.text).join("");
    const words = items.map((item) => item.word);
    segments[number] = words.length ? segmentRow({ ...segments[number], text, words }) : null;
  }
  return { ...doc, segments: segments.filter((segment) => segment !== null) };
}

