// Polls once a second, draws what changed, and sends what the person at the demo does.

import { draw } from "./chat.js";
import { client, control, initials, key, make, shortOf } from "./dom.js";

const find = (id) => document.getElementById(id);
const thread = find("thread");
let tag = "";
let asked = 0;
let drawn = 0; // The last question whose answer is on the screen: what comes of an earlier one is older.
let replyTo = null;

function person(entry) {
  const mark = entry.unread ? make("span", { class: "count" }, String(entry.unread)) : null;
  const line = (entry.mine ? "Vos: " : "") + entry.preview;
  return make("li", {}, make("a", { href: `/phones/${encodeURIComponent(entry.key)}`, "aria-current": entry.key === key && "page" },
    make("span", { class: "avatar", "aria-hidden": "true" }, initials(entry.name)), make("b", {}, entry.name),
    make("time", {}, entry.at ? shortOf(entry.at) : ""), make("span", { class: "preview" }, line), mark));
}

function showClient(shown) {
  find("owner").textContent = shown.name;
  find("owner-number").textContent = shown.phone || shown.user_id;
  const presence = find("presence");
  presence.textContent = shown.typing ? "escribiendo…" : presence.dataset.number;
  presence.classList.toggle("typing", shown.typing);
  const hours = Math.floor(shown.window_minutes_left / 60);
  const left = `Abierta: quedan ${hours} h ${shown.window_minutes_left % 60} min.`;
  find("window").textContent = shown.window_open ? left : "Cerrada: solo entran plantillas aprobadas.";
  find("age").disabled = !shown.window_open;
  find("auto-read").checked = shown.auto_read;
  find("read-now").hidden = shown.auto_read;
  find("opted-out").hidden = !shown.opted_out;
  if (document.activeElement !== find("writes-as")) find("writes-as").value = shown.writes_as;
}

function showFaults(active) {
  const waiting = new Map(active.map((fault) => [fault.fault, fault]));
  for (const row of document.querySelectorAll("[data-fault]")) {
    const fault = waiting.get(row.dataset.fault);
    row.classList.toggle("on", Boolean(fault));
    row.querySelector(".state").textContent = !fault ? "" : fault.times === null ? "siempre" : `${fault.times} más`;
    row.querySelector(".off").hidden = !fault;
  }
}

function showPost(posts) {
  const last = posts.at(-1);
  if (!last) return;
  const what = last.kind === "inbound" ? "Mensaje del cliente" : "Estado de un mensaje";
  find("last-post").textContent = `${what}: ${last.status_code ?? `sin respuesta (${last.error})`}`;
}

async function poll() {
  const turn = ++asked;
  const headers = tag ? { "If-None-Match": tag } : {};
  const answer = await fetch(`/phones.json?key=${encodeURIComponent(key)}`, { headers, cache: "no-store" });
  if (answer.status !== 200) return;
  const screen = await answer.json();
  if (turn < drawn) return;
  drawn = turn;
  tag = answer.headers.get("ETag");
  find("people").replaceChildren(...screen.clients.map(person));
  showFaults(screen.faults);
  showPost(screen.posts);
  if (!screen.client) return;
  showClient(screen.client);
  draw(thread, screen.messages, { reply: setReply, react, choose });
}

async function refresh() {
  await poll().catch(() => {});
}

function setReply(message) {
  replyTo = message;
  const box = find("replying");
  box.hidden = !message;
  if (!message) return;
  box.querySelector("p").textContent = `Respondés a: ${message.body || "un archivo"}`;
  find("body").focus();
}

async function write(given) {
  await control("POST", `${client}/messages`, replyTo ? { reply_to: replyTo.sid, ...given } : given);
  setReply(null);
  await refresh();
  thread.scrollTop = thread.scrollHeight;
}

// The same emoji once more takes it back.
function react(message, emoji) {
  return write({ type: "reaction", body: emoji, reply_to: message.sid });
}

function choose(message, button) {
  return write({ type: "button", text: button.title, payload: button.id, reply_to: message.sid });
}

function sendText(event) {
  event.preventDefault();
  const body = find("body").value.trim();
  if (!body) return;
  find("body").value = "";
  write({ body });
}

const samples = {
  image: { body: "Mirá esta foto" },
  place: { type: "location", label: "Quinta de Muestra", address: "Camino de Muestra 1200", latitude: -34.43, longitude: -58.86 },
  button: { text: "Sí, confirmo", payload: "si" },
  list: { text: "Rock nacional", payload: "opcion_2" },
  ad: { body: "Hola, vi el anuncio" },
  forwarded: { type: "text", body: "Pasen por acá: https://ejemplo.example/lista", forwarded: "often" },
};

async function sendKind(kind) {
  toggle(find("attach"), find("kinds"), false);
  if (kind !== "photos") return write({ type: kind, body: "", ...samples[kind] });
  for (let photo = 0; photo < 4; photo++) await write({ type: "image", body: "", photo });
}

function toggle(button, box, open = box.hidden) {
  box.hidden = !open;
  button.setAttribute("aria-expanded", String(open));
}

function showTools(open) {
  document.body.classList.toggle("tools-open", open);
  find("show-tools").setAttribute("aria-expanded", String(open));
  find(open ? "hide-tools" : "show-tools").focus();
}

async function act(method, path, given) {
  await control(method, path, given);
  await refresh();
}

function wireFaults() {
  for (const row of document.querySelectorAll("[data-fault]")) {
    const fault = row.dataset.fault;
    const value = () => row.querySelector("input")?.valueAsNumber ?? null;
    row.querySelector(".once").addEventListener("click", () => act("POST", "faults", { fault, value: value() }));
    row.querySelector(".always").addEventListener("click", () => act("POST", "faults", { fault, times: null, value: value() }));
    row.querySelector(".off").addEventListener("click", () => act("DELETE", `faults/${fault}`));
  }
}

function wirePhone() {
  find("composer").addEventListener("submit", sendText);
  find("body").addEventListener("keydown", (event) => {
    // Safari ends the composing before it tells of the key: only the number says so. On glass Enter breaks the line.
    const composes = event.isComposing || event.keyCode === 229, onGlass = matchMedia("(pointer: coarse) and (not (any-pointer: fine))").matches;
    if (event.key === "Enter" && !event.shiftKey && !composes && !onGlass) sendText(event);
  });
  find("attach").addEventListener("click", () => toggle(find("attach"), find("kinds")));
  for (const button of find("kinds").children) button.addEventListener("click", () => sendKind(button.dataset.kind));
  find("replying").querySelector("button").addEventListener("click", () => setReply(null));
  find("age").addEventListener("click", () => act("PATCH", client, { window_hours: 25 }));
  find("auto-read").addEventListener("change", (event) => act("PATCH", client, { auto_read: event.target.checked }));
  find("writes-as").addEventListener("change", (event) => act("PATCH", client, { writes_as: event.target.value }));
  for (const button of document.querySelectorAll("[data-say]")) button.addEventListener("click", () => write({ body: button.dataset.say }));
  find("read-now").addEventListener("click", () => act("POST", `${client}/open`));
  find("show-tools").addEventListener("click", () => showTools(true));
  find("hide-tools").addEventListener("click", () => showTools(false));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    toggle(find("attach"), find("kinds"), false);
    if (document.body.classList.contains("tools-open")) showTools(false);
  });
  control("POST", `${client}/open`);
}

wireFaults();
if (key) wirePhone();
refresh();
setInterval(() => document.hidden || refresh(), 1000);
