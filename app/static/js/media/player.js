// Sound in a thread: a player that the keyboard reaches, with a speed that this browser remembers. Without it the browser's
// own controls do the same. The player has an audio of its own: the server's stays as it came. What is made here is marked
// data-made, so that thread.js can tell it from what the server says.

import { $, all, element, onSwap } from "../dom.js";

const SPEEDS = [1, 1.5, 2], STEP = 5;

const speedName = "sound-speed";
const savedSpeed = () => SPEEDS.find((speed) => speed === Number(localStorage.getItem(speedName))) ?? 1;
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const shownSpeed = (speed) => `${speed.toLocaleString(document.documentElement.lang)}×`;

let inSight = null;

// How long somebody spoke, and how a video begins, is worth knowing before one plays it.
function watch(piece) {
  inSight ??= new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      inSight.unobserve(target);
      ($("audio", target) ?? target).preload = "metadata";
    }
  });
  inSight.observe(piece);
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

function button(className, label, ...children) {
  const made = element("button", className, ...children);
  made.type = "button";
  if (label) made.setAttribute("aria-label", label);
  return made;
}

const players = new WeakMap(); // By the element that shows each.
const showSpeeds = () => { for (const place of all(".player")) players.get(place)?.showSpeed(); };

class Player {
  constructor(source) {
    const [play, pause, place, speed, broken] = source.dataset.words.split("|");
    this.words = { play, pause, place, speed, broken };
    this.name = source.getAttribute("aria-label");
    this.sound = document.createElement("audio");
    this.button = button("round", `${this.words.play}: ${this.name}`, icon("play"));
    this.place = element("input", "");
    this.speed = button("speed", "");
    this.time = element("span", "clock", clock(0));
    this.whole = element("div", "player", this.sound, this.button, this.place, this.speed, this.time);
    this.whole.dataset.made = "";
    this.whole.setAttribute("role", "group");
    this.whole.setAttribute("aria-label", this.name);
    Object.assign(this.place, { type: "range", min: 0, max: 0, step: 0.1, value: 0, disabled: true });
    this.place.setAttribute("aria-label", this.words.place);
    Object.assign(this.sound, { preload: "none", src: source.src });
    players.set(this.whole, this);
    this.showSpeed();
    this.listen();
  }

  get length() { return Number.isFinite(this.sound.duration) ? this.sound.duration : 0; }

  show() {
    const { sound, place, length } = this;
    const words = length ? `${clock(sound.currentTime)} / ${clock(length)}` : clock(sound.currentTime);
    this.time.textContent = words;
    place.disabled = !length;
    place.max = length;
    place.value = sound.currentTime;
    place.setAttribute("aria-valuetext", words);
  }

  showState() {
    const { paused } = this.sound;
    this.button.title = paused ? this.words.play : this.words.pause;
    this.button.setAttribute("aria-label", `${this.button.title}: ${this.name}`);
    this.button.replaceChildren(icon(paused ? "play" : "pause"));
  }

  showSpeed() {
    this.sound.defaultPlaybackRate = this.sound.playbackRate = savedSpeed();
    this.speed.textContent = shownSpeed(this.sound.playbackRate);
    this.speed.setAttribute("aria-label", `${this.words.speed}: ${this.speed.textContent}`);
  }

  showBroken() {
    if ($(".trouble", this.whole)) return;
    const words = element("p", "trouble", this.words.broken);
    words.setAttribute("role", "status");
    this.whole.append(words);
  }

  toggle() {
    const { sound } = this;
    $(".trouble", this.whole)?.remove();
    if (sound.error) sound.load();
    if (sound.paused) sound.play().catch(() => { if (sound.error) this.showBroken(); }); else sound.pause();
  }

  press(event) {
    const steps = { ArrowRight: STEP, ArrowUp: STEP, ArrowLeft: -STEP, ArrowDown: -STEP }[event.key];
    if (event.key === " ") this.toggle();
    else if (steps) this.sound.currentTime = Math.min(Math.max(this.sound.currentTime + steps, 0), this.length);
    else return;
    event.preventDefault();
    this.show();
  }

  listen() {
    const { sound, place } = this;
    this.button.addEventListener("click", () => this.toggle());
    this.speed.addEventListener("click", () => {
      localStorage.setItem(speedName, String(SPEEDS[(SPEEDS.indexOf(savedSpeed()) + 1) % SPEEDS.length]));
      showSpeeds();
    });
    place.addEventListener("input", () => { sound.currentTime = place.value; this.show(); });
    place.addEventListener("keydown", (event) => this.press(event));
    for (const name of ["pointerenter", "focusin"]) {
      this.whole.addEventListener(name, () => { if (sound.preload === "none") sound.preload = "metadata"; }, { once: true });
    }
    for (const name of ["play", "pause", "ended"]) sound.addEventListener(name, () => this.showState());
    for (const name of ["timeupdate", "durationchange", "seeked"]) sound.addEventListener(name, () => this.show());
    sound.addEventListener("ended", () => { sound.currentTime = 0; });
    sound.addEventListener("error", () => { if (sound.preload !== "metadata" || !sound.paused) this.showBroken(); });
  }
}

function makePlayer(source) {
  const player = new Player(source);
  source.after(player.whole);
  if ("voice" in source.dataset) watch(player.whole);
}

function makePlayers() {
  for (const source of all("audio[data-player]")) {
    if (!source.nextElementSibling?.matches(".player")) makePlayer(source);
  }
  for (const video of all("video[preload=none]:not([poster])")) watch(video);
}

export function init() {
  // One plays at a time, a video included.
  document.addEventListener("play", ({ target }) => {
    for (const other of all("audio, video")) if (other !== target) other.pause();
  }, true);
  onSwap(makePlayers);
  document.addEventListener("DOMContentLoaded", () => { if ($("#lightbox")) makePlayers(); });
}
