// What Python's str and diarfuse.fusion.text do, done here: an edit must give the same words in both.

const BLANK = "\\u0009-\\u000d\\u001c-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACES = new RegExp(`[${BLANK}]+`, "u");
const LEADING = new RegExp(`^[${BLANK}]+`, "u");
const TRAILING = new RegExp(`[${BLANK}]+$`, "u");

export const ONE_OR_MORE_BLANKS = `[${BLANK}]+`;

// Scripts that write no spaces between words: fusion/text/scripts.py has the names, and a test holds the two together.
const UNSPACED =
  /^[\u{e00}-\u{109f}\u{1780}-\u{17ff}\u{1950}-\u{19ff}\u{1a20}-\u{1aaf}\u{2e80}-\u{2fff}\u{3005}-\u{3007}\u{3021}-\u{3029}\u{3031}-\u{3035}\u{3038}-\u{303c}\u{3040}-\u{312f}\u{31a0}-\u{31ff}\u{3400}-\u{4dbf}\u{4e00}-\u{9fff}\u{a9e0}-\u{a9ff}\u{aa60}-\u{aadf}\u{f900}-\u{faff}\u{ff66}-\u{ff9f}\u{116d0}-\u{116ff}\u{1aff0}-\u{1b16f}\u{20000}-\u{3ffff}]/u;

// Full-width marks, which bring their own room.
const WIDE_MARK =
  /^[\u{2329}-\u{232a}\u{3001}-\u{3003}\u{3008}-\u{3011}\u{3014}-\u{301f}\u{3030}\u{303d}\u{30a0}\u{30fb}\u{fe10}-\u{fe19}\u{fe30}-\u{fe52}\u{fe54}-\u{fe61}\u{fe63}\u{fe68}\u{fe6a}-\u{fe6b}\u{ff01}-\u{ff03}\u{ff05}-\u{ff0a}\u{ff0c}-\u{ff0f}\u{ff1a}-\u{ff1b}\u{ff1f}-\u{ff20}\u{ff3b}-\u{ff3d}\u{ff3f}\u{ff5b}\u{ff5d}\u{ff5f}-\u{ff60}\u{16fe2}]/u;

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export const stripped = (text) => text.replace(LEADING, "").replace(TRAILING, "");
export const leftStripped = (text) => text.replace(LEADING, "");
export const rightStripped = (text) => text.replace(TRAILING, "");
export const isBlank = (text) => text !== "" && stripped(text) === "";
export const pieces = (text) => (stripped(text) === "" ? [] : stripped(text).split(SPACES));
export const oneLine = (text) => pieces(text).join(" ");
export const beginsBlank = (text) => LEADING.test(text);
export const endsBlank = (text) => TRAILING.test(text);
export const firstOf = (text) => (text === "" ? "" : String.fromCodePoint(text.codePointAt(0)));
export const lastOf = (text) => Array.from(text.slice(-2)).pop() ?? "";
export const lengthOf = (text) => Array.from(text).length;
export const isLetterOrDigit = (character) => /^[\p{L}\p{N}]$/u.test(character);
export const isUnspaced = (character) => UNSPACED.test(character);
export const unspaced = (left, right) => [left, right].some((c) => isUnspaced(c) || WIDE_MARK.test(c));

// Letters without their case, one by one, so that it does not matter what stands beside them; the dotless i has none.
export const folded = (text) =>
  Array.from(text, (c) => (c === "\u0131" ? c : c.toUpperCase().toLowerCase())).join("");

export const graphemes = (text) => Array.from(SEGMENTER.segment(text), (part) => part.segment);

// Every offset where cutting leaves all visible characters whole, both ends included.
export function boundaries(text) {
  const places = [0];
  for (const cluster of graphemes(text)) places.push(places[places.length - 1] + cluster.length);
  return places;
}

export function nextCut(places, offset) {
  return places[Math.min(lowerBound(places, offset), places.length - 1)];
}

export function lowerBound(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function upperBound(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Sorted as Python sorts texts: by code points, not by halves of them.
export function compareTexts(one, other) {
  const [a, b] = [Array.from(one), Array.from(other)];
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    if (a[i] !== b[i]) return a[i].codePointAt(0) - b[i].codePointAt(0);
  }
  return a.length - b.length;
}

function opens(text) {
  const mark = stripped(text);
  return lengthOf(mark) === 1 && /^[\p{Ps}\p{Pi}¿¡]$/u.test(mark);
}

function beginsWord(before, cluster) {
  const word = leftStripped(before);
  if (word === "" || isBlank(cluster)) return word !== "";
  const belongs = opens(word) || (!opens(cluster) && /^[\p{M}\p{P}\p{C}]+$/u.test(cluster));
  return !belongs && (isUnspaced(firstOf(word)) || unspaced(lastOf(word), firstOf(cluster)));
}

// A line cut into its words: spaces lead their word, marks follow it (fusion/text/splitting.py).
export function splitText(text) {
  const found = [];
  for (const cluster of graphemes(text)) {
    if (found.length && !beginsWord(found[found.length - 1], cluster)) found[found.length - 1] += cluster;
    else found.push(cluster);
  }
  if (found.length > 1 && isBlank(found[found.length - 1])) {
    const tail = found.pop();
    found[found.length - 1] += tail;
  }
  return found;
}

// How long a piece probably takes to say, in letters.
export const weight = (piece) => Math.max(1, Array.from(piece).filter(isLetterOrDigit).length);
