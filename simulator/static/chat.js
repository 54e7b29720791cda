// The chat as the client sees it.

import { dayOf, icon, make, timeOf } from "./dom.js";

const hidden = new Set(["queued", "accepted", "sent"]);
const lost = new Set(["failed", "undelivered"]);
const drawn = new Map();
const words = { delivered: "entregado", read: "leído" };

function media(message, file) {
  if (!file.url) return make("p", { class: "file" }, icon("file"), file.name || "Archivo que no está");
  if (file.content_type.startsWith("image/")) {
    const kind = message.kind === "sticker" ? "sticker" : "photo";
    return make("img", { class: kind, src: file.url, alt: kind === "sticker" ? "Sticker" : "Foto" });
  }
  if (file.content_type.startsWith("audio/")) {
    return make("audio", { controls: true, preload: "none", src: file.url });
  }
  if (file.content_type.startsWith("video/")) {
    return make("video", { class: "photo", controls: true, preload: "metadata", src: file.url });
  }
  const name = file.name || (message.mine ? message.body : "") || "Archivo";
  return make("a", { class: "file", href: file.url, download: name }, icon("file"), make("span", {}, name));
}

function place(details) {
  if (!details.Latitude) return null;
  const name = details.Label || "Ubicación";
  const more = details.Address || `${details.Latitude}, ${details.Longitude}`;
  return make("p", { class: "place" }, icon("pin"), make("span", {}, make("b", {}, name), make("br"), more));
}

function mark(details) {
  if (details.ReferralHeadline) return make("p", { class: "mark" }, `Desde el anuncio «${details.ReferralHeadline}»`);
  if (details.FrequentlyForwarded === "true") return make("p", { class: "mark" }, "Reenviado muchas veces");
  return details.Forwarded === "true" ? make("p", { class: "mark" }, "Reenviado") : null;
}

// What a filled in form tells, without the numbers that its builder gives to fields.
function answers(details) {
  if (!details.FlowData) return "";
  const said = Object.entries(JSON.parse(details.FlowData)).filter(([name]) => name !== "flow_token");
  return said.map(([name, value]) => `${name.replace(/^screen_\d+_|_\d+$/g, "").replaceAll("_", " ")}: ${value}`).join("\n");
}

function ticks(message) {
  if (!message.mine) return words[message.status] || "";
  if (message.read_by_office) return make("span", { class: "tick read", title: "El estudio lo leyó" }, icon("ticks"));
  const told = !message.lost && (message.webhook === "" || message.webhook.startsWith("2"));
  return make("span", { class: "tick" }, icon(told ? "ticks" : "tick"));
}

function trouble(message) {
  if (message.lost) return "La app no recibió el aviso";
  if (message.webhook === "sin respuesta") return "La app no contestó";
  if (message.webhook && !message.webhook.startsWith("2")) return `La app contestó mal: ${message.webhook}`;
  return "";
}

function text(message) {
  if (message.mine && message.kind === "document") return null;
  const words = message.body || answers(message.details);
  if (words) return make("p", { class: "text" }, words);
  const empty = !message.media.length && !message.details.Latitude;
  return empty ? make("p", { class: "text muted" }, "Mensaje sin texto") : null;
}

// A template's parts, where it has more than its text.
function parts(shown) {
  const drawn = [
    ...shown.media.map((name) => make("p", { class: "file" }, icon("file"), make("span", {}, name))),
    shown.header && make("p", { class: "text" }, make("b", {}, shown.header)),
    shown.text && make("p", { class: "text" }, shown.text),
    shown.footer && make("p", { class: "text muted" }, shown.footer),
    ...shown.items.map((item) => make("p", { class: "place" }, make("span", {}, make("b", {}, item.title), make("br"), item.text))),
    ...shown.cards.map((card) => make("div", { class: "place" }, make("div", {}, ...parts(card)))),
  ];
  return [...drawn, ...shown.links.map((link) => make("p", { class: "link" }, link.title, make("br"), make("small", {}, link.value)))]
    .filter(Boolean);
}

function bubble(message, actions, emojis) {
  const quote = message.quote && make("p", { class: "quote" }, make("b", {}, message.quote.mine ? "Vos" : "Coordina"),
    make("br"), message.quote.text);
  const reply = make("button", { class: "reply", type: "button", "aria-label": "Responder a este mensaje" }, icon("reply"));
  reply.addEventListener("click", () => actions.reply(message));
  const like = make("button", { class: "reply react", type: "button", "aria-label": "Reaccionar a este mensaje" }, icon("smile"));
  like.addEventListener("click", () => actions.react(message, emojis.includes("👍") ? "" : "👍"));
  const article = make("article", { class: message.mine ? "msg mine" : "msg", "data-sid": message.sid }, mark(message.details), quote || null,
    ...message.media.map((file) => media(message, file)), place(message.details),
    ...(message.shown ? parts(message.shown) : [text(message)]),
    make("footer", {}, make("time", { datetime: message.at }, timeOf(message.at)), " ", ticks(message)), reply, message.mine ? null : like,
    emojis ? make("p", { class: "reactions" }, emojis) : null);
  const choices = message.buttons.map((button) => {
    const choice = make("button", { class: "choice", type: "button" }, button.title);
    choice.addEventListener("click", () => actions.choose(message, button));
    return choice;
  });
  return [article, ...choices, trouble(message) && make("p", { class: "trouble" }, trouble(message))].filter(Boolean);
}

function unseen(message) {
  return make("p", { class: "unseen" }, `No llegó un mensaje del estudio (${message.error_code ?? message.status})`);
}

// A message that did not change keeps its elements, so that an audio goes on playing while others arrive.
function pieces(message, actions, emojis) {
  const state = JSON.stringify([message, emojis]);
  const known = drawn.get(message.sid);
  if (known?.state === state) return known.elements;
  const failed = !message.mine && lost.has(message.status);
  const elements = failed ? [unseen(message)] : bubble(message, actions, emojis);
  drawn.set(message.sid, { state, elements });
  return elements;
}

function dayMark(day) {
  if (!drawn.has(day)) drawn.set(day, { elements: [make("p", { class: "day" }, day)] });
  return drawn.get(day).elements[0];
}

// Moving an element stops what it plays, so what left goes first and then only the new is put in.
function arrange(thread, elements) {
  const wanted = new Set(elements);
  for (const child of [...thread.children]) if (!wanted.has(child)) child.remove();
  elements.forEach((element, at) => {
    if (thread.children[at] !== element) thread.insertBefore(element, thread.children[at] ?? null);
  });
}

// The last reaction to each message; an empty one takes it back.
function reactionsOf(messages) {
  const reactions = messages.filter((message) => message.kind === "reaction");
  return new Map(reactions.map((message) => [message.details.OriginalRepliedMessageSid, message.body]));
}

export function draw(thread, messages, actions) {
  const reactions = reactionsOf(messages);
  const atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60 || !thread.childElementCount;
  let shownDay = "";
  const shown = [];
  for (const message of messages) {
    if (message.kind === "reaction" || (!message.mine && hidden.has(message.status))) continue;
    const day = dayOf(message.at);
    if (day !== shownDay) shown.push(dayMark(day));
    shownDay = day;
    shown.push(...pieces(message, actions, reactions.get(message.sid) || ""));
  }
  arrange(thread, shown);
  if (atEnd) thread.scrollTop = thread.scrollHeight;
}
