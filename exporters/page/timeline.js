// The timeline: a map of the whole recording above a stretch of it that can be zoomed; one lane a speaker.

import { fillOf, letterOf } from "./colours.js";
import { clock, speechOf } from "./model.js";
import { now, playing, seek } from "./player.js";
import { byId, indexOf, on, page } from "./state.js";

const SHORTEST = 5; // seconds that fill the width at most zoom
const FIRST = 300; // seconds that are shown at first
const LANE = { few: 15, many: 9 };

const stretch = byId("stretch");
const map = byId("map");
const view = { from: 0, to: 1 };
let colours = {};

export function startTimeline() {
  view.to = Math.max(Math.min(FIRST, page.doc.duration), 0.1);
  for (const canvas of [map, stretch]) {
    const timeAt = (event) => {
      const box = canvas.getBoundingClientRect();
      const [from, to] = canvas === map ? [0, page.doc.duration] : [view.from, view.to];
      return from + ((event.clientX - box.left) / box.width) * (to - from);
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      seek(timeAt(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) seek(timeAt(event));
    });
    canvas.addEventListener("wheel", (event) => wheel(event, timeAt(event)), { passive: false });
  }
  stretch.addEventListener("keydown", keys);
  byId("zoom-in").addEventListener("click", () => zoom(0.5, now()));
  byId("zoom-out").addEventListener("click", () => zoom(2, now()));
  new ResizeObserver(draw).observe(byId("timeline"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  on("theme", draw);
  on("document", draw);
  on("time", follow);
  draw();
}

function keys(event) {
  const step = { ArrowRight: 5, ArrowUp: 5, ArrowLeft: -5, ArrowDown: -5, PageUp: 60, PageDown: -60 }[event.key];
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (step) seek(now() + step);
  else if (event.key === "Home") seek(0);
  else if (event.key === "End") seek(page.doc.duration);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function wheel(event, time) {
  if (event.ctrlKey) zoom(event.deltaY > 0 ? 1.25 : 0.8, time);
  else if (event.deltaX) move(view.from + (event.deltaX / stretch.clientWidth) * (view.to - view.from));
  else return;
  event.preventDefault();
}

// Make what is shown so many times as long; `time` stays where it is.
export function zoom(factor, time) {
  const all = Math.max(page.doc.duration, 0.1);
  const length = Math.min(Math.max((view.to - view.from) * factor, Math.min(SHORTEST, all)), all);
  const inside = Math.min(Math.max(time, view.from), view.to);
  const part = (inside - view.from) / (view.to - view.from);
  view.to = view.from + length;
  move(inside - part * length);
}

function move(from) {
  const length = view.to - view.from;
  view.from = Math.max(0, Math.min(from, page.doc.duration - length));
  view.to = view.from + length;
  draw();
}

// A recording may go on when the transcript has ended.
const nowWithin = () => Math.min(now(), page.doc.duration);

// Keep the moment that is heard in the stretch; turn the page before it is at its edge.
function follow() {
  const time = nowWithin();
  const length = view.to - view.from;
  if (time < view.from || time > view.to || (playing() && time > view.to - length * 0.05)) move(time - length * 0.1);
  else place();
}

function place() {
  const [time, all] = [nowWithin(), Math.max(page.doc.duration, 0.1)];
  const at = (head, part, width) => head.style.setProperty("transform", `translateX(${part * width}px)`);
  at(byId("head-stretch"), (time - view.from) / (view.to - view.from), stretch.clientWidth);
  at(byId("head-map"), time / all, map.clientWidth);
  byId("window").style.setProperty("left", `${(100 * view.from) / all}%`);
  byId("window").style.setProperty("width", `${(100 * (view.to - view.from)) / all}%`);
  stretch.setAttribute("aria-valuenow", String(Math.round(time)));
  stretch.setAttribute("aria-valuetext", clock(time));
}

export function draw() {
  const style = getComputedStyle(document.documentElement);
  const named = ["text", "muted", "line", "lane"];
  colours = Object.fromEntries(named.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  stretch.setAttribute("aria-valuemax", String(Math.round(page.doc.duration)));
  const lanes = Math.max(page.order.length, 1);
  const lane = lanes > 6 ? LANE.many : LANE.few;
  drawLanes(map, 0, Math.max(page.doc.duration, 0.1), { lane: Math.max(26 / lanes, 2), gap: 0, ruler: 0 });
  drawLanes(stretch, view.from, view.to, { lane, gap: 3, ruler: 16 });
  place();
}

function prepared(canvas, height) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.parentElement.clientWidth;
  canvas.style.setProperty("height", `${height}px`);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return [context, width];
}

function drawLanes(canvas, from, to, { lane, gap, ruler }) {
  const lanes = Math.max(page.order.length, 1);
  const [context, width] = prepared(canvas, ruler + lanes * (lane + gap));
  const x = (time) => ((time - from) / (to - from)) * width;
  const y = (index) => ruler + index * (lane + gap);
  if (ruler) drawRuler(context, from, to, x, y(lanes), width);
  page.order.forEach((_, index) => {
    context.fillStyle = colours.lane;
    if (gap) context.fillRect(0, y(index), width, lane);
  });
  for (const turn of speechOf(page.doc, page.model)) {
    if (turn.end < from || turn.start > to) continue;
    context.fillStyle = fillOf(indexOf(turn.speaker));
    const bar = [x(turn.start), y(indexOf(turn.speaker)), Math.max(x(turn.end) - x(turn.start), 1), lane];
    context.beginPath();
    if (gap) context.roundRect(...bar, 2);
    else context.rect(...bar);
    context.fill();
  }
  if (gap) drawDoubts(context, from, to, x, y, lane);
  if (gap) drawLetters(context, y, lane);
}

function drawDoubts(context, from, to, x, y, lane) {
  context.strokeStyle = colours.text;
  context.lineWidth = 1;
  for (const place of page.model.doubts) {
    if (place.end < from || place.start > to || place.speaker === null) continue;
    const [left, right] = [x(place.start), Math.max(x(place.end), x(place.start) + 4)];
    const top = y(indexOf(place.speaker));
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, lane);
    context.clip();
    context.beginPath();
    for (let at = left - lane; at < right; at += 4) {
      context.moveTo(at, top + lane);
      context.lineTo(at + lane, top);
    }
    context.stroke();
    context.restore();
  }
}

// Which lane is whose, for those who see no colours.
function drawLetters(context, y, lane) {
  context.font = `700 ${Math.min(lane - 1, 11)}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  page.order.forEach((_, index) => {
    const text = letterOf(index);
    context.lineWidth = 3;
    context.strokeStyle = colours.lane;
    context.strokeText(text, 3, y(index) + lane / 2 + 0.5);
    context.fillStyle = colours.text;
    context.fillText(text, 3, y(index) + lane / 2 + 0.5);
  });
}

function drawRuler(context, from, to, x, bottom, width) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
  const step = steps.find((seconds) => (seconds / (to - from)) * width >= 64) ?? 7200;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "top";
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
    const at = Math.round(x(time)) + 0.5;
    context.beginPath();
    context.moveTo(at, 4);
    context.lineTo(at, bottom);
    context.stroke();
    context.fillStyle = colours.muted;
    context.fillText(clock(time), at + 4, 1);
  }
}
