// Enter in the composer. With a keyboard it sends and Shift+Enter breaks the line, as in every chat of a desktop. On glass
// it breaks the line and the button sends, as in WhatsApp itself: a phone's keyboard has no Shift+Enter, and a thumb that
// wants a new line must not send half a message. Ctrl or Cmd with Enter sends on both.
(() => {
  "use strict";

  // The first pointer tells a phone or a tablet from a laptop whose screen can be touched as well; a fine one beside it
  // (a mouse, the pad of a tablet's keyboard) means that it stands on a desk. Widths and names of browsers tell neither.
  // A pen is fine too, and phones have pens; but where the key was on the glass, it has no place on a keyboard (`code`).
  const touch = matchMedia("(pointer: coarse)"), precise = matchMedia("(any-pointer: fine)");
  const onGlass = (event) => touch.matches && (!precise.matches || event?.code === "");

  // While an input method composes, Enter chooses a word. Safari says so only by the number 229: it ends the composing
  // first, and then tells of the key.
  const composes = (event) => event.isComposing || event.keyCode === 229;

  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "composer-text" || event.key !== "Enter" || composes(event)) return;
    const always = event.ctrlKey || event.metaKey;
    if (!always && (event.shiftKey || event.altKey || onGlass(event))) return;
    event.preventDefault();
    if (!event.repeat) event.target.form.requestSubmit();
  });

  // What the key of a phone's keyboard says.
  function hint() {
    const text = document.getElementById("composer-text");
    if (text) text.enterKeyHint = onGlass() ? "enter" : "send";
  }

  document.addEventListener("htmx:after:swap", hint);
  document.addEventListener("DOMContentLoaded", hint);
  for (const kind of [touch, precise]) kind.addEventListener("change", hint);
})();
