// The page for when there is no network: it makes room for the one that was asked for as soon as the server can be
// reached, so that what waits there to be sent goes out without anybody's doing.
(() => {
  "use strict";

  const EVERY = 5000;
  const { self, alive } = document.querySelector("#offline-page").dataset;
  if (location.pathname === self) return; // It was asked for itself: nothing else waits behind it.
  const back = () => location.reload();

  async function look() {
    if (document.visibilityState !== "visible") return;
    const answer = await fetch(alive, { cache: "no-store" }).catch(() => null);
    if (answer?.ok) back();
  }

  addEventListener("online", back);
  document.addEventListener("visibilitychange", look);
  setInterval(look, EVERY);
})();
