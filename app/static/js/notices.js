// The page Avisos: how this device stands, and the buttons that change it. Permission is asked for by a click alone.

import { drop, keep, kept } from "./device.js";
import { $, all, onClick } from "./dom.js";

const card = () => $("#this-device");

const standalone = () => navigator.standalone || matchMedia("(display-mode: standalone)").matches;
// An iPad says that it is a Mac, with fingers.
const apple = () => /iPhone|iPad|iPod/.test(navigator.userAgent)
  || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);
const able = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

function show(state) {
  for (const part of all("[data-when]", card())) part.hidden = part.dataset.when !== state;
  card().dataset.state = state;
}

const row = () => {
  const known = kept();
  return known && $(`[data-device="${known.id}"]`);
};

const subscription = async () => (await navigator.serviceWorker.ready).pushManager.getSubscription();

async function look() {
  if (apple() && !standalone() && !("PushManager" in window)) return show("home");
  if (!isSecureContext) return show("insecure");
  if (!able()) return show("unsupported");
  if (Notification.permission === "denied") return show("denied");
  const here = Notification.permission === "granted" && row() && (await subscription());
  show(here ? "on" : "off");
  if (here) $("[data-here]", row()).hidden = false;
}

function complain(error) {
  const place = $("#device-problem");
  const said = error.page && new DOMParser().parseFromString(error.page, "text/html").querySelector(".alert span");
  place.textContent = said?.textContent || place.dataset.offline;
  place.hidden = false;
}

const sameKey = (old, key) => {
  const bytes = new Uint8Array(old.options.applicationServerKey ?? []);
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "") === key;
};

async function subscribe() {
  // The browser's question comes first: Safari wants it right after the click.
  if ((await Notification.requestPermission()) !== "granted") return look();
  const { key } = await (await fetch(card().dataset.key, { headers: { Accept: "application/json" } })).json();
  const manager = (await navigator.serviceWorker.ready).pushManager, old = await manager.getSubscription();
  // One of before, for other keys of this office, cannot be used any more.
  if (old && !sameKey(old, key)) await old.unsubscribe();
  await keep(await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key }), old?.endpoint);
  location.reload();
}

async function turnOn(button) {
  button.disabled = true;
  $("#device-problem").hidden = true;
  try { await subscribe(); } catch (error) { complain(error); }
  button.disabled = false;
}

// What the browser itself keeps of this device goes with the row.
async function forget(event) {
  const form = event.target;
  if (!form.matches("[data-forget]") || form.closest("li") !== row()) return;
  event.preventDefault();
  await subscription().then((here) => here?.unsubscribe()).catch(() => {});
  drop();
  form.submit();
}

function init() {
  onClick({
    "[data-subscribe]": turnOn,
    "[data-try-here]": () => $("[data-try]", row()).requestSubmit(),
    "[data-forget-here]": () => $("[data-forget]", row()).requestSubmit(),
  });
  document.addEventListener("submit", forget);
  document.addEventListener("DOMContentLoaded", () => {
    if (!card()) return;
    look();
    // Permission may be given or taken back in the browser's own settings while the page is open.
    navigator.permissions?.query({ name: "notifications" }).then((status) => { status.onchange = look; }).catch(() => {});
  });
}

init(); // The page has this file beside start.js.
