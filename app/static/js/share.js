// What another app shared: the service worker holds it, this page asks for it, and the conversation that is opened next
// gets it into its composer, where somebody still has to send it.

import { add } from "./attach/tray.js";
import { writeAfter } from "./composer.js";
import { $, onClick, onSwap } from "./dom.js";

const PATIENCE = 5000;
const key = new URLSearchParams(location.search).get("key");
let held = null;

async function collect() {
  if (!key || !navigator.serviceWorker) return null;
  const { active } = await navigator.serviceWorker.ready;
  return new Promise((answer) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => answer(data);
    setTimeout(() => answer(null), PATIENCE);
    active.postMessage({ collect: true, key }, [port2]);
  });
}

async function drop() {
  held = null;
  (await navigator.serviceWorker?.getRegistration())?.active.postMessage({ drop: true, key });
}

function describe({ text, files }) {
  const more = files.length > 2 ? $("#sharing").dataset.more.replace("#", files.length - 2) : "";
  return [files.slice(0, 2).map((file) => file.name).join(", "), more, text].filter(Boolean).join(" · ");
}

function show() {
  if (held && (held.text || held.files.length)) { $("#shared").textContent = describe(held); return; }
  held = null;
  for (const place of [$("#sharing-title"), $("#shared"), $("#drop-shared")]) place.textContent = place.dataset.lost;
}

// Where nothing can be written now, it waits for another conversation.
function land() {
  const text = $("#composer-text"), picker = $("#attach-files");
  if (!held || !text || (held.files.length && !picker)) return;
  const { text: words, files } = held;
  drop();
  if (words) writeAfter(words);
  add(files);
  $("#sharing").remove();
  text.focus();
}

function init() {
  onSwap(land);
  onClick({ "#drop-shared": drop });
  document.addEventListener("DOMContentLoaded", async () => {
    held = await collect();
    show();
    land();
  });
}

init(); // The page has this file beside start.js.
