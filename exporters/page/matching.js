// Which of the old words the new ones are: Python's difflib.SequenceMatcher without its junk, so that both agree.

// [tag, firstOld, lastOld, firstNew, lastNew] of stretches that are "equal" or not.
export function opcodes(old, fresh) {
  const codes = [];
  let [i, j] = [0, 0];
  for (const [a, b, size] of matchingBlocks(old, fresh)) {
    if (i < a || j < b) codes.push(["other", i, a, j, b]);
    if (size) codes.push(["equal", a, a + size, b, b + size]);
    [i, j] = [a + size, b + size];
  }
  return codes;
}

function matchingBlocks(old, fresh) {
  const places = new Map();
  fresh.forEach((item, index) => places.set(item, [...(places.get(item) ?? []), index]));
  const queue = [[0, old.length, 0, fresh.length]];
  const blocks = [];
  while (queue.length) {
    const [aLow, aHigh, bLow, bHigh] = queue.pop();
    const [a, b, size] = longest(old, fresh, places, aLow, aHigh, bLow, bHigh);
    if (!size) continue;
    blocks.push([a, b, size]);
    if (aLow < a && bLow < b) queue.push([aLow, a, bLow, b]);
    if (a + size < aHigh && b + size < bHigh) queue.push([a + size, aHigh, b + size, bHigh]);
  }
  blocks.sort((x, y) => x[0] - y[0] || x[1] - y[1]);
  return [...joinedBlocks(blocks), [old.length, fresh.length, 0]];
}

function joinedBlocks(blocks) {
  const out = [];
  for (const [a, b, size] of blocks) {
    const last = out[out.length - 1];
    if (last && last[0] + last[2] === a && last[1] + last[2] === b) last[2] += size;
    else out.push([a, b, size]);
  }
  return out;
}

function longest(old, fresh, places, aLow, aHigh, bLow, bHigh) {
  let best = [aLow, bLow, 0];
  let lengths = new Map();
  for (let i = aLow; i < aHigh; i += 1) {
    const next = new Map();
    for (const j of places.get(old[i]) ?? []) {
      if (j < bLow) continue;
      if (j >= bHigh) break;
      const size = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best[2]) best = [i - size + 1, j - size + 1, size];
    }
    lengths = next;
  }
  return best;
}
