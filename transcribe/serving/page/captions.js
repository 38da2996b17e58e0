// Who said what so far, from the server's events; and where it is shown, only what changed drawn anew.

import { badge } from "./colours.js";

const TEXT = "conversation.item.input_audio_transcription";

export class Captions {
  constructor(log, now) {
    Object.assign(this, { log, now, words: [], turns: new Map(), final: [], drawn: [] });
  }

  hear(event) {
    const kind = event.type.replace("diarization.", "");
    if (kind === "word.said") this.words[event.word] = { text: event.text, speaker: event.speaker };
    else if (kind === "word.revised") this.words[event.word].speaker = event.speaker;
    else if (kind.startsWith("turn.")) this.turn(kind, event);
    else if (kind === "speakers.merged") this.merge(event);
    else if (event.type === `${TEXT}.segment`) this.final.push({ text: ` ${event.text}`, speaker: event.speaker });
    else if (event.type === `${TEXT}.completed`) this.words = this.final;
    else if (kind === "done") this.turns.clear();
    else return;
    this.due ??= requestAnimationFrame(() => this.draw());
  }

  turn(kind, event) {
    const turn = { ...this.turns.get(event.turn), ...event };
    if (kind === "turn.ended" || turn.end <= turn.start) this.turns.delete(event.turn);
    else this.turns.set(event.turn, turn);
  }

  merge({ gone, into }) {
    for (const each of [...this.words, ...this.turns.values()]) if (each?.speaker === gone) each.speaker = into;
  }

  // Paragraphs: runs of words of one speaker.
  paragraphs() {
    const found = [];
    for (const { text, speaker } of this.words.filter(Boolean)) {
      if (found.at(-1)?.speaker === speaker) found.at(-1).text += /^\s/.test(text) ? text : ` ${text}`;
      else found.push({ speaker, text });
    }
    return found;
  }

  draw() {
    this.due = undefined;
    const wanted = this.paragraphs();
    const follows = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 40;
    const same = wanted.findIndex((each, place) => JSON.stringify(each) !== this.drawn[place]);
    const from = same < 0 ? wanted.length : same;
    while (this.log.children.length > from) this.log.lastElementChild.remove();
    this.log.append(...wanted.slice(from).map(paragraph));
    this.drawn = wanted.map((each) => JSON.stringify(each));
    if (follows) this.log.scrollTop = this.log.scrollHeight;
    const speaking = new Set([...this.turns.values()].map((turn) => turn.speaker ?? "somebody"));
    this.now.textContent = speaking.size ? `Speaking: ${[...speaking].sort().join(", ")}` : "";
  }
}

function paragraph({ speaker, text }) {
  const shown = document.createElement("p");
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = `${speaker ?? "Somebody"}:`;
  const number = /^SPEAKER_(\d+)$/.exec(speaker ?? "");
  shown.append(badge(number ? Number(number[1]) : -1), name, ` ${text.trim()}`);
  return shown;
}
