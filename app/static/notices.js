// The page Avisos: how this device stands, and the buttons that change it. Permission is asked for by a click alone.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const card = () => $("#this-device");

  const standalone = () => navigator.standalone || matchMedia("(display-mode: standalone)").matches;
  // An iPad says that it is a Mac, with fingers.
  const apple = () => /iPhone|iPad|iPod/.test(navigator.userAgent)
    || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);
  const able = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

  function show(state) {
    for (const part of card().querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== state;
    card().dataset.state = state;
  }

  const row = () => {
    const known = coordinaDevice.kept();
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
    await coordinaDevice.keep(await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key }), old?.endpoint);
    location.reload();
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-subscribe], [data-try-here], [data-forget-here]");
    if (!button) return;
    if ("tryHere" in button.dataset) return $("[data-try]", row()).requestSubmit();
    if ("forgetHere" in button.dataset) return $("[data-forget]", row()).requestSubmit();
    button.disabled = true;
    $("#device-problem").hidden = true;
    try { await subscribe(); } catch (error) { complain(error); }
    button.disabled = false;
  });

  // What the browser itself keeps of this device goes with the row.
  document.addEventListener("submit", async (event) => {
    if (!event.target.matches("[data-forget]") || event.target.closest("li") !== row()) return;
    event.preventDefault();
    const form = event.target;
    await subscription().then((here) => here?.unsubscribe()).catch(() => {});
    coordinaDevice.drop();
    form.submit();
  });

  document.addEventListener("DOMContentLoaded", () => {
    if (!card()) return;
    look();
    // Permission may be given or taken back in the browser's own settings while the page is open.
    navigator.permissions?.query({ name: "notifications" }).then((told) => { told.onchange = look; }).catch(() => {});
  });
})();
