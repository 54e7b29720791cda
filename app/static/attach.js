// Files in the composer: picked, pasted, dropped or photographed; made smaller, uploaded in parts while the words are
// being written, and sent one by one in their order. A file leaves the tray when its message is there, not before.
(() => {
  "use strict";

  const MB = 1e6, LARGEST = 16 * MB, MOST = 10, SIDE = 2048, GOOD_SIZE = MB, AS_IT_IS = MB / 2, PATIENCE = 60000, PART_PATIENCE = 240000;
  const STICKER_SIDE = 512, STICKER_SIZE = MB / 2, SHOWN = [300, 340];
  const $ = (selector, root = document) => root.querySelector(selector);
  const here = () => $("#conversation")?.dataset.conversation;
  const tray = () => $("#attachments");
  const words = (name) => tray()?.dataset[name] ?? "";
  const csrf = () => $("#composer-form")?.elements.csrf_token.value ?? $("input[name=csrf_token]").value;

  const items = []; // Every file that is not a message yet, in order; `sending` once it has left the tray.
  const inTray = () => items.filter((item) => item.conversation === here() && !item.sending);
  const captioned = (item) => /^(image\/(jpeg|png)|video\/)/.test(item.type);

  // ---- What a file is, by its first bytes. The server looks again and decides; this is the word at once.

  const starts = (bytes, text, at = 0) => [...text].every((letter, index) => bytes[at + index] === letter.charCodeAt(0));

  const BRANDS = [[/^(hei[cfsx]|hev[cmx]|mif1|msf1)/, "image/heic"], [/^avi[fs]/, "image/avif"], [/^qt/, "video/quicktime"],
    [/^M4[AB]/, "audio/mp4"], [/^3g/, "video/3gpp"]];

  function typeOf(bytes, file) {
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return "image/jpeg";
    if (starts(bytes, "\x89PNG")) return "image/png";
    if (starts(bytes, "RIFF") && starts(bytes, "WEBP", 8)) return "image/webp";
    if (starts(bytes, "GIF8")) return "image/gif";
    if (starts(bytes, "BM") && file.type === "image/bmp") return "image/bmp";
    if (starts(bytes, "ftyp", 4)) {
      const brand = String.fromCharCode(...bytes.slice(8, 12));
      return BRANDS.find(([form]) => form.test(brand))?.[1] ?? "video/mp4";
    }
    if (starts(bytes, "%PDF")) return "application/pdf";
    if (starts(bytes, "OggS")) return "audio/ogg";
    if (starts(bytes, "#!AMR")) return "audio/amr";
    if (starts(bytes, "ID3") || (bytes[0] === 0xff && bytes[1] >= 0xe0)) return "audio/mpeg";
    if (starts(bytes, "BEGIN:VCARD")) return "text/vcard";
    if (starts(bytes, "\x1a\x45\xdf\xa3")) return "video/webm";
    if (starts(bytes, "MZ")) return "application/x-msdownload";
    if (starts(bytes, "<") || starts(bytes, "\xef\xbb\xbf<")) return "text/html";
    return file.type || "application/octet-stream";
  }

  const NEVER = /^(image\/gif|image\/svg|video\/(webm|quicktime|3gpp)|text\/html|application\/(x-msdownload|javascript))/;

  // ---- Pictures, made smaller: upright, without the place where they were taken, and light enough for WhatsApp.

  async function paint(bitmap, type, quality) {
    const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    if (type === "image/jpeg") { pen.fillStyle = "#fff"; pen.fillRect(0, 0, canvas.width, canvas.height); }
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => { canvas.toBlob(done, type, quality); });
  }

  const hasExif = (bytes) => new TextDecoder("latin1").decode(bytes).includes("Exif\0\0");

  async function shrink(item, bytes) {
    const { file, type } = item;
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
    if (!bitmap) throw new Error(item.says.unreadable);
    item.shape = [bitmap.width, bitmap.height];
    const fits = Math.max(bitmap.width, bitmap.height) <= SIDE;
    const sticker = type === "image/webp" && bitmap.width === STICKER_SIDE && bitmap.height === STICKER_SIDE;
    if (sticker && file.size <= STICKER_SIZE) return;
    if (type === "image/png" && fits && file.size <= GOOD_SIZE) return;
    if (type === "image/jpeg" && fits && file.size <= AS_IT_IS && !hasExif(bytes)) return;
    let small = type === "image/png" ? await paint(bitmap, "image/png") : null;
    for (const quality of [0.85, 0.75, 0.65]) {
      if (small && small.size <= GOOD_SIZE) break;
      small = await paint(bitmap, "image/jpeg", quality);
    }
    bitmap.close();
    item.blob = small;
    item.type = small.type;
    item.name = item.name.replace(/\.[^.]*$/, "") + (small.type === "image/png" ? ".png" : ".jpg");
  }

  async function prepare(item) {
    const bytes = new Uint8Array(await item.file.slice(0, 65536).arrayBuffer());
    item.type = typeOf(bytes, item.file);
    if (!item.file.size) throw new Error(item.says.empty);
    if (NEVER.test(item.type)) throw new Error(item.says.unsupported);
    if (item.type.startsWith("image/")) await shrink(item, bytes);
    if (item.blob.size > LARGEST) throw new Error(item.says.large);
    if (item.type.startsWith("image/")) item.preview = URL.createObjectURL(item.blob);
  }

  // ---- Upload: in parts, which are kept by the server, so that what broke off goes on where it was.

  class Broken extends Error {} // The network, or the server for now: the same again can help.

  function request(item, method, url, body, type, onProgress) {
    return new Promise((done, fail) => {
      const asking = new XMLHttpRequest();
      item.asking = asking;
      asking.open(method, url);
      asking.timeout = PART_PATIENCE;
      asking.setRequestHeader("X-CSRF-TOKEN", csrf()); // Of now: somebody may have signed in again since.
      if (type) asking.setRequestHeader("Content-Type", type);
      asking.upload.onprogress = (event) => onProgress?.(event.loaded);
      asking.onerror = asking.ontimeout = () => fail(new Broken(item.says.offline));
      asking.onabort = () => fail(new DOMException("", "AbortError"));
      asking.onload = () => {
        const { status } = asking;
        const said = /json/.test(asking.getResponseHeader("Content-Type")) ? JSON.parse(asking.responseText) : null;
        if (status >= 200 && status < 300 && (said || status === 204)) return done(said);
        if (status === 401 || status === 403 || (status < 300 && !said)) return fail(new Broken(item.says.session));
        if (status >= 500 || status === 429) return fail(new Broken(said?.detail || item.says.offline));
        fail(Object.assign(new Error(Object.values(said?.errors ?? {})[0] || said?.detail || item.says.unsupported), { status }));
      };
      asking.send(body);
    });
  }

  async function upload(item) {
    const { blob } = item;
    const json = (value) => [JSON.stringify(value), "application/json"];
    if (!item.upload) {
      const begun = await request(item, "POST", item.uploads, ...json({ filename: item.name, size: blob.size }));
      item.upload = { url: `${item.uploads}/${begun.id}`, bytes: begun.part_bytes, next: 0 };
    }
    const { url, bytes } = item.upload;
    for (; item.upload.next * bytes < blob.size; item.upload.next += 1) {
      const at = item.upload.next * bytes;
      await request(item, "PUT", `${url}/parts/${item.upload.next}`, blob.slice(at, at + bytes), "application/octet-stream",
        (loaded) => { item.done = Math.min(at + loaded, blob.size) / blob.size; showProgress(item); });
    }
    item.media = await request(item, "POST", `${url}/finish`, ...json({}));
  }

  // One after the other: on a venue's network, two at once both arrive late.
  let line = Promise.resolve();

  function ready(item) {
    item.state = "waiting";
    item.ready = line = line.then(async () => {
      if (item.dropped) return;
      item.state = "working";
      show(item);
      try {
        if (!item.prepared) { await prepare(item); item.prepared = true; draw(); }
        await upload(item);
        item.state = "ready";
      } catch (error) {
        if (item.dropped) return;
        if (error.status === 404) item.upload = null; // It was too long ago, and swept away.
        item.state = error instanceof Broken || error.status === 404 ? "broken" : "refused";
        item.error = error.message || item.says.offline;
      }
      show(item);
    });
  }

  function retry(item) {
    if (item.state === "broken") ready(item);
    show(item);
    if (item.sending) run(item.conversation);
  }

  // ---- The tray.

  const size = (bytes) => new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1, style: "unit",
    unit: bytes < MB / 10 ? "kilobyte" : "megabyte" }).format(bytes / (bytes < MB / 10 ? 1000 : MB));

  function add(files) {
    if (!tray() || !files.length) return;
    const free = MOST - inTray().length, form = $("#composer-form");
    note(files.length > free ? words("many") : "");
    for (const file of [...files].slice(0, Math.max(0, free))) {
      const item = { file, blob: file, name: file.name || "foto.png", type: file.type, conversation: here(), done: 0,
        key: crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint32Array(4))].join("-"),
        action: form.action, uploads: tray().dataset.uploads, says: { ...tray().dataset } };
      items.push(item);
      ready(item);
    }
    draw();
    $("#composer-text").focus();
  }

  function drop(item) {
    item.dropped = true;
    item.asking?.abort();
    if (item.preview) URL.revokeObjectURL(item.preview);
    items.splice(items.indexOf(item), 1);
    item.row?.remove();
    item.bubble?.remove();
    draw();
  }

  function rowOf(item) {
    if (!item.row) {
      item.row = $("#tray-item").content.firstElementChild.cloneNode(true);
      const remove = $("[data-remove-file]", item.row);
      remove.title = words("remove").replace("#", item.name);
      remove.setAttribute("aria-label", remove.title);
      item.row.item = item;
    }
    return item.row;
  }

  function bubbleOf(item) {
    if (!item.bubble) {
      item.bubble = $("#pending-file").content.firstElementChild.cloneNode(true);
      item.bubble.dataset.pending = item.key;
      item.bubble.item = item;
      $(".text", item.bubble).textContent = item.caption;
      $(".text", item.bubble).hidden = !item.caption;
    }
    return item.bubble;
  }

  function showPicture(item, place) {
    const picture = $("img", place);
    picture.hidden = !item.preview;
    $(".icon", place).toggleAttribute("hidden", Boolean(item.preview));
    if (item.preview && picture.getAttribute("src") !== item.preview) picture.src = item.preview;
  }

  // As large as the message will show it, so that nothing moves when it comes.
  function showPreview(item) {
    const large = $(".large", item.bubble);
    $(".attachment", item.bubble).hidden = Boolean(item.preview);
    if (!item.preview || !large.hidden) return;
    const [width, height] = item.shape, scale = Math.min(SHOWN[0] / width, SHOWN[1] / height, 1);
    Object.assign(large, { src: item.preview, width: Math.round(width * scale), height: Math.round(height * scale), hidden: false });
  }

  function showProgress(item) {
    for (const place of [item.row, item.bubble]) if (place) $("progress", place).value = item.done;
  }

  function show(item) {
    const symbol = item.type.startsWith("audio/") ? "music" : item.type.startsWith("video/") ? "film" : "file";
    for (const place of [item.row, item.bubble]) {
      if (!place) continue;
      $(".thumb use", place).setAttribute("href", `#i-${symbol}`);
      showPicture(item, $(".thumb", place));
      $(".name", place).textContent = item.name;
      const wrong = item.state === "broken" || item.state === "refused";
      $(".size", place).textContent = item.prepared || wrong ? size(item.blob.size) : item.says.preparing;
      $("progress", place).hidden = wrong || item.state === "ready";
      $(".failed", place).hidden = !wrong;
      $(".failed span", place).textContent = wrong ? item.error : "";
      $("[data-retry-file]", place).hidden = item.state !== "broken";
    }
    item.bubble?.classList.toggle("pending", item.state !== "broken");
    if (item.bubble) {
      showPreview(item);
      $(".tick", item.bubble).hidden = item.state === "broken";
      $("[data-take-back]", item.bubble).hidden = Boolean(item.posted);
    }
    showProgress(item);
    guide();
  }

  // What the words will be: a caption where WhatsApp has one, a message of their own after the file where it has none.
  function guide() {
    const text = $("#composer-text"), mine = inTray().filter((item) => item.state !== "refused");
    if (!text) return;
    text.dataset.plain ??= text.placeholder;
    text.dataset.name ??= text.getAttribute("aria-label");
    const says = mine.length && (!mine.some(captioned) ? words("after") : mine.length > 1 ? words("first") : words("caption"));
    text.placeholder = says || text.dataset.plain;
    text.setAttribute("aria-label", says || text.dataset.name);
  }

  function draw() {
    if (!tray()) return;
    const list = $("ul", tray()), mine = inTray();
    const ended = $("#thread") && $("#thread").scrollHeight - $("#thread").scrollTop - $("#thread").clientHeight < 80;
    const rows = mine.map(rowOf);
    if (rows.length !== list.children.length || rows.some((row, at) => row !== list.children[at])) list.replaceChildren(...rows);
    tray().hidden = !mine.length;
    for (const item of items.filter((one) => one.conversation === here() && one.sending)) {
      const told = $(`#messages [data-sent-as="${CSS.escape(item.key)}"]`);
      if (told && item.state === "broken") settle(item);
      else if (!told && !bubbleOf(item).isConnected) $("#messages").append(item.bubble);
    }
    items.forEach(show);
    guide();
    if (ended) $("#thread").scrollTop = $("#thread").scrollHeight;
  }

  function note(sentence) {
    const place = $("#composer-note");
    if (!sentence) return place?.querySelector("[data-of-files]")?.remove();
    const said = $("#tray-note").content.firstElementChild.cloneNode(true);
    $("span", said).textContent = sentence;
    place.replaceChildren(said);
  }

  // ---- Sending. Each file has its key from the beginning: whatever is asked twice is one message.

  function write(text) {
    const area = $("#composer-text");
    if (!area) return;
    area.value = text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function depart(text, anyway) {
    const mine = inTray();
    const bad = mine.find((item) => item.state === "refused");
    if (bad) { note(words("takeOut")); $("[data-remove-file]", bad.row).focus(); return; }
    const first = mine.find(captioned);
    const known = $("#composer-form").elements.known.value;
    mine.forEach((item) => { item.sending = true; item.caption = item === first ? text : ""; item.known = anyway || known; });
    if (!first && text) mine.at(-1).afterwards = text;
    note("");
    write("");
    draw();
    $("#thread").scrollTop = $("#thread").scrollHeight;
    run(here());
  }

  const running = new Set();

  async function run(conversation) {
    if (running.has(conversation)) return;
    running.add(conversation);
    try {
      for (let item; (item = items.find((one) => one.conversation === conversation && one.sending));) {
        await item.ready;
        if (item.dropped || !item.sending) continue;
        if (item.state === "refused") { giveBack(item, null); continue; }
        if (item.state !== "ready" || !(await post(item))) break;
      }
    } finally {
      running.delete(conversation);
    }
  }

  // Return whether to go on with the next one.
  async function post(item) {
    const body = new URLSearchParams({ key: item.key, media_id: item.media.id, body: item.caption, csrf_token: csrf() });
    body.set("known", item.known ?? "");
    const headers = { "HX-Request": "true", "X-CSRF-TOKEN": csrf() };
    item.posted = true;
    show(item);
    const answer = await fetch(item.action, { method: "POST", headers, body, signal: AbortSignal.timeout(PATIENCE) }).catch(() => null);
    const text = answer && await answer.text().catch(() => null);
    const status = text === null ? 0 : answer.status;
    if (!status || status >= 500 || [401, 403, 429].includes(status)) {
      // It may be there all the same: only the same key can tell.
      const why = status === 401 || status === 403 ? item.says.session : item.says.noAnswer;
      Object.assign(item, { state: "broken", error: why });
      show(item);
      return false;
    }
    if (answer.ok) arrived(item, text); else giveBack(item, text);
    dispatchEvent(new Event("focus")); // Which polls: the list and the counts learn of it.
    return answer.ok;
  }

  const swap = (item, text) => here() === item.conversation && htmx.swap({ sourceElement: document.body, target: document.body, swap: "none", text });

  // Words that follow a file go the way of all words, in outbox.js; those that did not go, into their draft.
  const tell = (name, { conversation, known }, text) => document.dispatchEvent(new CustomEvent(name, { detail: { conversation, text, known } }));
  const say = (item, text) => tell("say", item, text);
  const keepWords = (item, text) => tell("keep-words", item, text);

  function arrived(item, text) {
    swap(item, text);
    drop(item);
    if (item.afterwards) say(item, item.afterwards);
  }

  // Its answer was lost, and the poll brought the message: that is an answer too.
  function settle(item) {
    drop(item);
    if (item.afterwards) say(item, item.afterwards);
    run(item.conversation);
  }

  // Refused: the files that did not go are in the tray again, and the words where they were written.
  function giveBack(item, text) {
    const back = items.filter((one) => one.conversation === item.conversation && one.sending);
    const said = back.map((one) => one.caption || one.afterwards).filter(Boolean);
    for (const one of back) {
      one.bubble?.remove();
      Object.assign(one, { sending: false, posted: false, bubble: null, caption: "", afterwards: "" });
    }
    const area = here() === item.conversation && $("#composer-text");
    if (area) {
      area.dataset.begun = ""; // It was written before what is here now came.
      write([...said, area.value].filter(Boolean).join("\n"));
    } else if (said.length) keepWords(item, said.join("\n"));
    if (text) swap(item, text);
    draw();
  }

  // ---- What people do.

  const ours = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files") && $("#composer-form") && tray();
  const picker = (button) => $(`#${button.dataset.attach}`);
  const of = (button) => button.closest("li").item;

  const clicks = {
    "[data-attach]": (button) => picker(button).click(),
    "[data-remove-file]": (button) => { drop(of(button)); $("#composer-text").focus(); },
    "[data-retry-file]": (button) => {
      const item = of(button);
      if (item.media) item.state = "ready";
      retry(item);
    },
    "[data-take-back]": (button) => giveBack(of(button), null),
  };

  document.addEventListener("click", (event) => {
    for (const [selector, act] of Object.entries(clicks)) {
      const found = event.target.closest(selector);
      if (found) return act(found);
    }
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches("input[data-picker]")) return;
    add([...event.target.files]);
    event.target.value = "";
  });

  document.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    // A table or a paragraph comes with a picture of itself: the words are what was meant.
    if (event.target.id !== "composer-text" || !files.length || (types.includes("text/plain") && types.includes("text/html"))) return;
    event.preventDefault();
    add([...files]);
  });

  let away = 0;
  document.addEventListener("dragover", (event) => {
    if (!ours(event)) return;
    event.preventDefault();
    clearTimeout(away);
    away = setTimeout(() => $("#conversation")?.removeAttribute("data-drop"), 300); // No event says that the hand has left.
    $("#conversation").dataset.drop = words("drop");
  });
  document.addEventListener("drop", (event) => {
    if (!ours(event)) return;
    event.preventDefault();
    clearTimeout(away);
    $("#conversation").removeAttribute("data-drop");
    add([...event.dataTransfer.files]);
  });

  // Before app.js and htmx: without files in the tray, everything is theirs.
  addEventListener("submit", (event) => {
    if (event.target.id !== "composer-form" || !inTray().length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const text = $("#composer-text");
    if (text.value.length > Number(text.dataset.limit)) text.focus(); else depart(text.value.trim(), event.submitter?.name === "anyway" && event.submitter.value);
  }, true);

  function retryAll() {
    for (const item of [...items]) {
      if (item.state !== "broken") continue;
      if (item.media) item.state = "ready";
      retry(item);
    }
  }

  addEventListener("online", retryAll);
  for (const name of ["network-back", "session-renewed"]) document.addEventListener(name, retryAll);
  addEventListener("beforeunload", (event) => { if (items.length) event.preventDefault(); });
  document.addEventListener("htmx:after:swap", draw);
})();
