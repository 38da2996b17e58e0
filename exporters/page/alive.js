// A connection to the program behind the page, which ends when it has none: a hidden page's timers sleep, its
// connections do not. One tab holds it for all, since a browser has six to a host; the next takes it over.

const TRIES = 5;
const PAUSE = 400; // milliseconds: all tries are made before the program takes the page for closed

// A computer that slept, or has another network now, has cut its connections, and the program is there all the same.
async function stay() {
  for (let left = TRIES; left > 0; left -= 1) {
    try {
      const stream = (await fetch("alive")).body.getReader();
      left = TRIES;
      for (;;) if ((await stream.read()).done) return;
    } catch {
      await new Promise((done) => setTimeout(done, PAUSE));
    }
  }
}

// Until the program has ended.
export async function untilGone() {
  try {
    await (navigator.locks ? navigator.locks.request("alive", stay) : stay());
  } catch {
    // the same as an end
  }
}
