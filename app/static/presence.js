// What clients see of who writes here, and where a failed message's next step is: two small things beside app.js.
(() => {
  "use strict";

  const EVERY = 20000; // The client sees it for 25 seconds; the server asks Twilio no oftener than this either.
  const told = new Map();

  // Somebody types: say so now and then. Nobody waits for it, and nothing is said when it fails.
  document.addEventListener("input", (event) => {
    const url = event.target.id === "composer-text" && document.getElementById("typing")?.dataset.url;
    if (!url || !event.target.value.trim() || Date.now() - (told.get(url) ?? 0) < EVERY) return;
    told.set(url, Date.now());
    const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited") || "{}");
    fetch(url, { method: "POST", headers, keepalive: true }).catch(() => {});
  });

  // The step under a bubble is in the same chat: go there instead of loading the page that has it.
  const places = {
    template: "#composer a, #composer button, #composer select, #composer textarea",
    attach: "#composer [data-attach], #composer input[type=file], #composer-text",
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-step]");
    const place = link && document.querySelector(places[link.dataset.step]);
    if (!place || event.ctrlKey || event.metaKey || event.shiftKey || !link.closest("#thread")) return;
    event.preventDefault();
    document.getElementById("composer").scrollIntoView({ block: "nearest" });
    place.focus();
    wanted = places[link.dataset.step];
  });

  // The templates may still be on their way: when they take the place of what has the focus, they get it.
  let wanted = "";
  for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, () => { wanted = ""; }, true);
  document.addEventListener("htmx:after:swap", () => {
    if (wanted && document.activeElement === document.body) document.querySelector(wanted)?.focus();
  });
})();
