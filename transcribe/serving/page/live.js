// The microphone's sound goes out, events come back.

import { Captions } from "./captions.js";

const [begin, hold, end, state] = ["begin", "hold", "end", "state"].map((id) => document.getElementById(id));
const MOST_WAITING = 1 << 20; // bytes: ten seconds of 48 kHz
const GONE = "The server cannot be reached.";
const STILL_HERE = 20000; // milliseconds between two signs of life in a pause
const REFUSED = {
  NotAllowedError: "The browser may not use the microphone: allow it.",
  NotFoundError: "There is no microphone: connect one.",
  NotReadableError: "The microphone cannot be heard: another program may be using it.",
};
const say = (sentence) => (state.textContent = sentence);
const log = document.getElementById("captions");
let session;

async function start() {
  begin.disabled = true;
  try {
    session = await connect(await listen());
    show(true);
    say("Recording.");
  } catch (error) {
    say(REFUSED[error.name] ?? error.message);
    show(false);
  }
}

async function listen() {
  const sound = { echoCancellation: false, noiseSuppression: false, autoGainControl: true };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: sound });
  let context = new AudioContext();
  try {
    if (context.sampleRate > 48000) {
      await context.close();
      context = new AudioContext({ sampleRate: 48000 });
    }
    await context.audioWorklet.addModule("/live/blocks.js");
    const blocks = new AudioWorkletNode(context, "blocks", { numberOfOutputs: 0 });
    context.createMediaStreamSource(stream).connect(blocks);
    return { stream, context, blocks };
  } catch (error) {
    close({ stream, context }); // a microphone that nobody hears is not left on
    throw error.name === "AbortError" ? new Error(GONE) : error;
  }
}

function connect(source) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/v1/realtime`);
    const captions = new Captions(log, document.getElementById("now"));
    socket.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      if (event.type === "session.created") resolve(begun({ ...source, socket }));
      if (event.type === "error") {
        source.failed = event.error.message;
        if (session?.ending) socket.close();
      }
      captions.hear(event);
    };
    socket.onclose = () => {
      reject(new Error(source.failed ?? GONE));
      over(source);
    };
  });
}

function begun(session) {
  const { socket, context, blocks } = session;
  const rate = context.sampleRate;
  let told = 0;
  const greet = () => {
    told = Date.now();
    socket.send(JSON.stringify({ type: "session.update", session: { rate } }));
  };
  log.replaceChildren();
  greet();
  blocks.port.onmessage = ({ data }) => {
    if (session.ending || socket.readyState !== WebSocket.OPEN) return;
    if (session.held && Date.now() - told < STILL_HERE) return;
    if (session.held) greet(); // timers of a page that nobody sees sleep; its sound does not
    else if (socket.bufferedAmount < MOST_WAITING) {
      socket.send(data);
      session.heard = true;
    } else stop("The server cannot keep up, so the recording ends here: the last words are being heard.");
  };
  session.stream.getAudioTracks()[0].onended = () => stop("The microphone stopped: the last words are being heard.");
  return session;
}

function stop(why = "The last words are being heard.") {
  if (!session || session.ending) return;
  session.ending = session.held = true;
  close(session);
  hold.hidden = end.hidden = true;
  say(why);
  if (session.heard) session.socket.send(JSON.stringify({ type: "input_audio_buffer.commit" }));
  else session.socket.close(); // there is nothing to conclude
}

function toggle() {
  session.held = !session.held;
  hold.setAttribute("aria-pressed", String(session.held));
  say(session.held ? "Paused: nothing is heard." : "Recording.");
}

function close({ stream, context }) {
  for (const track of stream.getTracks()) track.stop();
  if (context.state !== "closed") context.close();
}

function over(source) {
  close(source);
  show(false);
  say(source.failed ?? "The recording is over.");
  session = undefined;
}

// The keyboard stays where it was; a button that goes away gives it to the one that comes.
function show(recording) {
  const lost = [document.body, begin, hold, end].includes(document.activeElement);
  begin.hidden = recording;
  hold.hidden = end.hidden = !recording;
  hold.setAttribute("aria-pressed", "false");
  begin.disabled = false;
  if (lost) (recording ? hold : begin).focus();
}

begin.addEventListener("click", start);
hold.addEventListener("click", toggle);
end.addEventListener("click", () => stop());
document.documentElement.dataset.ready = "yes";
