// The composer: it grows with the words, counts them, keeps them as a draft, and gets back those that did not go.

import { $, held, here, newest, onClick, onHtmx, onReady, onSwap } from "./dom.js";
import { addToDraft, draftOf, saveDraft } from "./drafts.js";
import { poll } from "./poll.js";
import { noteWriting, tellTyping } from "./presence.js";

const NEAR = 200, TALLEST = 140;

let writing = false; // Whether the composer had the focus before it was replaced.

function prepare() {
  const area = $("#composer:not([data-ready])");
  if (!area) return;
  area.dataset.ready = "";
  const draft = draftOf(here()), text = $("#composer-text");
  if (!text) {
    const kept = $("[data-draft-kept]", area);
    if (kept) kept.hidden = !draft;
    if (writing) $("#conversation-name").focus(); // It was written in, and is gone.
    return;
  }
  text.form.noValidate = true;
  if (!text.value) text.value = draft;
  knowAll();
  show(text);
}

// What is before the eyes of whoever begins to write: what colleagues answer after it, they are told before it goes.
function knowAll() {
  const known = $("#composer-form")?.elements.known;
  if (known && newest()) known.value = newest();
}

function show(text) {
  const counter = $("#composer-counter"), limit = Number(text.dataset.limit), left = limit - text.value.length;
  if (!CSS.supports("field-sizing", "content")) {
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight + 2, TALLEST)}px`;
  }
  counter.hidden = left > NEAR;
  counter.classList.toggle("over", left < 0);
  counter.textContent = counter.hidden ? "" : `${text.value.length} / ${limit}`;
  if (left < 0) counter.textContent = text.dataset.over.replace("#", -left);
  if (text.value.trim()) text.dataset.begun = ""; else delete text.dataset.begun;
  saveDraft(text.value, here());
}

function changed(text) {
  if (!("begun" in text.dataset) || !text.value) knowAll();
  const begins = noteWriting(text.value);
  show(text);
  tellTyping(text.value);
  if (begins) poll(); // Colleagues see it at their next one.
}

export function write(words) {
  const text = $("#composer-text");
  if (!text) return;
  text.value = words;
  changed(text);
}

// Words that come back to where they were written stand before what has been written since.
export function writeBefore(words) {
  const text = $("#composer-text");
  text.dataset.begun = ""; // It was written before what is here now came.
  write([...words, text.value].filter(Boolean).join("\n"));
}

export const writeAfter = (words) => write([$("#composer-text").value, words].filter(Boolean).join("\n"));

// Words that came back where there is no place to write them.
export function keepWords(words, conversation) {
  addToDraft(words, conversation);
  const kept = conversation === here() && $("[data-draft-kept]");
  if (kept) kept.hidden = false;
}

function insert(words) {
  const text = $("#composer-text");
  text.setRangeText(words, text.selectionStart, text.selectionEnd, "end");
  text.closest("form").querySelectorAll("details[open]").forEach((open) => { open.open = false; });
  text.focus();
  show(text);
}

// ---- The step under a failed message is in the same chat: go there instead of loading the page that has it.

const PLACES = {
  template: "#composer a, #composer button, #composer select, #composer textarea",
  attach: "#composer [data-attach], #composer input[type=file], #composer-text",
};

let wanted = ""; // The templates may still be on their way: when they take the place of what has the focus, they get it.

function goToStep(link, event) {
  const place = $(PLACES[link.dataset.step]);
  if (!place || held(event) || !link.closest("#thread")) return;
  event.preventDefault();
  $("#composer").scrollIntoView({ block: "nearest" });
  place.focus();
  wanted = PLACES[link.dataset.step];
}

// ---- Enter. With a keyboard it sends and Shift+Enter breaks the line, as in every chat of a desktop. On glass
// it breaks the line and the button sends, as in WhatsApp itself: a phone's keyboard has no Shift+Enter, and a thumb that
// wants a new line must not send half a message. Ctrl or Cmd with Enter sends on both.

// The first pointer tells a phone or a tablet from a laptop whose screen can be touched as well; a fine one beside it
// (a mouse, the pad of a tablet's keyboard) means that it stands on a desk. Widths and names of browsers tell neither.
// A pen is fine too, and phones have pens; but where the key was on the glass, it has no place on a keyboard (`code`).
const touch = () => matchMedia("(pointer: coarse)"), precise = () => matchMedia("(any-pointer: fine)");
const onGlass = (event) => touch().matches && (!precise().matches || event?.code === "");

// While an input method composes, Enter chooses a word. Safari says so only by the number 229: it ends the composing
// first, and then tells of the key.
const composes = (event) => event.isComposing || event.keyCode === 229;

function pressed(event) {
  if (event.target.id !== "composer-text" || event.key !== "Enter" || composes(event)) return;
  const always = event.ctrlKey || event.metaKey;
  if (!always && (event.shiftKey || event.altKey || onGlass(event))) return;
  event.preventDefault();
  if (!event.repeat) event.target.form.requestSubmit();
}

// What the key of a phone's keyboard says.
function hint() {
  const text = $("#composer-text");
  if (text) text.enterKeyHint = onGlass() ? "enter" : "send";
}

const kinds = []; // Kept, or the browser forgets whom to tell when they change.

export function init() {
  onClick({
    "[data-insert]": (button) => insert(button.dataset.insert),
    "[data-not-now]": () => { $("#composer-note").replaceChildren(); $("#composer-text").focus(); },
    "[data-step]": goToStep,
  });
  document.addEventListener("input", ({ target }) => { if (target === $("#composer-text")) changed(target); });
  for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, () => { wanted = ""; }, true);
  onHtmx("before:swap", () => { writing = document.activeElement?.id === "composer-text"; });
  onSwap(() => {
    prepare();
    if (wanted && document.activeElement === document.body) $(wanted)?.focus();
  });
  onReady(prepare);
  document.addEventListener("keydown", pressed);
  onSwap(hint);
  document.addEventListener("DOMContentLoaded", hint);
  kinds.push(touch(), precise());
  for (const kind of kinds) kind.addEventListener("change", hint);
}
