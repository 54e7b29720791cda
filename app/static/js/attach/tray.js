// The files in the composer: picked, pasted, dropped or photographed, and how each is shown while it is made smaller,
// uploaded and sent. A file leaves the tray when its message is there, not before.

import { $, atEnd, here, make, messageOf, onClick, toEnd } from "../dom.js";
import { hasCaption } from "./files.js";
import { queue } from "./upload.js";

const MB = 1e6, SHOWN = [300, 340], DROP_PAUSE = 300;

const tray = () => $("#attachments");
export const words = (name) => tray()?.dataset[name] ?? "";

export const items = []; // Every file that is not a message yet, in order; `sending` once it has left the tray.
export const inTray = () => items.filter((item) => item.conversation === here() && !item.sending);
export const itemOf = (button) => button.closest("li").item;

export function enqueue(item) {
  queue(item, { shown: (_item, isAnother) => { if (isAnother) draw(); else show(item); }, progress: showProgress });
}

const size = (bytes) => new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1, style: "unit",
  unit: bytes < MB / 10 ? "kilobyte" : "megabyte" }).format(bytes / (bytes < MB / 10 ? 1000 : MB));

export function add(files) {
  if (!tray() || !files.length) return;
  const free = Number(words("most")) - inTray().length, form = $("#composer-form");
  note(files.length > free ? words("many") : "");
  for (const file of [...files].slice(0, Math.max(0, free))) {
    const item = { file, blob: file, name: file.name || "foto.png", type: file.type, conversation: here(), done: 0,
      key: crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint32Array(4))].join("-"),
      action: form.action, uploads: tray().dataset.uploads, says: { ...tray().dataset } };
    items.push(item);
    enqueue(item);
  }
  draw();
  $("#composer-text").focus();
}

export function drop(item) {
  item.dropped = true;
  item.asking?.abort();
  if (item.preview) URL.revokeObjectURL(item.preview);
  items.splice(items.indexOf(item), 1);
  item.row?.remove();
  item.bubble?.remove();
  draw();
}

function rowOf(item) {
  if (!item.row) {
    item.row = make("#tray-item");
    const remove = $("[data-remove-file]", item.row);
    remove.title = words("remove").replace("#", item.name);
    remove.setAttribute("aria-label", remove.title);
    item.row.item = item;
  }
  return item.row;
}

function bubbleFor(item) {
  if (!item.bubble) {
    item.bubble = make("#pending-file");
    item.bubble.dataset.pending = item.key;
    item.bubble.item = item;
    $(".text", item.bubble).textContent = item.caption;
    $(".text", item.bubble).hidden = !item.caption;
  }
  return item.bubble;
}

function showPicture(item, place) {
  const picture = $("img", place);
  picture.hidden = !item.preview;
  $(".icon", place).toggleAttribute("hidden", Boolean(item.preview));
  if (item.preview && picture.getAttribute("src") !== item.preview) picture.src = item.preview;
}

// As large as the message will show it, so that nothing moves when it comes.
function showPreview(item) {
  const large = $(".large", item.bubble);
  $(".attachment", item.bubble).hidden = Boolean(item.preview);
  if (!item.preview || !large.hidden) return;
  const [width, height] = item.shape, scale = Math.min(SHOWN[0] / width, SHOWN[1] / height, 1);
  Object.assign(large, { src: item.preview, width: Math.round(width * scale), height: Math.round(height * scale), hidden: false });
}

function showProgress(item) {
  for (const place of [item.row, item.bubble]) if (place) $("progress", place).value = item.done;
}

export function show(item) {
  const symbol = item.type.startsWith("audio/") ? "music" : item.type.startsWith("video/") ? "film" : "file";
  for (const place of [item.row, item.bubble]) {
    if (!place) continue;
    $(".thumb use", place).setAttribute("href", `#i-${symbol}`);
    showPicture(item, $(".thumb", place));
    $(".name", place).textContent = item.name;
    const wrong = item.state === "broken" || item.state === "refused";
    $(".size", place).textContent = item.prepared || wrong ? size(item.blob.size) : item.says.preparing;
    $("progress", place).hidden = wrong || item.state === "ready";
    $(".failed", place).hidden = !wrong;
    $(".failed span", place).textContent = wrong ? item.error : "";
    $("[data-retry-file]", place).hidden = item.state !== "broken";
  }
  item.bubble?.classList.toggle("pending", item.state !== "broken");
  if (item.bubble) {
    showPreview(item);
    $(".tick", item.bubble).hidden = item.state === "broken";
    $("[data-take-back]", item.bubble).hidden = Boolean(item.posted);
  }
  showProgress(item);
  guide();
}

// What the words will be: a caption where WhatsApp has one, a message of their own after the file where it has none.
function guide() {
  const text = $("#composer-text"), mine = inTray().filter((item) => item.state !== "refused");
  if (!text) return;
  text.dataset.plain ??= text.placeholder;
  text.dataset.name ??= text.getAttribute("aria-label");
  const says = mine.length && (!mine.some((item) => hasCaption(item.type)) ? words("after") : mine.length > 1 ? words("first") : words("caption"));
  text.placeholder = says || text.dataset.plain;
  text.setAttribute("aria-label", says || text.dataset.name);
}

export function draw() {
  if (!tray()) return;
  const list = $("ul", tray()), mine = inTray();
  const thread = $("#thread"), ended = thread && atEnd(thread);
  const rows = mine.map(rowOf);
  if (rows.length !== list.children.length || rows.some((row, at) => row !== list.children[at])) list.replaceChildren(...rows);
  tray().hidden = !mine.length;
  for (const item of items.filter((one) => one.conversation === here() && one.sending)) {
    if (!messageOf(item.key) && !bubbleFor(item).isConnected) $("#messages").append(item.bubble);
  }
  items.forEach(show);
  guide();
  if (ended) toEnd(thread);
}

export function note(sentence) {
  const place = $("#composer-note");
  if (!sentence) return place?.querySelector("[data-of-files]")?.remove();
  const made = make("#tray-note");
  $("span", made).textContent = sentence;
  place.replaceChildren(made);
}

// ---- Where files come from.

function picked({ target }) {
  if (!target.matches("input[data-picker]")) return;
  add([...target.files]);
  target.value = "";
}

function pasted(event) {
  const { files, types } = event.clipboardData;
  // A table or a paragraph comes with a picture of itself: the words are what was meant.
  if (event.target.id !== "composer-text" || !files.length || (types.includes("text/plain") && types.includes("text/html"))) return;
  event.preventDefault();
  add([...files]);
}

const isForUs = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files") && $("#composer-form") && tray();

let away = 0;

function draggedOver(event) {
  if (!isForUs(event)) return;
  event.preventDefault();
  clearTimeout(away);
  away = setTimeout(() => $("#conversation")?.removeAttribute("data-drop"), DROP_PAUSE); // No event says that the hand has left.
  $("#conversation").dataset.drop = words("drop");
}

function dropped(event) {
  if (!isForUs(event)) return;
  event.preventDefault();
  clearTimeout(away);
  $("#conversation").removeAttribute("data-drop");
  add([...event.dataTransfer.files]);
}

export function init() {
  onClick({
    "[data-attach]": (button) => $(`#${button.dataset.attach}`).click(),
    "[data-remove-file]": (button) => { drop(itemOf(button)); $("#composer-text").focus(); },
  });
  document.addEventListener("change", picked);
  document.addEventListener("paste", pasted);
  document.addEventListener("dragover", draggedOver);
  document.addEventListener("drop", dropped);
  addEventListener("beforeunload", (event) => { if (items.length) event.preventDefault(); });
}
