// The template picker beyond htmx: what was typed is offered as a value, the bubble is there at once, focus has a place.

import { $, all, bubbleOf, here, isOurs, messageOf, onClick, onHtmx, onSwap, toEnd } from "./dom.js";
import { draftOf, saveDraft } from "./drafts.js";

const draft = () => draftOf(here()).trim();
const isFill = (element) => element?.id === "template-picker" && element.matches("form");

// A form that has just been put there: its first gap is where the hand goes, once. Another piece's swap may be told
// of before the one that brought it.
function prepare(asked, led = asked) {
  const form = $("form#template-picker:not([data-led])");
  if (!form) return;
  if (led) form.dataset.led = "";
  for (const button of all("[data-use-draft]", form)) button.hidden = !draft();
  const inputs = all(".template-value", form);
  const gap = inputs.find((input) => input.getAttribute("aria-invalid")) || inputs.find((input) => !input.value);
  if (asked) (gap || $(".picker-send", form)).focus();
}

function closePicker() {
  const none = document.createElement("div");
  none.id = "template-picker";
  none.hidden = true;
  $("#template-picker").replaceWith(none);
  $("#composer-text")?.focus();
}

function useDraft(button) {
  const input = $(`#${CSS.escape(button.dataset.useDraft)}`);
  input.value = draft().replace(/\s+/g, " ");
  input.form.dataset.usedDraft = draft();
  input.dispatchEvent(new Event("input", { bubbles: true })); // htmx asks for the preview as if it were typed.
  input.focus();
}

// Enter sends nothing here, to a client or to WhatsApp: it goes to the next field, and stays in the last one.
function pressed(event) {
  const field = event.target, form = field.closest?.("[data-enter=next]");
  if (event.key !== "Enter" || event.isComposing || event.keyCode === 229 || !form || !field.matches("input")) return;
  event.preventDefault();
  const fields = all("input:not([type=hidden]), textarea, select", form);
  fields[fields.indexOf(field) + 1]?.focus();
}

function typed({ target }) {
  // What is missing is marked while it is missing.
  const pill = target.matches?.(".template-value") && $(".pill", target.closest(".picker-field"));
  if (pill) pill.hidden = Boolean(target.value.trim());
  // What was wrong with a field of a new template is not said of what is written there now.
  if (!target.closest?.("#new-template")) return;
  target.removeAttribute("aria-invalid");
  for (const error of target.closest(".form-field, fieldset")?.querySelectorAll(":scope > .error") ?? []) error.remove();
}

// ---- Sending.

const isSend = (ctx) => isFill(ctx.sourceElement) && ctx.request.method === "POST";

function showBubble(ctx) {
  if (!isSend(ctx)) return;
  const form = ctx.sourceElement, messages = $("#messages"), key = form.elements.key.value;
  $(".picker-lost", form).hidden = true;
  // Of a message whose answer was lost the poll may have brought the bubble already.
  if (!messages || bubbleOf(key) || messageOf(key)) return;
  const bubble = document.createElement("li");
  bubble.classList.add("msg", "out", "pending");
  bubble.dataset.pending = key;
  bubble.append($("#template-preview .said", form).cloneNode(true));
  messages.append(bubble);
  toEnd(messages.closest(".thread"));
}

// The same key sends nothing twice, so where no answer tells, the form stays as it is to be sent again.
function lost(ctx) {
  bubbleOf(ctx.request.body.get("key"))?.remove();
  $(".picker-lost", ctx.sourceElement).hidden = false;
}

function answered(ctx) {
  if (!isSend(ctx)) return;
  const { status, headers } = ctx.response, form = ctx.sourceElement;
  if (!isOurs(headers) || (status >= 500 && !ctx.text.includes('id="template-picker"'))) { // A proxy's words, and no form.
    ctx.hx.reswap = "none";
    return lost(ctx);
  }
  if (status >= 400) return bubbleOf(ctx.request.body.get("key"))?.remove();
  // Sent: the thread brings the message itself and takes the bubble away; words that became a value are no draft.
  if (!draft() || form.dataset.usedDraft !== draft()) return;
  saveDraft("", here());
  const kept = $("[data-draft-kept]");
  if (kept) kept.hidden = true;
}

function swapped(ctx) {
  prepare(Boolean(ctx?.sourceElement?.closest?.("#template-picker")) || ctx?.target?.id === "template-picker");
  const search = ctx?.sourceElement?.matches?.("[data-templates], .picker-head a") && $("#template-picker input[type=search]");
  if (search) search.focus();
}

export function init() {
  onClick({ "[data-close-picker]": closePicker, "[data-use-draft]": useDraft });
  document.addEventListener("keydown", pressed);
  document.addEventListener("input", typed);
  onHtmx("config:request", showBubble);
  onHtmx("after:request", answered);
  onHtmx("finally:request", (ctx) => { if (isSend(ctx) && !ctx.response?.status) lost(ctx); });
  onSwap(swapped);
  document.addEventListener("DOMContentLoaded", () => prepare(false, true));
}
