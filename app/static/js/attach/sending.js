// Files are sent one by one in their order. Each has its key from the beginning: whatever is asked twice is one message.

import { keepWords, write, writeBefore } from "../composer.js";
import { $, csrf, here, messageOf, onClick, onSwap, putPieces, toEnd } from "../dom.js";
import { add as say } from "../outbox/sending.js";
import { onNetworkBack, poll } from "../poll.js";
import { onRenewed } from "../session.js";
import { hasCaption } from "./files.js";
import { draw, drop, enqueue, inTray, itemOf, items, note, show, words } from "./tray.js";

const PATIENCE = 60000;

function depart(text, anyway) {
  const mine = inTray();
  const bad = mine.find((item) => item.state === "refused");
  if (bad) { note(words("takeOut")); $("[data-remove-file]", bad.row).focus(); return; }
  const first = mine.find((item) => hasCaption(item.type));
  const known = $("#composer-form").elements.known.value;
  mine.forEach((item) => { item.sending = true; item.caption = item === first ? text : ""; item.known = anyway || known; });
  if (!first && text) mine.at(-1).afterwards = text;
  note("");
  write("");
  draw();
  toEnd($("#thread"));
  run(here());
}

const running = new Set();

async function run(conversation) {
  if (running.has(conversation)) return;
  running.add(conversation);
  try {
    for (let item; (item = items.find((one) => one.conversation === conversation && one.sending));) {
      await item.ready;
      if (item.dropped || !item.sending) continue;
      if (item.state === "refused") { giveBack(item, null); continue; }
      if (item.state !== "ready" || !(await post(item))) break;
    }
  } finally {
    running.delete(conversation);
  }
}

// Return whether to go on with the next one.
async function post(item) {
  const body = new URLSearchParams({ key: item.key, media_id: item.media.id, body: item.caption, csrf_token: csrf() });
  body.set("known", item.known ?? "");
  const headers = { "HX-Request": "true", "X-CSRF-TOKEN": csrf() };
  item.posted = true;
  show(item);
  const answer = await fetch(item.action, { method: "POST", headers, body, signal: AbortSignal.timeout(PATIENCE) }).catch(() => null);
  const text = answer && await answer.text().catch(() => null);
  const status = text === null ? 0 : answer.status;
  if (!status || status >= 500 || [401, 403, 429].includes(status)) {
    // It may be there all the same: only the same key can tell.
    const why = status === 401 || status === 403 ? item.says.session : item.says.noAnswer;
    Object.assign(item, { state: "broken", error: why });
    show(item);
    return false;
  }
  if (answer.ok) arrived(item, text); else giveBack(item, text);
  poll(); // The list and the counts learn of it.
  return answer.ok;
}

const put = (item, text) => { if (here() === item.conversation) putPieces(text); };

// Words that follow a file go the way of all words; those that did not go, into their draft.
const sayAfterwards = ({ conversation, known, afterwards }) => { if (afterwards) say({ conversation, known, words: afterwards }); };

function arrived(item, text) {
  put(item, text);
  drop(item);
  sayAfterwards(item);
}

// Its answer was lost, and the poll brought the message: that is an answer too.
function settle(item) {
  drop(item);
  sayAfterwards(item);
  run(item.conversation);
}

// Refused: the files that did not go are in the tray again, and the words where they were written.
function giveBack(item, text) {
  const back = items.filter((one) => one.conversation === item.conversation && one.sending);
  const said = back.map((one) => one.caption || one.afterwards).filter(Boolean);
  for (const one of back) {
    one.bubble?.remove();
    Object.assign(one, { sending: false, posted: false, bubble: null, caption: "", afterwards: "" });
  }
  if (here() === item.conversation && $("#composer-text")) writeBefore(said);
  else if (said.length) keepWords(said.join("\n"), item.conversation);
  if (text) put(item, text);
  draw();
}

function redraw() {
  draw();
  for (const item of items.filter((one) => one.state === "broken" && one.sending && one.conversation === here())) {
    if (messageOf(item.key)) settle(item);
  }
}

// ---- When.

function retry(item) {
  if (item.state !== "broken") return;
  if (item.media) item.state = "ready"; else enqueue(item);
  show(item);
  if (item.sending) run(item.conversation);
}

const retryAll = () => { for (const item of [...items]) retry(item); };

function submitted(event) {
  if (event.target.id !== "composer-form" || !inTray().length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const text = $("#composer-text");
  if (text.value.length > Number(text.dataset.limit)) text.focus();
  else depart(text.value.trim(), event.submitter?.name === "anyway" && event.submitter.value);
}

export function init() {
  // Before the outbox and htmx: without files in the tray, everything is theirs.
  addEventListener("submit", submitted, true);
  onClick({
    "[data-retry-file]": (button) => retry(itemOf(button)),
    "[data-take-back]": (button) => giveBack(itemOf(button), null),
  });
  addEventListener("online", retryAll);
  onNetworkBack(retryAll);
  onRenewed(retryAll);
  onSwap(redraw);
}
