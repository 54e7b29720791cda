// What was sent and is not answered yet. This browser keeps it, by person, until the server has it: each message goes
// out by itself, once (its key sees to that) and in the order of its conversation, from whichever page is open.
(() => {
  "use strict";

  const PATIENCE = 45000, PAUSE = 5000, LONGEST_PAUSE = 60000, OTHERS_TURN = 10000, STUCK = 90000, OLD = 12 * 3600000;
  const $ = (selector, root = document) => root.querySelector(selector);
  const user = document.body.dataset.user;
  if (!user) return;

  // ---- The store: an entry for each message, so that tabs that write at one moment take nothing from each other.

  const PREFIX = `outbox:${user}:`;
  const unkept = new Map(); // Where the browser keeps nothing (full, or forbidden), this tab does as long as it is open.

  const names = () => { try { return Object.keys(localStorage); } catch { return []; } };
  const entry = (name) => { try { return JSON.parse(localStorage.getItem(name)); } catch { return null; } };
  const kept = () => names().filter((name) => name.startsWith(PREFIX)).map(entry);

  const all = () => [...kept(), ...unkept.values()].filter(Boolean).sort((one, other) => one.at - other.at);
  const find = (key) => all().find((item) => item.key === key);
  const ofTalk = (conversation) => all().filter((item) => item.conversation === conversation);

  function keep(item) {
    try {
      localStorage.setItem(PREFIX + item.key, JSON.stringify(item));
      unkept.delete(item.key);
    } catch { unkept.set(item.key, item); }
    changed();
  }

  const update = (key, news) => { const item = find(key); if (item) keep({ ...item, ...news }); };

  function drop(key, sent) {
    if (sent) update(key, { sent }); // The other tabs see it go, and know that it was not taken back.
    unkept.delete(key);
    try { localStorage.removeItem(PREFIX + key); } catch { /* It was in this tab alone. */ }
    $(`[data-pending="${CSS.escape(key)}"]`)?.remove();
    changed();
  }

  const changed = () => { document.dispatchEvent(new Event("outbox")); plan(); };

  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // `known` is the newest message that was on the screen while this was written: the server asks when a colleague
  // answered after it.
  function add({ conversation, name, words, known }) {
    const at = Math.max(Date.now(), (all().at(-1)?.at ?? 0) + 1); // A clock that was set back changes no order.
    keep({ key: newKey(), conversation, name, words, known, at, tries: 0 });
    send(conversation, { hurry: true, queue: true });
  }

  // ---- Sending: one tab at a time for each conversation, where the browser has locks; everywhere else the key alone
  // sees to it that nothing arrives twice.

  const place = () => $("#outbox").dataset;
  const csrf = () => JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRF-TOKEN"];
  const attempts = new Set(), going = new Set();
  let heldUntil = 0; // The server said: not before.
  let timer = 0;

  // What another tab has just taken over it sends itself, unless that tab is gone.
  const due = (item) => Math.max(item.until ?? item.at + OTHERS_TURN, heldUntil);

  function plan() {
    clearTimeout(timer);
    const next = Math.min(...all().filter((item) => !item.asks).map(due));
    if (next < Date.now() + OLD) timer = setTimeout(sendAll, Math.max(1000, next - Date.now()));
  }

  function sendAll(how = {}) {
    for (const conversation of new Set(all().map((item) => item.conversation))) send(conversation, how);
  }

  const running = new Set();

  async function alone(conversation, work) {
    if (running.has(conversation)) return;
    running.add(conversation);
    try { await work(); } finally { running.delete(conversation); }
  }

  async function send(conversation, { hurry = false, queue = false } = {}) {
    const work = () => empty(conversation, hurry);
    if (!navigator.locks) await alone(conversation, work);
    else if (!queue) await navigator.locks.request(PREFIX + conversation, { ifAvailable: true }, (lock) => lock && work());
    else {
      // A tab that a phone has put to sleep may hold the lock and never come back.
      const signal = AbortSignal.timeout(STUCK);
      await navigator.locks.request(PREFIX + conversation, { signal }, work).catch((error) =>
        error.name === "TimeoutError" && navigator.locks.request(PREFIX + conversation, { steal: true }, work));
    }
    plan();
  }

  // One after the other: what waits, or asks somebody, holds up what was written after it.
  async function empty(conversation, hurry) {
    for (let item; ([item] = ofTalk(conversation)) && item; hurry = true) {
      const now = Date.now();
      if (item.asks || heldUntil > now || (!hurry && due(item) > now)) return;
      if (!item.anyway && now - item.at > OLD) return update(item.key, { asks: "old" });
      if (!(await post(item))) return;
    }
  }

  async function ask(item) {
    const controller = new AbortController(), late = setTimeout(() => controller.abort(), PATIENCE);
    const headers = { "HX-Request": "true", "X-CSRF-TOKEN": csrf() };
    const body = new URLSearchParams({ key: item.key, body: item.words, known: item.known ?? "" });
    attempts.add(controller);
    try {
      const url = place().send.replace("/0/", `/${item.conversation}/`);
      const answer = await fetch(url, { method: "POST", headers, body, signal: controller.signal });
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    } catch {
      return { status: 0, headers: new Headers(), text: "" };
    } finally {
      clearTimeout(late);
      attempts.delete(controller);
    }
  }

  // What the answer means. A proxy's words, or those of a venue's network, are not ours: only the message itself says
  // that it went out, and only our own header that it did not.
  function read({ status, headers, text }, key) {
    const refusal = headers.get("Coordina-Refusal");
    if (refusal) return refusal;
    if (status >= 200 && status < 300 && text.includes(`data-sent-as="${key}"`)) return "sent";
    if (status === 401) return "session";
    if (status === 403) return "stale";
    if (status === 429) return "busy";
    return status >= 400 && status < 500 && ![408, 425].includes(status) ? "refused" : status ? "lost" : "network";
  }

  const sentence = (text) => $(".note span, .alert span", new DOMParser().parseFromString(text, "text/html"))?.textContent.trim() ?? "";

  // Return whether to go on with the next one.
  async function post(item) {
    // Without a network nothing can have left; anything else may be there, whatever comes back.
    going.add(item.key);
    update(item.key, navigator.onLine ? { posted: true } : {});
    const answer = await ask(item), outcome = read(answer, item.key), tries = item.tries + 1;
    going.delete(item.key);
    if (outcome === "sent") return arrived(item, answer.text);
    if (!find(item.key)) return true; // A poll brought it meanwhile.
    if (outcome === "network") document.dispatchEvent(new Event("unreached"));
    if (outcome === "session" || outcome === "stale") document.dispatchEvent(new Event("sent")); // The poll learns why.
    if (["network", "lost", "stale"].includes(outcome)) {
      const pause = Math.min(PAUSE * 2 ** item.tries, LONGEST_PAUSE) * (1 + Math.random() / 5);
      update(item.key, { tries, why: outcome, until: Date.now() + pause });
    } else if (outcome === "session") update(item.key, { tries, why: outcome, until: Number.MAX_SAFE_INTEGER });
    else if (outcome === "busy") {
      heldUntil = Date.now() + 1000 * Math.max(1, parseInt(answer.headers.get("Retry-After"), 10) || 15);
      update(item.key, { why: outcome, until: heldUntil });
    } else refused(item, outcome, answer.text);
    return false;
  }

  const talksHere = () => { const chat = $("#conversation")?.dataset; return chat ? [chat.conversation, ...chat.joined.split(" ")] : []; };
  const isHere = (item) => talksHere().includes(item.conversation);
  const nameHere = () => $("#conversation-name")?.textContent ?? "";
  const swap = (text) => htmx.swap({ sourceElement: document.body, target: document.body, swap: "none", text });

  function arrived(item, text) {
    if (isHere(item)) swap(text);
    drop(item.key, true);
    document.dispatchEvent(new Event("sent"));
    return true;
  }

  // Whoever has just pressed the button gets the words back where they were written. Of what waited it is asked where it
  // stands in the thread, and on every other page.
  function refused(item, code, text) {
    if (item.tries || item.why || !isHere(item) || ofTalk(item.conversation).length > 1) {
      update(item.key, { asks: code, says: sentence(text) });
    } else {
      giveBack(item);
      swap(text);
    }
    document.dispatchEvent(new Event("sent"));
  }

  function write(text, begun) {
    const area = $("#composer-text");
    if (begun) area.dataset.begun = ""; // It was written before what is here now came.
    area.value = text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function giveBack(item) {
    drop(item.key);
    if (isHere(item) && $("#composer-text")) return write([item.words, $("#composer-text").value].filter(Boolean).join("\n"), true);
    const detail = { conversation: item.conversation, text: item.words };
    document.dispatchEvent(new CustomEvent("keep-words", { detail }));
  }

  // Somebody has seen what happened since, and wants it to go: so do the ones behind it, which say no more than that.
  function sendAnyway(item, known) {
    for (const one of ofTalk(item.conversation)) {
      update(one.key, { known: Math.max(known, one.known || 0), asks: null, why: null, until: null, anyway: true });
    }
    send(item.conversation, { hurry: true, queue: true });
  }

  const resend = (item) => send(item.conversation, { hurry: true, queue: true });

  globalThis.coordinaOutbox = { all, find, keep, drop, going, isHere, giveBack, sendAnyway, resend };

  // ---- When.

  // Capturing, so that the form is not sent as a page as well; attach.js stands before it, for files.
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "composer-form") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const text = $("#composer-text"), words = text.value, chat = $("#conversation").dataset.conversation;
    if (!words.trim() || words.length > Number(text.dataset.limit)) return text.focus();
    const known = (event.submitter?.name === "anyway" && event.submitter.value) || event.target.elements.known.value;
    add({ conversation: chat, name: nameHere(), words, known });
    write("");
    $("#composer-note").replaceChildren();
    $("#thread").scrollTop = $("#thread").scrollHeight;
  }, true);

  document.addEventListener("say", ({ detail: { conversation, text, known } }) => {
    add({ conversation, name: isHere({ conversation }) ? nameHere() : "", words: text, known });
  });

  addEventListener("online", () => {
    for (const attempt of attempts) attempt.abort(); // It left through a network that is gone.
    sendAll({ hurry: true, queue: true });
  });
  for (const name of ["network-back", "session-renewed"]) {
    document.addEventListener(name, () => sendAll({ hurry: true, queue: true }));
  }
  addEventListener("storage", ({ key, oldValue, newValue }) => {
    if (!key?.startsWith(PREFIX)) return;
    if (newValue === null && JSON.parse(oldValue)?.sent) document.dispatchEvent(new Event("sent"));
    changed();
  });
  addEventListener("beforeunload", (event) => { if (unkept.size) event.preventDefault(); });

  // What an earlier version kept, in one entry for all.
  function adopt() {
    const name = `pending:${user}`, before = JSON.parse(localStorage.getItem(name) ?? "{}");
    for (const [key, { words, conversation, known }] of Object.entries(before)) {
      keep({ key, conversation, words, known, name: "", at: Date.now(), tries: 1, posted: true, asks: "old" });
    }
    localStorage.removeItem(name);
  }

  document.addEventListener("DOMContentLoaded", () => setTimeout(() => { // htmx makes itself ready first.
    try { adopt(); } catch { /* Nothing was kept here. */ }
    sendAll({ hurry: true });
    changed();
  }));
})();
