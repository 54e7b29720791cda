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

const speeds = new WeakMap(); // What shows the speed, by player.
const showSpeeds = () => { for (const player of all(".player")) speeds.get(player)?.(); };

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

function makePlayer(source) {
  const [playWord, pauseWord, placeWord, speedWord, brokenWord] = source.dataset.words.split("|");
  const name = source.getAttribute("aria-label");
  const sound = document.createElement("audio");
  const play = button("round", `${playWord}: ${name}`, icon("play"));
  const place = element("input", "");
  const speed = button("speed", "");
  const time = element("span", "clock", clock(0));
  const player = element("div", "player", sound, play, place, speed, time);
  player.dataset.made = "";
  player.setAttribute("role", "group");
  player.setAttribute("aria-label", name);
  Object.assign(place, { type: "range", min: 0, max: 0, step: 0.1, value: 0, disabled: true });
  place.setAttribute("aria-label", placeWord);
  Object.assign(sound, { preload: "none", src: source.src });

  const length = () => Number.isFinite(sound.duration) ? sound.duration : 0;

  function show() {
    const words = length() ? `${clock(sound.currentTime)} / ${clock(length())}` : clock(sound.currentTime);
    time.textContent = words;
    place.disabled = !length();
    place.max = length();
    place.value = sound.currentTime;
    place.setAttribute("aria-valuetext", words);
  }

  function showState() {
    play.title = sound.paused ? playWord : pauseWord;
    play.setAttribute("aria-label", `${play.title}: ${name}`);
    play.replaceChildren(icon(sound.paused ? "play" : "pause"));
  }

  function showSpeed() {
    sound.defaultPlaybackRate = sound.playbackRate = savedSpeed();
    speed.textContent = shownSpeed(sound.playbackRate);
    speed.setAttribute("aria-label", `${speedWord}: ${speed.textContent}`);
  }

  function broken() {
    if ($(".trouble", player)) return;
    const words = element("p", "trouble", brokenWord);
    words.setAttribute("role", "status");
    player.append(words);
  }

  function toggle() {
    $(".trouble", player)?.remove();
    if (sound.error) sound.load();
    if (sound.paused) sound.play().catch(() => { if (sound.error) broken(); }); else sound.pause();
  }

  play.addEventListener("click", toggle);
  speed.addEventListener("click", () => {
    localStorage.setItem(speedName, String(SPEEDS[(SPEEDS.indexOf(savedSpeed()) + 1) % SPEEDS.length]));
    showSpeeds();
  });
  place.addEventListener("input", () => { sound.currentTime = place.value; show(); });
  place.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: STEP, ArrowUp: STEP, ArrowLeft: -STEP, ArrowDown: -STEP }[event.key];
    if (event.key === " ") toggle();
    else if (steps) sound.currentTime = Math.min(Math.max(sound.currentTime + steps, 0), length());
    else return;
    event.preventDefault();
    show();
  });
  for (const event of ["pointerenter", "focusin"]) {
    player.addEventListener(event, () => { if (sound.preload === "none") sound.preload = "metadata"; }, { once: true });
  }
  for (const event of ["play", "pause", "ended"]) sound.addEventListener(event, showState);
  for (const event of ["timeupdate", "durationchange", "seeked"]) sound.addEventListener(event, show);
  sound.addEventListener("ended", () => { sound.currentTime = 0; });
  sound.addEventListener("error", () => { if (sound.preload !== "metadata" || !sound.paused) broken(); });
  speeds.set(player, showSpeed);
  showSpeed();
  source.after(player);
  if ("voice" in source.dataset) watch(player);
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
