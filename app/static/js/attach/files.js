// What a file is, and how it becomes one that WhatsApp takes.

// ---- By its first bytes. The server looks again and decides; this is the word at once.

const starts = (bytes, text, at = 0) => [...text].every((letter, index) => bytes[at + index] === letter.charCodeAt(0));

/** @type {[RegExp, string][]} */
const BRANDS = [[/^(hei[cfsx]|hev[cmx]|mif1|msf1)/, "image/heic"], [/^avi[fs]/, "image/avif"], [/^qt/, "video/quicktime"],
  [/^M4[AB]/, "audio/mp4"], [/^3g/, "video/3gpp"]];

export function typeOf(bytes, file) {
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

// What WhatsApp never takes.
const NEVER = /^(image\/gif|image\/svg|video\/(webm|quicktime|3gpp)|text\/html|application\/(x-msdownload|javascript))/;

// Of the other kinds WhatsApp shows no words.
export const hasCaption = (type) => /^(image\/(jpeg|png)|video\/)/.test(type);

// ---- Pictures, made smaller: upright, without the place where they were taken, and light enough for WhatsApp.

const MB = 1e6, SIDE = 2048, GOOD_SIZE = MB, AS_IT_IS = MB / 2, STICKER_SIDE = 512, STICKER_SIZE = MB / 2, HEAD = 65536;

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

// Make of the file what can be sent, or throw the sentence that says why it cannot.
export async function prepare(item) {
  const bytes = new Uint8Array(await item.file.slice(0, HEAD).arrayBuffer());
  item.type = typeOf(bytes, item.file);
  if (!item.file.size) throw new Error(item.says.empty);
  if (NEVER.test(item.type)) throw new Error(item.says.unsupported);
  if (item.type.startsWith("image/")) await shrink(item, bytes);
  if (item.blob.size > Number(item.says.largest)) throw new Error(item.says.large);
  if (item.type.startsWith("image/")) item.preview = URL.createObjectURL(item.blob);
}
