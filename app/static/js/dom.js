// What every module finds on the page in the same way, and how each hears of clicks and of htmx. Importing a module does
// nothing yet: its `init` does, which start.js calls.

/** @type {(selector: string, root?: ParentNode) => any} */
export const $ = (selector, root = document) => root.querySelector(selector);
/** @type {(selector: string, root?: ParentNode) => any[]} */
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];
export const make = (template) => $(template).content.firstElementChild.cloneNode(true);

export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

export const visible = () => document.visibilityState === "visible";
export const wide = () => matchMedia("(min-width: 1100px)").matches;

// ---- Who works here, and the value that says so to the server. Somebody may have signed in again since.

const HEADERS = "hx-headers:inherited";

export const user = () => document.body.dataset.user;
export const csrf = () => JSON.parse(document.body.getAttribute(HEADERS) ?? "{}")["X-CSRF-TOKEN"];
export const setCsrf = (fresh) => document.body.setAttribute(HEADERS, JSON.stringify({ "X-CSRF-TOKEN": fresh }));

// ---- The open conversation, its thread and its bubbles.

export const here = () => $("#conversation")?.dataset.conversation;
export const bubbleOf = (key) => $(`[data-pending="${CSS.escape(key)}"]`);
export const messageOf = (key) => $(`#messages [data-sent-as="${CSS.escape(key)}"]`);
export const newest = () => Math.max(0, ...all("#messages .msg[id^=m-]").map((row) => Number(row.id.slice(2))));
export const atEnd = (thread) => thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
export const toEnd = (thread) => { thread.scrollTop = thread.scrollHeight; };

// The template that the server put into the page for an address, with the number of what it is asked for.
export const addressOf = (template, id) => template.replace("/0", `/${id}`);

// ---- Clicks. The first selector that is found takes it; with a key held down a link is the browser's.

export const held = (event) => event.ctrlKey || event.metaKey || event.shiftKey;

export function onClick(acts) {
  document.addEventListener("click", (event) => {
    for (const [selector, act] of Object.entries(acts)) {
      const found = event.target.closest(selector);
      if (found) return act(found, event);
    }
  });
}

// ---- htmx. Once it has made itself ready, in the turn after the page is there, whoever waits for that is called.

export const onReady = (act) => document.addEventListener("DOMContentLoaded", () => setTimeout(act));
/** @type {(name: string, act: (ctx: any, event: Event) => void) => void} */
export const onHtmx = (name, act) => document.addEventListener(`htmx:${name}`, (event) => act(event.detail.ctx, event));
export const onSwap = (act) => onHtmx("after:swap", act);

// What an answer says about several pieces of the page is put in its place.
export const putPieces = (text) => htmx.swap({ sourceElement: document.body, target: document.body, swap: "none", text });

// Every answer of ours has this header; the page of a proxy or of a venue's network has not, and must not take the
// place of anything here.
export const isOurs = (headers) => headers.has("Content-Security-Policy");
export const statusOf = (ctx) => ctx.foreign ? 0 : ctx.response?.status ?? 0;
// A newer one took its place.
export const wasReplaced = ({ response, request: { signal } }) => !response?.status && signal?.aborted && signal.reason !== "timeout";
