// How many messages wait: in the title, on the favicon, said aloud where no conversation is open, and heard.

import { $, onReady, user } from "./dom.js";

const NOT_YET = 1500; // The thread, if it is open, has the message by then.

let counted = 0;

export function announce(words) {
  const announcer = $("#announcer");
  announcer.textContent = `${announcer.dataset.says}: ${words}`;
}

function draw(shown) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0a7a4b"/>` +
    `<text x="16" y="23" font-family="sans-serif" font-weight="700" font-size="${shown.length > 2 ? 15 : 20}" text-anchor="middle" fill="#fff">${shown}</text></svg>`;
}

export function showCount(count, rings) {
  if (count > counted && !$("#conversation")) announce($("#whatsapp-badge").textContent.trim());
  if (count > counted && rings) ring();
  counted = count;
  const shown = count > 99 ? "99+" : String(count);
  document.title = (count ? `(${shown}) ` : "") + document.title.replace(/^\(\d+\+?\) /, "");
  const icon = $("link[rel=icon]");
  icon.dataset.plain ??= icon.getAttribute("href");
  icon.setAttribute("href", count ? `data:image/svg+xml,${encodeURIComponent(draw(shown))}` : icon.dataset.plain);
}

// What waited already when the page came is no news.
export function startCount(count) {
  counted = count;
  showCount(count, false);
}

// ---- A soft sound when a client writes, but not for what comes in before somebody's eyes.

let ringing = 0;
let speaker = null;

const quietName = () => `quiet:${user()}`;
const quiet = () => localStorage.getItem(quietName()) === "1";

function ring() {
  clearTimeout(ringing);
  ringing = setTimeout(() => { if (!quiet()) chime(); }, NOT_YET);
}

export const hush = () => clearTimeout(ringing);

// Two soft notes; browsers let a page sound only once somebody has touched it.
function chime() {
  if (!navigator.userActivation?.hasBeenActive) return;
  speaker ??= new AudioContext();
  [[660, 0], [880, 0.14]].forEach(([pitch, after]) => {
    const tone = speaker.createOscillator(), volume = speaker.createGain(), start = speaker.currentTime + after;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.06, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.35);
    tone.connect(volume).connect(speaker.destination);
    tone.start(start);
    tone.stop(start + 0.4);
  });
  document.dispatchEvent(new CustomEvent("chime")); // Nobody here listens; who cannot hear it may.
}

// The box on the page of notices.
function prepareSound() {
  const box = $("#sound-on");
  if (!box) return;
  $("#sound").hidden = false;
  box.checked = !quiet();
  box.addEventListener("change", () => {
    localStorage.setItem(quietName(), box.checked ? "0" : "1");
    if (box.checked) chime();
  });
}

export function init() {
  onReady(() => { if (user()) prepareSound(); });
}
