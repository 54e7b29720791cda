// The poll: one per browser, when somebody looks, slower when nobody touches, never when hidden. The tab that asked last
// asks again; what it hears, it tells the others, who wait a little longer and so ask only when it is gone.

import { hush, showCount, startCount } from "./badge.js";
import { $, here, onHtmx, onReady, statusOf, user, visible, wasReplaced } from "./dom.js";
import { catchUp, feed, isFeedReady, keepTag, numberOf, tagOf } from "./pieces.js";
import { inUse, isIdle, isTyping, onTouch } from "./presence.js";

const FAST = 5000, SLOW = 30000, LONGEST_PAUSE = 60000, OTHERS_LATER = 400, OTHERS_SPREAD = 800;

let failures = 0;
let timer = 0;
let tabs = null;
let leads = true; // Until another tab is heard.
let asked = ""; // The tag with which the last poll went out.
let missed = false; // A piece that could not be fetched, although the poll has moved on: all ask again.
const hearBack = [];

// `act` is called when the network is there again.
export const onNetworkBack = (act) => hearBack.push(act);

// ---- When.

export function pauseFor({ failed, idle, leading, chance }) {
  const pause = failed ? Math.min(FAST * 2 ** failed, LONGEST_PAUSE) : idle ? SLOW : FAST;
  return pause + (leading ? 0 : OTHERS_LATER + chance * OTHERS_SPREAD);
}

function schedule() {
  clearTimeout(timer);
  if (!visible() || !feed()) return;
  timer = setTimeout(poll, pauseFor({ failed: failures, idle: isIdle(), leading: leads, chance: Math.random() }));
}

export function poll() {
  clearTimeout(timer);
  if (!visible() || !feed()) return;
  htmx.trigger(feed(), "poll");
  schedule(); // Whatever becomes of this one; its answer sets the pause anew.
}

function polled(status) {
  const reached = status === 200 || status === 304;
  if (reached && failures) for (const act of hearBack) act();
  failures = reached ? 0 : failures + 1;
  $("#offline").hidden = reached || status === 429 || status === 401;
  if (reached) showCount(Number($("#whatsapp-badge").dataset.count), leads);
  if (status === 304 && missed) {
    missed = false;
    htmx.trigger(document.body, "whatsapp-changed");
  }
  if (reached) setTimeout(catchUp); // What this answer wakes is on its way by then.
  schedule();
}

// Somebody else than the poll found that the server cannot be reached.
export const unreached = () => polled(0);

// ---- The tabs.

// What this tab heard, for the others.
function tell(ctx, status) {
  leads = true;
  const heard = { status, before: asked, tag: tagOf(feed()) };
  if (status === 200) Object.assign(heard, { html: ctx.text, events: ctx.response.headers.get("HX-Trigger") ?? "" });
  tabs?.postMessage(heard);
}

// A message came in before somebody's eyes: the tab that asks is the one that rings, and need not.
export function tellInView() {
  hush();
  tabs?.postMessage({ inView: true });
}

// What to do with what another tab heard: ask oneself, take it, or nothing. Tags also tell who is in the chat of the tab
// that asked: only their numbers can be compared.
export function follow(own, { status, tag }) {
  if (status === 304 && numberOf(own) < numberOf(tag)) return "ask";
  return status === 200 && own !== tag && numberOf(own) <= numberOf(tag) ? "take" : "";
}

function hear({ data }) {
  if (data.inView) return hush();
  if (!isFeedReady() || !visible()) return;
  leads = false;
  const own = tagOf(feed()), way = follow(own, data);
  if (way === "ask") return poll();
  if (way === "take") {
    keepTag(data.tag);
    htmx.swap({ sourceElement: feed(), target: $("#whatsapp-badge"), swap: "outerHTML", text: data.html });
    const names = own === data.before ? data.events.split(", ") : ["whatsapp-changed", "whatsapp-notices"];
    for (const name of names) if (name) htmx.trigger(document.body, name);
  }
  polled(data.status);
}

// ---- What the poll says, and what other requests say to it.

function ask({ sourceElement, request: { body } }) {
  if (sourceElement !== feed()) return;
  asked = tagOf(sourceElement);
  // What this browser has before somebody's eyes: the open conversation of the tab in focus, while it is in use.
  if (!inUse() || !here()) return;
  body.set("here", here());
  if (isTyping()) body.set("typing", here());
}

function ended(ctx) {
  const status = statusOf(ctx), isGet = ctx.request.method === "GET";
  if (wasReplaced(ctx)) return;
  if (ctx.sourceElement === feed()) {
    tell(ctx, status);
    return polled(status);
  }
  if (isGet && (!status || status >= 500)) missed = true;
  if (!status) unreached();
  else if (!isGet && status !== 401 && status < 500) poll();
}

export function init() {
  if (user() && "BroadcastChannel" in window) {
    tabs = new BroadcastChannel(`poll-${user()}`);
    tabs.onmessage = hear;
  }
  onTouch((wasAway) => { if (wasAway) poll(); });
  document.addEventListener("visibilitychange", () => { if (visible()) poll(); else clearTimeout(timer); });
  addEventListener("focus", poll);
  addEventListener("online", () => { failures = Math.min(failures, 1); poll(); }); // One that is under way fails yet.
  addEventListener("offline", () => { if ($("#offline")) unreached(); });
  onHtmx("config:request", ask);
  onHtmx("after:request", (ctx) => {
    if (ctx.response.status < 400 || ctx.sourceElement !== feed()) return;
    Object.assign(ctx.hx, { retarget: "#whatsapp-feed", reswap: "none" });
  });
  onHtmx("finally:request", ended);
  onReady(() => {
    if (!feed()) return;
    startCount(Number($("#whatsapp-badge").dataset.count));
    catchUp();
    // A page that comes out of the browser's memory may be old; one from the server is not.
    const [navigation] = performance.getEntriesByType("navigation");
    if (navigation && "type" in navigation && navigation.type === "back_forward") poll(); else schedule();
  });
}
