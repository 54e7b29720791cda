// The template picker beyond htmx: what was typed is offered as a value, the bubble is there at once, focus has a place.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const draftName = () => `draft:${document.body.dataset.user}:${$("#conversation")?.dataset.conversation}`;
  const draft = () => (localStorage.getItem(draftName()) || "").trim();
  const bubbleOf = (key) => $(`[data-pending="${CSS.escape(key)}"]`);
  const isFill = (element) => element?.id === "template-picker" && element.matches("form");

  // A form that has just been put there: its first gap is where the hand goes, once. Another piece's swap may be told
  // of before the one that brought it.
  function prepare(asked, led = asked) {
    const form = $("form#template-picker:not([data-led])");
    if (!form) return;
    if (led) form.dataset.led = "";
    for (const button of form.querySelectorAll("[data-use-draft]")) button.hidden = !draft();
    const inputs = [...form.querySelectorAll(".template-value")];
    const gap = inputs.find((input) => input.getAttribute("aria-invalid")) || inputs.find((input) => !input.value);
    if (asked) (gap || $(".picker-send", form)).focus();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-picker]")) {
      const none = document.createElement("div");
      none.id = "template-picker";
      none.hidden = true;
      $("#template-picker").replaceWith(none);
      $("#composer-text")?.focus();
    }
    const use = event.target.closest("[data-use-draft]");
    if (use) {
      const input = document.getElementById(use.dataset.useDraft);
      input.value = draft().replace(/\s+/g, " ");
      input.form.dataset.usedDraft = draft();
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.focus();
    }
  });

  // Enter sends nothing here, to a client or to WhatsApp: it goes to the next field, and stays in the last one.
  document.addEventListener("keydown", (event) => {
    const field = event.target, form = field.closest?.("[data-enter=next]");
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229 || !form || !field.matches("input")) return;
    event.preventDefault();
    const fields = [...form.querySelectorAll("input:not([type=hidden]), textarea, select")];
    fields[fields.indexOf(field) + 1]?.focus();
  });

  // What is missing is marked while it is missing.
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.(".template-value")) return;
    const pill = $(".pill", event.target.closest(".picker-field"));
    if (pill) pill.hidden = Boolean(event.target.value.trim());
  });

  // What was wrong with a field of a new template is not said of what is written there now.
  document.addEventListener("input", ({ target }) => {
    if (!target.closest?.("#new-template")) return;
    target.removeAttribute("aria-invalid");
    for (const error of target.closest(".form-field, fieldset")?.querySelectorAll(":scope > .error") ?? []) error.remove();
  });

  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (!isFill(ctx.sourceElement) || ctx.request.method !== "POST") return;
    const form = ctx.sourceElement, messages = $("#messages"), key = form.elements.key.value;
    $(".picker-lost", form).hidden = true;
    // Of a message whose answer was lost the poll may have brought the bubble already.
    if (!messages || bubbleOf(key) || $(`[data-sent-as="${CSS.escape(key)}"]`, messages)) return;
    const bubble = document.createElement("li");
    bubble.classList.add("msg", "out", "pending");
    bubble.dataset.pending = key;
    bubble.append($("#template-preview .said", form).cloneNode(true));
    messages.append(bubble);
    const thread = messages.closest(".thread");
    thread.scrollTop = thread.scrollHeight;
  });

  const isSend = (ctx) => isFill(ctx.sourceElement) && ctx.request.method === "POST";

  // The same key sends nothing twice, so where no answer tells, the form stays as it is to be sent again.
  function lost(ctx) {
    bubbleOf(ctx.request.body.get("key"))?.remove();
    $(".picker-lost", ctx.sourceElement).hidden = false;
  }

  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (!isSend(ctx)) return;
    const { status, headers } = ctx.response, form = ctx.sourceElement, ours = headers.has("Content-Security-Policy");
    if (!ours || (status >= 500 && !ctx.text.includes('id="template-picker"'))) { // A proxy's words, and no form.
      ctx.hx.reswap = "none";
      return lost(ctx);
    }
    if (status >= 400) return bubbleOf(ctx.request.body.get("key"))?.remove();
    // Sent: the thread brings the message itself and takes the bubble away; words that became a value are no draft.
    if (!draft() || form.dataset.usedDraft !== draft()) return;
    localStorage.removeItem(draftName());
    const kept = $("[data-draft-kept]");
    if (kept) kept.hidden = true;
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (isSend(ctx) && !ctx.response?.status) lost(ctx);
  });

  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    prepare(Boolean(ctx?.sourceElement?.closest?.("#template-picker")) || ctx?.target?.id === "template-picker");
    const search = ctx?.sourceElement?.matches?.("[data-templates], .picker-head a") && $("#template-picker input[type=search]");
    if (search) search.focus();
  });
  document.addEventListener("DOMContentLoaded", () => prepare(false, true));
})();
